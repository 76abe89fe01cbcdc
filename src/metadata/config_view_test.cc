#include "metadata/config_view.h"

#include <fmt/format.h>
#include <algorithm>

#include "metadata/controller_testing.h"

#include "base/testing.h"

namespace millrace::metadata {
namespace {

using testing::code_of;
using testing::settings_with;
using testing::TestCluster;
using enum ConfigResourceType;

kafka::DescribeConfigsResponse::Resource describe(TestCluster& c, ConfigResourceType type,
                                                  std::string_view name,
                                                  std::vector<std::string_view> keys = {}) {
  kafka::DescribeConfigsRequest::Resource resource{static_cast<int8_t>(type), name,
                                                   c.arena.copy_array(keys)};
  const kafka::DescribeConfigsRequest request{
      .resources = {&resource, 1}, .include_synonyms = true, .include_documentation = true};
  return describe_configs(request, c.image(), c.settings, BrokerId(1), c.arena).results[0];
}

// "value source type ro/rw sensitive | synonym=value/source ..." with Kafka's numbers.
std::string shown(TestCluster& c, ConfigResourceType type, std::string_view resource,
                  std::string_view name) {
  const auto result = describe(c, type, resource, {name});
  if (result.error_code != 0) return std::string(*result.error_message);
  if (result.configs.empty()) return "not listed";
  const auto& config = result.configs[0];
  std::string text = fmt::format(
      "{} {} {} {}{} |", config.value.value_or("null"), config.config_source, config.config_type,
      config.read_only ? "ro" : "rw", config.is_sensitive ? " sensitive" : "");
  for (const auto& synonym : config.synonyms) {
    text += fmt::format(" {}={}/{}", synonym.name, synonym.value.value_or("null"), synonym.source);
  }
  return text;
}

Settings recorded_settings() {
  Settings settings;
  for (const auto& [name, value] : std::vector<std::pair<std::string_view, std::string_view>>{
           {"process.roles", "broker,controller"},
           {"node.id", "1"},
           {"log.retention.hours", "48"},
           {"log.dirs", "/data"},
           {"ssl.keystore.password", "secret"}}) {
    REQUIRE(settings.set(SettingLayer::kFile, name, value, "file"));
  }
  settings.set_unchecked(SettingLayer::kFile, "my.custom.key", "hello", "file");
  return settings;
}

// A cluster as in a recording of Apache Kafka 4.3.1, whose answers the tests expect.
struct Recorded : TestCluster {
  Recorded() : TestCluster(1, 1, recorded_settings()) {
    create("orders", 3, 1, {{"retention.ms", "1000"}, {"cleanup.policy", "compact,delete"}});
    create("plain");
    alter(kBroker, "", "log.cleaner.backoff.ms", "14000");
    alter(kBroker, "", "message.max.bytes", "2000000");
    alter(kBroker, "1", "message.max.bytes", "3000000");
    alter(kBroker, "1", "listener.name.plaintext.ssl.client.auth", "none");
    alter(kGroup, "g", "consumer.session.timeout.ms", "50000");
  }
};

TEST_CASE("a broker's configs are Kafka's: own value, source, synonyms in order of strength") {
  Recorded c;
  const auto broker = [&](std::string_view name) { return shown(c, kBroker, "1", name); };
  CHECK(broker("message.max.bytes") ==
        "3000000 2 3 rw | message.max.bytes=3000000/2 message.max.bytes=2000000/3 "
        "message.max.bytes=1048588/5");
  CHECK(broker("log.cleaner.backoff.ms") ==
        "14000 3 5 rw | log.cleaner.backoff.ms=14000/3 log.cleaner.backoff.ms=15000/5");
  CHECK(broker("log.retention.hours") ==
        "48 4 3 ro | log.retention.hours=48/4 log.retention.hours=168/5");
  CHECK(broker("log.retention.ms") == "null 5 5 rw |");
  CHECK(broker("log.dirs") == "/data 4 7 ro | log.dirs=/data/4");
  CHECK(broker("log.dir") == "/tmp/kafka-logs 5 7 ro | log.dir=/tmp/kafka-logs/5");
  CHECK(broker("broker.rack") == "null 5 2 ro |");
  CHECK(broker("ssl.client.auth") == "none 5 2 rw | ssl.client.auth=none/5");
  CHECK(broker("listener.name.plaintext.ssl.client.auth") ==
        "none 2 2 ro | listener.name.plaintext.ssl.client.auth=none/2 ssl.client.auth=none/5");
  CHECK(broker("log.cleaner.io.max.bytes.per.second") ==
        "1.7976931348623157E308 5 6 rw | "
        "log.cleaner.io.max.bytes.per.second=1.7976931348623157E308/5");
  // Not listed unless they are set:
  CHECK(broker("leader.replication.throttled.rate") == "not listed");
  CHECK(broker("server.max.startup.time.ms") == "not listed");
}

TEST_CASE("what is or may be secret is never shown") {
  Recorded c;
  CHECK(shown(c, kBroker, "1", "ssl.keystore.password") ==
        "null 4 9 rw sensitive | ssl.keystore.password=null/4");
  CHECK(shown(c, kBroker, "1", "my.custom.key") == "null 4 0 ro sensitive | my.custom.key=null/4");
}

TEST_CASE("a topic's configs come from the topic, else from the broker's synonyms") {
  Recorded c;
  CHECK(shown(c, kTopic, "orders", "cleanup.policy") ==
        "compact,delete 1 7 rw | cleanup.policy=compact,delete/1 log.cleanup.policy=delete/5");
  CHECK(shown(c, kTopic, "orders", "retention.ms") == "1000 1 5 rw | retention.ms=1000/1");
  // As in Kafka: the value counts log.retention.hours, the source does not tell.
  CHECK(shown(c, kTopic, "plain", "retention.ms") == "172800000 5 5 rw |");
  CHECK(shown(c, kTopic, "plain", "max.message.bytes") ==
        "3000000 2 3 rw | message.max.bytes=3000000/2 message.max.bytes=2000000/3 "
        "message.max.bytes=1048588/5");
  CHECK(shown(c, kTopic, "plain", "flush.ms") == "9223372036854775807 5 5 rw |");
  CHECK(shown(c, kTopic, "plain", "remote.storage.enable") == "false 5 1 rw |");
  CHECK(shown(c, kTopic, "plain", "internal.segment.bytes") == "not listed");
  CHECK(describe(c, kTopic, "plain").configs.size() == 33);
}

TEST_CASE("a group's configs come from the group, else from the broker") {
  Recorded c;
  CHECK(shown(c, kGroup, "g", "consumer.session.timeout.ms") ==
        "50000 8 3 rw | consumer.session.timeout.ms=50000/8 "
        "group.consumer.session.timeout.ms=45000/5");
  CHECK(shown(c, kGroup, "new", "share.assignment.interval.ms") ==
        "1000 5 3 rw | group.share.assignment.interval.ms=1000/5");
  CHECK(shown(c, kGroup, "g", "share.isolation.level") ==
        "read_uncommitted 5 2 rw | share.isolation.level=read_uncommitted/5");
  CHECK(describe(c, kGroup, "g").configs.size() == 17);
}

TEST_CASE("the default for all brokers shows only what is set there") {
  Recorded c;
  const auto all = describe(c, kBroker, "");
  REQUIRE(all.configs.size() == 2);
  CHECK(shown(c, kBroker, "", "message.max.bytes") ==
        "2000000 3 3 rw | message.max.bytes=2000000/3");
}

TEST_CASE("a subscription shows what is set, with its own source") {
  TestCluster c;
  c.alter(kClientMetrics, "s", "interval.ms", "500");
  CHECK(shown(c, kClientMetrics, "s", "interval.ms") == "500 7 3 rw |");
  CHECK(describe(c, kClientMetrics, "other").configs.empty());
  CHECK(shown(c, kClientMetrics, "", "x") == "Client metrics subscription name must not be empty");
}

TEST_CASE("documentation and synonyms come only when asked for") {
  Recorded c;
  CHECK(describe(c, kTopic, "plain", {"retention.ms"}).configs[0].documentation ==
        "How long records are kept; -1 keeps them for ever.");
  kafka::DescribeConfigsRequest::Resource resource{2, "orders", std::nullopt};
  const auto bare =
      describe_configs({.resources = {&resource, 1}}, c.image(), c.settings, BrokerId(1), c.arena);
  CHECK(bare.results[0].configs.size() == 33);
  for (const auto& config : bare.results[0].configs) {
    CHECK(config.synonyms.empty());
    CHECK(!config.documentation);
  }
}

TEST_CASE("resources that are not there, or not here, are told apart") {
  TestCluster c;
  const auto code = [&](int8_t type, std::string_view name) {
    return code_of(describe(c, static_cast<ConfigResourceType>(type), name).error_code);
  };
  CHECK(code(2, "none") == Errc::kUnknownTopicOrPartition);
  CHECK(code(2, "a b") == Errc::kInvalidTopicException);
  CHECK(code(4, "2") == Errc::kInvalidRequest);
  CHECK(code(4, "x") == Errc::kInvalidRequest);
  CHECK(code(4, "99999999999") == Errc::kInvalidRequest);
  CHECK(code(8, "1") == Errc::kNone);
  CHECK(code(32, "") == Errc::kInvalidRequest);
  CHECK(code(0, "x") == Errc::kInvalidRequest);
  CHECK(code(77, "x") == Errc::kInvalidRequest);
}

TEST_CASE("file and command line are one source, the command line the stronger") {
  Settings settings = settings_with({{"num.partitions", "2"}});
  REQUIRE(settings.set(SettingLayer::kCommandLine, "num.partitions", "3", "--set"));
  TestCluster c(1, 1, settings);
  CHECK(shown(c, kBroker, "1", "num.partitions") ==
        "3 4 3 ro | num.partitions=3/4 num.partitions=1/5");
  CHECK(shown(c, kBroker, "1", "offsets.topic.replication.factor") ==
        "1 4 4 ro | offsets.topic.replication.factor=1/4 offsets.topic.replication.factor=3/5");
}

TEST_CASE("the answer can be written in every version") {
  Recorded c;
  const auto one = describe(c, kBroker, "1");
  for (int16_t version = kafka::DescribeConfigsResponse::kVersionMin;
       version <= kafka::DescribeConfigsResponse::kVersionMax; ++version) {
    CAPTURE(version);
    auto result = one;
    const kafka::DescribeConfigsResponse response{.results = {&result, 1}};
    Buffer bytes;
    kafka::Writer writer(bytes);
    CHECK(response.encode(writer, version));
  }
}

}  // namespace
}  // namespace millrace::metadata
