#include <algorithm>
#include <set>

#include "metadata/controller_testing.h"
#include "metadata/topic_name.h"

#include "base/testing.h"

namespace millrace::metadata {
namespace {

using testing::code_of;
using testing::settings_with;
using testing::TestCluster;

std::vector<std::string_view> names_of(const Records& records) {
  std::vector<std::string_view> names;
  for (const Record& record : records) names.push_back(record_name(record));
  return names;
}

TEST_CASE("a topic is created with its configs, its partitions led by a live broker") {
  TestCluster c;
  const auto topic = c.create("orders", 3, 1, {{"retention.ms", "1000"}});
  CHECK(topic.error_code == 0);
  CHECK(!topic.error_message);
  CHECK(topic.num_partitions == 3);
  CHECK(topic.replication_factor == 1);
  CHECK(c.image().find_topic("orders")->id == topic.topic_id);
  CHECK(c.image().topic_config("orders").at("retention.ms") == "1000");
  CHECK(c.partition("orders", 2).leader == BrokerId(1));
  CHECK(c.partition("orders", 2).leader_epoch == LeaderEpoch(0));
  CHECK(c.partition("orders", 2).directory_of(BrokerId(1)) == TestCluster::directory(1));
  CHECK(c.last_delta.created_topics.contains(topic.topic_id));
  CHECK(c.loader.image() == c.image());
}

TEST_CASE("records of a new topic come in Kafka's order: topic, configs, partitions") {
  TestCluster c;
  kafka::CreateTopicsRequest::Config config{"retention.ms", "5"};
  kafka::CreateTopicsRequest::Topic topic{
      .name = "a", .num_partitions = 2, .replication_factor = 1, .configs = {&config, 1}};
  const auto outcome = c.controller.create_topics({.topics = {&topic, 1}}, c.arena);
  CHECK(names_of(outcome.records) == std::vector<std::string_view>{"TopicRecord", "ConfigRecord",
                                                                   "PartitionRecord",
                                                                   "PartitionRecord"});
}

TEST_CASE("counts default to the broker's settings") {
  TestCluster c(3, 1,
                settings_with({{"num.partitions", "4"}, {"default.replication.factor", "2"}}));
  const auto topic = c.create("a", -1, -1);
  CHECK(topic.num_partitions == 4);
  CHECK(topic.replication_factor == 2);
}

TEST_CASE("the answer lists every config with its source (KIP-525)") {
  TestCluster c(1, 1, settings_with({{"log.retention.hours", "1"}}));
  const auto topic = c.create("a", 1, 1, {{"cleanup.policy", "compact"}});
  const auto find = [&](std::string_view name) {
    return *std::ranges::find(*topic.configs, name, &kafka::CreateTopicsResponse::Config::name);
  };
  CHECK(topic.configs->size() == 33);  // all but the internal one
  CHECK(std::ranges::is_sorted(*topic.configs, {}, &kafka::CreateTopicsResponse::Config::name));
  CHECK(find("cleanup.policy").value == "compact");
  CHECK(find("cleanup.policy").config_source == 1);
  CHECK(find("retention.ms").value == "3600000");
  CHECK(find("retention.ms").config_source == 4);
  CHECK(find("segment.bytes").config_source == 5);
}

TEST_CASE("validate_only answers the same and changes nothing") {
  TestCluster c;
  const Offset before = c.next();
  CHECK(c.create("a", 2, 1, {}, true).num_partitions == 2);
  CHECK(c.create("b", 0, 1, {}, true).error_code != 0);
  CHECK(c.next() == before);
  CHECK(c.image().topics().empty());
}

TEST_CASE("what is wrong with a new topic is told as Kafka tells it") {
  TestCluster c;
  c.create("orders");
  c.create("a.b");
  struct Refusal {
    std::string_view name;
    int32_t partitions;
    int16_t factor;
    Errc code;
    std::string_view message;
  };
  for (const Refusal& r : std::vector<Refusal>{
           {"orders", 1, 1, Errc::kTopicAlreadyExists, "Topic 'orders' already exists."},
           {"a_b", 1, 1, Errc::kInvalidTopicException,
            "Topic 'a_b' collides with existing topic: a.b"},
           {"", 1, 1, Errc::kInvalidTopicException,
            "Topic name is invalid: the empty string is not allowed"},
           {"..", 1, 1, Errc::kInvalidTopicException, "Topic name is invalid: '..' is not allowed"},
           {"x y", 1, 1, Errc::kInvalidTopicException,
            "Topic name is invalid: 'x y' has characters other than ASCII letters, digits, '.', "
            "'_' and '-'"},
           {"__cluster_metadata", 1, 1, Errc::kInvalidRequest,
            "Creation of internal topic __cluster_metadata is prohibited."},
           {"z", 0, 1, Errc::kInvalidPartitions,
            "Number of partitions was set to an invalid non-positive value."},
           {"z", -2, 1, Errc::kInvalidPartitions,
            "Number of partitions was set to an invalid non-positive value."},
           {"z", 1, 0, Errc::kInvalidReplicationFactor,
            "Replication factor must be larger than 0, or -1 to use the default value."},
           {"z", 1, 2, Errc::kInvalidReplicationFactor,
            "Unable to replicate the partition 2 time(s): 2 replicas were asked for, but only 1 "
            "broker(s) can take one"},
           {"z", 10'001, 1, Errc::kPolicyViolation,
            "the request would take more than 10000 records; ask for fewer topics or partitions "
            "at once"},
           {"z", INT32_MAX, 1, Errc::kPolicyViolation,
            "the request would take more than 10000 records; ask for fewer topics or partitions "
            "at once"}}) {
    CAPTURE(r.name);
    const auto topic = c.create(r.name, r.partitions, r.factor);
    CHECK(code_of(topic.error_code) == r.code);
    CHECK(topic.error_message == r.message);
  }
  CHECK(check_topic_name(std::string(249, 'a')));
  CHECK(!check_topic_name(std::string(250, 'a')));
  CHECK(is_internal_topic("__consumer_offsets"));
  CHECK(!is_internal_topic("orders"));
}

TEST_CASE("a bad config refuses the topic, and says which") {
  TestCluster c;
  const auto refusal = [&](std::string_view name, std::string_view value) {
    const auto topic = c.create("a", 1, 1, {{name, value}});
    CHECK(code_of(topic.error_code) == Errc::kInvalidConfig);
    return std::string(topic.error_message.value_or(""));
  };
  CHECK(refusal("retention.msx", "1") ==
        "there is no topic setting \"retention.msx\"; did you mean \"retention.ms\"?");
  CHECK(refusal("segment.bytes", "1").find("at least 1048576") != std::string::npos);
  CHECK(refusal("min.compaction.lag.ms", "x") != "");
  CHECK(refusal("remote.storage.enable", "true").find("tiered storage") != std::string::npos);
  CHECK(c.image().topics().empty());

  kafka::CreateTopicsRequest::Config config{.name = "retention.ms"};
  config.value.reset();
  const auto topic = c.create(
      {.name = "a", .num_partitions = 1, .replication_factor = 1, .configs = {&config, 1}});
  CHECK(topic.error_message == "Null value not supported for topic configs: retention.ms");
}

TEST_CASE("topics of one request do not hide each other's errors") {
  TestCluster c;
  std::vector<kafka::CreateTopicsRequest::Topic> topics{
      {.name = "good", .num_partitions = 1, .replication_factor = 1},
      {.name = "twice", .num_partitions = 1, .replication_factor = 1},
      {.name = "bad name", .num_partitions = 1, .replication_factor = 1},
      {.name = "twice", .num_partitions = 1, .replication_factor = 1},
      {.name = "a.b", .num_partitions = 1, .replication_factor = 1},
      {.name = "a_b", .num_partitions = 1, .replication_factor = 1}};
  const auto reply = c.run(c.controller.create_topics({.topics = topics}, c.arena));
  REQUIRE(reply.topics.size() == 5);
  CHECK(reply.topics[0].error_code == 0);
  CHECK(reply.topics[1].error_message == "Duplicate topic name.");
  CHECK(code_of(reply.topics[2].error_code) == Errc::kInvalidTopicException);
  CHECK(reply.topics[3].error_code == 0);
  CHECK(reply.topics[4].error_message ==
        "Topic 'a_b' collides with another topic of the request: a.b");
  CHECK(c.image().topics().size() == 2);
}

TEST_CASE("a request stays within its records; what no longer fits is refused") {
  TestCluster c;
  std::vector<kafka::CreateTopicsRequest::Topic> topics{
      {.name = "a", .num_partitions = 6'000, .replication_factor = 1},
      {.name = "b", .num_partitions = 6'000, .replication_factor = 1},
      {.name = "c", .num_partitions = 3'000, .replication_factor = 1}};
  const auto reply = c.run(c.controller.create_topics({.topics = topics}, c.arena));
  CHECK(reply.topics[0].error_code == 0);
  CHECK(code_of(reply.topics[1].error_code) == Errc::kPolicyViolation);
  CHECK(reply.topics[2].error_code == 0);
  CHECK(c.image().partition_count() == 9'000);
}

TEST_CASE("replicas may be assigned by hand, if they make sense") {
  TestCluster c(3);
  const auto create = [&](std::vector<std::vector<int>> replicas, std::vector<int> indexes,
                          int32_t count = -1) {
    std::vector<kafka::CreateTopicsRequest::Assignment> assignments;
    for (size_t i = 0; i < replicas.size(); ++i) {
      std::vector<BrokerId> ids;
      for (const int id : replicas[i]) ids.push_back(BrokerId(id));
      assignments.push_back({PartitionIndex(indexes[i]), c.arena.copy_array(ids)});
    }
    return c.create({.name = "manual",
                     .num_partitions = count,
                     .replication_factor = -1,
                     .assignments = c.arena.copy_array(assignments)});
  };
  const auto refusal = [&](auto... arguments) {
    const auto topic = create(arguments...);
    return std::pair(code_of(topic.error_code), std::string(topic.error_message.value_or("")));
  };
  using Lists = std::vector<std::vector<int>>;
  CHECK(refusal(Lists{{1}}, std::vector{0}, 1).first == Errc::kInvalidRequest);
  CHECK(refusal(Lists{{1}, {1}}, std::vector{0, 2}).second ==
        "partitions should be a consecutive 0-based integer sequence");
  CHECK(refusal(Lists{{1}, {1}}, std::vector{0, 0}).second ==
        "Found multiple manual partition assignments for partition 0");
  CHECK(refusal(Lists{{1, 1}}, std::vector{0}).second ==
        "The manual partition assignment includes the broker 1 more than once.");
  CHECK(refusal(Lists{{7}}, std::vector{0}).second ==
        "The manual partition assignment includes broker 7, but no such broker is registered.");
  CHECK(refusal(Lists{{}}, std::vector{0}).second ==
        "The manual partition assignment includes an empty replica list.");
  CHECK(refusal(Lists{{1, 2}, {3}}, std::vector{0, 1}).first == Errc::kInvalidReplicaAssignment);
  c.fence(3);
  CHECK(refusal(Lists{{3}}, std::vector{0}).second.find("fenced") != std::string::npos);

  const auto topic = create({{3, 2}, {2, 1}}, {1, 0});
  CHECK(topic.error_code == 0);
  CHECK(topic.num_partitions == 2);
  CHECK(c.partition("manual", 1).replicas == std::vector{BrokerId(3), BrokerId(2)});
  CHECK(c.partition("manual", 1).isr == std::vector{BrokerId(2)});
  CHECK(c.partition("manual", 1).leader == BrokerId(2));
}

TEST_CASE("no topic is created while nobody is there to lead it") {
  TestCluster c;
  c.fence(1);
  CHECK(code_of(c.create("a").error_code) == Errc::kInvalidReplicationFactor);
}

TEST_CASE("partitions are added behind those there are") {
  TestCluster c(2);
  c.create("a", 2, 2);
  const auto grow = [&](std::string_view name, int32_t count,
                        std::optional<std::vector<std::vector<int>>> replicas = {},
                        bool validate_only = false) {
    kafka::CreatePartitionsRequest::Topic topic{.name = name, .count = count};
    topic.assignments.reset();
    if (replicas) {
      std::vector<kafka::CreatePartitionsRequest::Assignment> assignments;
      for (const auto& list : *replicas) {
        std::vector<BrokerId> ids;
        ids.reserve(list.size());
        for (const int id : list) ids.push_back(BrokerId(id));
        assignments.push_back({c.arena.copy_array(ids)});
      }
      topic.assignments = c.arena.copy_array(assignments);
    }
    const auto reply = c.run(c.controller.create_partitions(
        {.topics = {&topic, 1}, .validate_only = validate_only}, c.arena));
    return reply.results[0];
  };
  CHECK(grow("a", 4, {}, true).error_code == 0);
  CHECK(c.image().partition_count() == 2);
  CHECK(grow("a", 4).error_code == 0);
  CHECK(c.image().partition_count() == 4);
  CHECK(c.partition("a", 3).replicas.size() == 2);
  CHECK(c.last_delta.partitions.begin()->second == std::set{PartitionIndex(2), PartitionIndex(3)});
  CHECK(grow("a", 4).error_message == "Topic already has 4 partition(s).");
  CHECK(grow("a", 3).error_message ==
        "The topic a currently has 4 partition(s); 3 would not be an increase.");
  CHECK(grow("a", INT32_MIN).error_code != 0);
  CHECK(code_of(grow("none", 4).error_code) == Errc::kUnknownTopicOrPartition);
  CHECK(code_of(grow("a", 20'000).error_code) == Errc::kPolicyViolation);
  CHECK(grow("a", 6, {{{1, 2}}}).error_message ==
        "Attempted to add 2 additional partition(s), but only 1 assignment(s) were specified.");
  CHECK(code_of(grow("a", 5, {{{1}}}).error_code) == Errc::kInvalidReplicaAssignment);
  CHECK(grow("a", 5, {{{2, 1}}}).error_code == 0);
  CHECK(c.partition("a", 4).leader == BrokerId(2));

  std::vector<kafka::CreatePartitionsRequest::Topic> twice{{.name = "a", .count = 9},
                                                           {.name = "a", .count = 9}};
  const auto reply = c.run(c.controller.create_partitions({.topics = twice}, c.arena));
  REQUIRE(reply.results.size() == 1);
  CHECK(reply.results[0].error_message == "Duplicate topic name.");
}

TEST_CASE("topics are deleted by name or by id, each with its own error") {
  TestCluster c;
  const TopicId a = c.create("a").topic_id;
  c.create("b");
  std::vector<std::string_view> names{"b", "none", "b"};
  auto reply = c.run(c.controller.delete_topics({.topic_names = names}, 5, c.arena));
  REQUIRE(reply.responses.size() == 3);
  CHECK(reply.responses[0].error_code == 0);
  CHECK(code_of(reply.responses[1].error_code) == Errc::kUnknownTopicOrPartition);
  CHECK(code_of(reply.responses[2].error_code) == Errc::kInvalidRequest);
  CHECK(c.image().topics().size() == 1);

  std::vector<kafka::DeleteTopicsRequest::Topic> topics{
      {.name = {}, .topic_id = a},
      {.name = "a", .topic_id = a},
      {.name = {}, .topic_id = {}},
      {.name = {}, .topic_id = TopicId{Uuid{9, 9}}},
      {.name = "a", .topic_id = {}}};
  reply = c.run(c.controller.delete_topics({.topics = topics}, 6, c.arena));
  CHECK(reply.responses[0].error_code == 0);
  CHECK(reply.responses[0].name == "a");
  CHECK(reply.responses[0].topic_id == a);
  CHECK(reply.responses[1].error_message == "You may not specify both topic name and topic id.");
  CHECK(reply.responses[2].error_message == "Neither topic name nor id were specified.");
  CHECK(code_of(reply.responses[3].error_code) == Errc::kUnknownTopicId);
  CHECK(code_of(reply.responses[4].error_code) == Errc::kInvalidRequest);
  CHECK(c.image().topics().empty());
  CHECK(c.last_delta.removed_topics.at(a).name == "a");
}

TEST_CASE("deleting can be forbidden") {
  TestCluster c(1, 1, settings_with({{"delete.topic.enable", "false"}}));
  c.create("a");
  std::vector<std::string_view> names{"a"};
  const auto code = [&](int16_t version) {
    return code_of(c.run(c.controller.delete_topics({.topic_names = names}, version, c.arena))
                       .responses[0]
                       .error_code);
  };
  CHECK(code(2) == Errc::kInvalidRequest);
  CHECK(code(3) == Errc::kTopicDeletionDisabled);
  CHECK(c.image().topics().size() == 1);
}

TEST_CASE("a topic created again under its old name has another id and no old configs") {
  TestCluster c;
  const TopicId first = c.create("a", 1, 1, {{"retention.ms", "5"}}).topic_id;
  std::vector<std::string_view> names{"a"};
  c.run(c.controller.delete_topics({.topic_names = names}, 5, c.arena));
  CHECK(c.create("a").topic_id != first);
  CHECK(c.image().topic_config("a").empty());
}

TEST_CASE("leaders are elected where it is needed and possible") {
  TestCluster c(2);
  c.create("a", 1, 2);
  const BrokerId preferred = c.partition("a").replicas[0];
  const auto elect = [&](int8_t type, std::string_view name, int32_t index) {
    std::vector<PartitionIndex> indexes{PartitionIndex(index)};
    kafka::ElectLeadersRequest::TopicPartitions partitions{name, indexes};
    const auto reply = c.run(c.controller.elect_leaders(
        {.election_type = type, .topic_partitions = std::span(&partitions, 1)}, c.arena));
    return reply.replica_election_results[0].partition_result[0];
  };
  CHECK(code_of(elect(0, "a", 0).error_code) == Errc::kElectionNotNeeded);
  CHECK(elect(0, "none", 0).error_message == "No such topic as none");
  CHECK(elect(0, "a", 7).error_message == "No such partition as a-7");
  c.fence(preferred.value);
  CHECK(c.partition("a").leader != preferred);
  CHECK(code_of(elect(0, "a", 0).error_code) == Errc::kPreferredLeaderNotAvailable);
  CHECK(code_of(elect(1, "a", 0).error_code) == Errc::kElectionNotNeeded);

  const auto all = c.run(c.controller.elect_leaders({.topic_partitions = std::nullopt}, c.arena));
  REQUIRE(all.replica_election_results.size() == 1);
  CHECK(all.replica_election_results[0].partition_result.size() == 1);
  CHECK(c.run(c.controller.elect_leaders({.election_type = 9}, c.arena)).error_code != 0);
}

}  // namespace
}  // namespace millrace::metadata
