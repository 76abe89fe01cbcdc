#include "metadata/controller_testing.h"

#include "base/testing.h"

namespace millrace::metadata {
namespace {

using testing::code_of;
using testing::settings_with;
using testing::TestCluster;
using enum ConfigResourceType;

constexpr int8_t kDelete = 1;
constexpr int8_t kAppend = 2;
constexpr int8_t kSubtract = 3;

struct Answer {
  Errc code;
  std::string message;
};

Answer alter(TestCluster& c, ConfigResourceType type, std::string_view resource,
             std::string_view name, std::optional<std::string_view> value, int8_t operation = 0) {
  const auto response = c.alter(type, resource, name, value, operation);
  return {code_of(response.error_code), std::string(response.error_message.value_or(""))};
}

TEST_CASE("configs are set and deleted one by one") {
  TestCluster c;
  c.create("t", 1, 1, {{"retention.ms", "1"}});
  CHECK(alter(c, kTopic, "t", "segment.ms", "7").code == Errc::kNone);
  CHECK(c.image().topic_config("t") == Config{{"retention.ms", "1"}, {"segment.ms", "7"}});
  CHECK(c.last_delta.configs == std::set<ConfigResource>{{kTopic, "t"}});
  CHECK(alter(c, kTopic, "t", "retention.ms", std::nullopt, kDelete).code == Errc::kNone);
  CHECK(c.image().topic_config("t") == Config{{"segment.ms", "7"}});
  const Offset before = c.next();
  CHECK(alter(c, kTopic, "t", "segment.ms", "7").code == Errc::kNone);
  CHECK(alter(c, kTopic, "t", "flush.ms", std::nullopt, kDelete).code == Errc::kNone);
  CHECK(c.next() == before);  // nothing changed, nothing written
}

TEST_CASE("lists grow and shrink, from their default when they are not set") {
  TestCluster c;
  c.create("t");
  const auto policy = [&] { return c.image().topic_config("t").at("cleanup.policy"); };
  CHECK(alter(c, kTopic, "t", "cleanup.policy", "compact", kAppend).code == Errc::kNone);
  CHECK(policy() == "delete,compact");
  CHECK(alter(c, kTopic, "t", "cleanup.policy", "compact,delete", kAppend).code == Errc::kNone);
  CHECK(policy() == "delete,compact");
  CHECK(alter(c, kTopic, "t", "cleanup.policy", "delete", kSubtract).code == Errc::kNone);
  CHECK(policy() == "compact");
  CHECK(alter(c, kTopic, "t", "cleanup.policy", "compact", kSubtract).code == Errc::kNone);
  CHECK(policy() == "");
  CHECK(alter(c, kTopic, "t", "cleanup.policy", "shred", kAppend).code == Errc::kInvalidConfig);
  CHECK(alter(c, kTopic, "t", "retention.ms", "1", kAppend).message ==
        "Can't APPEND to key retention.ms because its type is not LIST.");
  CHECK(alter(c, kTopic, "t", "retention.ms", "1", 9).message == "Unknown operation type 9");
}

TEST_CASE("a resource changes wholly or not at all") {
  TestCluster c;
  c.create("t");
  std::vector<kafka::IncrementalAlterConfigsRequest::Config> configs{{"retention.ms", 0, "5"},
                                                                     {"segment.ms", 0, "bad"}};
  kafka::IncrementalAlterConfigsRequest::Resource resource{2, "t", configs};
  auto reply =
      c.run(c.controller.incremental_alter_configs({.resources = {&resource, 1}}, c.arena));
  CHECK(code_of(reply.responses[0].error_code) == Errc::kInvalidConfig);
  CHECK(c.image().topic_config("t").empty());
  configs[1].value = "6";
  reply = c.run(c.controller.incremental_alter_configs(
      {.resources = {&resource, 1}, .validate_only = true}, c.arena));
  CHECK(reply.responses[0].error_code == 0);
  CHECK(c.image().topic_config("t").empty());
}

TEST_CASE("malformed requests are told apart, resource by resource") {
  TestCluster c;
  c.create("t");
  c.create("u");
  std::vector<kafka::IncrementalAlterConfigsRequest::Config> good{{"retention.ms", 0, "5"}};
  std::vector<kafka::IncrementalAlterConfigsRequest::Config> twice{{"retention.ms", 0, "5"},
                                                                   {"retention.ms", 0, "6"}};
  std::vector<kafka::IncrementalAlterConfigsRequest::Config> null{{"retention.ms", 0, {}}};
  std::vector<kafka::IncrementalAlterConfigsRequest::Resource> resources{
      {2, "t", good},  {2, "t", good}, {2, "u", twice}, {8, "1", good},
      {77, "x", good}, {2, "v", null}, {0, "", good}};
  const auto reply =
      c.run(c.controller.incremental_alter_configs({.resources = resources}, c.arena));
  REQUIRE(reply.responses.size() == resources.size());
  const auto message = [&](size_t i) { return std::string(*reply.responses[i].error_message); };
  CHECK(message(0) == "Each resource must appear at most once.");
  CHECK(message(1) == "Each resource must appear at most once.");
  CHECK(message(2) == "Error due to duplicate config keys");
  CHECK(message(3) == "Log levels cannot be changed while running.");
  CHECK(message(4) == "Unknown resource type 77");
  CHECK(message(5) == "Null value not supported for : retention.ms");
  CHECK(message(6) == "Unknown resource type 0");
  CHECK(c.image().configs().empty());
}

TEST_CASE("topics must exist, and their settings too") {
  TestCluster c;
  CHECK(alter(c, kTopic, "none", "retention.ms", "1").code == Errc::kUnknownTopicOrPartition);
  CHECK(alter(c, kTopic, "", "retention.ms", "1").message ==
        "Default topic resources are not allowed.");
  CHECK(alter(c, kTopic, "a b", "retention.ms", "1").code == Errc::kInvalidTopicException);
  c.create("t");
  CHECK(alter(c, kTopic, "t", "nonsense", "1").code == Errc::kInvalidConfig);
  CHECK(alter(c, kTopic, "t", "min.compaction.lag.ms", "9223372036854775807").code == Errc::kNone);
  CHECK(alter(c, kTopic, "t", "max.compaction.lag.ms", "5").code == Errc::kInvalidConfig);
}

TEST_CASE("brokers take what can change while they run, for one or for all") {
  TestCluster c;
  CHECK(alter(c, kBroker, "", "message.max.bytes", "2000000").code == Errc::kNone);
  CHECK(alter(c, kBroker, "1", "message.max.bytes", "3000000").code == Errc::kNone);
  const Settings settings = effective_settings(c.settings, c.image(), BrokerId(1));
  CHECK(settings.get<"message.max.bytes">() == 3'000'000);
  CHECK(effective_settings(c.settings, c.image(), BrokerId(2)).get<"message.max.bytes">() ==
        2'000'000);
  CHECK(alter(c, kBroker, "1", "listener.name.plaintext.ssl.client.auth", "none").code ==
        Errc::kNone);
  CHECK(alter(c, kBroker, "", "listener.name.plaintext.max.connections", "9").code == Errc::kNone);

  const auto refusal = [&](std::string_view broker, std::string_view name, std::string_view value) {
    const Answer answer = alter(c, kBroker, broker, name, value);
    CHECK(answer.code == Errc::kInvalidRequest);
    return answer.message;
  };
  CHECK(refusal("", "log.dirs", "x") ==
        "log.dirs cannot be changed while running; set it in the configuration file and restart");
  CHECK(refusal("1", "ssl.keystore.location", "x").find("listener.name.") != std::string::npos);
  CHECK(refusal("", "listener.name.x.ssl.keystore.location", "x").find("name the broker") !=
        std::string::npos);
  CHECK(refusal("", "listeners", "PLAINTEXT://:1").find("name the broker") != std::string::npos);
  CHECK(refusal("", "num.io.threads", "abc") != "");
  CHECK(refusal("", "nonsense", "1") == "there is no broker setting \"nonsense\"");
  CHECK(refusal("1", "log.retention.ms", "0").find("log.retention.ms") != std::string::npos);
  CHECK(refusal("", "log.retention.hours", "5").find("restart") != std::string::npos);
  CHECK(refusal("x", "num.io.threads", "4") == "A broker is named by its number, not \"x\".");
  CHECK(refusal("-1", "num.io.threads", "4") != "");
  CHECK(alter(c, kBroker, "5", "num.io.threads", "4").code == Errc::kBrokerIdNotRegistered);
}

TEST_CASE("a broker's setting is written again although it is the same, to be read again") {
  TestCluster c;
  alter(c, kBroker, "", "num.io.threads", "4");
  const Offset before = c.next();
  alter(c, kBroker, "", "num.io.threads", "4");
  CHECK(c.next() == before + 1);
}

TEST_CASE("a group's settings lie between the broker's bounds") {
  TestCluster c(1, 1, settings_with({{"group.consumer.min.session.timeout.ms", "40000"}}));
  CHECK(alter(c, kGroup, "g", "consumer.session.timeout.ms", "41000").code == Errc::kNone);
  CHECK(alter(c, kGroup, "g", "consumer.session.timeout.ms", "1").message ==
        "consumer.session.timeout.ms is 1, but must be at least 40000, the value of "
        "group.consumer.min.session.timeout.ms");
  CHECK(alter(c, kGroup, "g", "consumer.session.timeout.ms", "60001").code == Errc::kInvalidConfig);
  CHECK(alter(c, kGroup, "g", "streams.num.standby.replicas", "3")
            .message.find("group.streams.max.standby.replicas") != std::string::npos);
  CHECK(alter(c, kGroup, "g", "share.delivery.count.limit", "11").code == Errc::kInvalidConfig);
  CHECK(alter(c, kGroup, "g", "x", "1").code == Errc::kInvalidConfig);
  CHECK(alter(c, kGroup, "", "consumer.session.timeout.ms", "45000").message ==
        "A group needs a name.");
}

TEST_CASE("a client metrics subscription names what it matches") {
  TestCluster c;
  CHECK(alter(c, kClientMetrics, "s", "interval.ms", "100").code == Errc::kNone);
  CHECK(alter(c, kClientMetrics, "s", "match", "client_id=app-.*,client_source_port=1").code ==
        Errc::kNone);
  CHECK(alter(c, kClientMetrics, "s", "match", "client_id").code == Errc::kInvalidRequest);
  CHECK(alter(c, kClientMetrics, "s", "match", "nobody=1").code == Errc::kInvalidRequest);
  CHECK(alter(c, kClientMetrics, "s", "interval.ms", "99").code == Errc::kInvalidRequest);
  CHECK(alter(c, kClientMetrics, "s", "zz", "1").code == Errc::kInvalidRequest);
}

TEST_CASE("the older request replaces all of a resource's configs") {
  TestCluster c;
  c.create("t", 1, 1, {{"retention.ms", "1"}, {"segment.ms", "2"}});
  const auto replace = [&](std::vector<kafka::AlterConfigsRequest::Config> configs,
                           bool validate_only = false) {
    kafka::AlterConfigsRequest::Resource resource{2, "t", configs};
    return c
        .run(c.controller.alter_configs(
            {.resources = {&resource, 1}, .validate_only = validate_only}, c.arena))
        .responses[0];
  };
  CHECK(replace({{"flush.ms", "3"}}, true).error_code == 0);
  CHECK(c.image().topic_config("t").size() == 2);
  CHECK(replace({{"segment.ms", "2"}, {"flush.ms", "3"}}).error_code == 0);
  CHECK(c.image().topic_config("t") == Config{{"flush.ms", "3"}, {"segment.ms", "2"}});
  CHECK(code_of(replace({{"flush.ms", "x"}}).error_code) == Errc::kInvalidConfig);
  CHECK(code_of(replace({{"flush.ms", std::nullopt}}).error_code) == Errc::kInvalidRequest);
  CHECK(replace({}).error_code == 0);
  CHECK(c.image().topic_config("t").empty());
}

}  // namespace
}  // namespace millrace::metadata
