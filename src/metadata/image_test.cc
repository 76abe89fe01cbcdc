#include "metadata/image.h"

#include <limits>

#include "metadata/snapshot.h"

#include "base/testing.h"

namespace millrace::metadata {
namespace {

const TopicId kOrders{Uuid{7, 7}};

struct Replica {
  Image image;
  Delta delta;

  Result<> replay(const RecordBody& body) { return image.replay({body}, delta); }
  void must(const RecordBody& body) {
    const Result<> result = replay(body);
    INFO((result ? "" : result.error().detail()));
    REQUIRE(result);
  }
  std::string refusal(const RecordBody& body) {
    const Result<> result = replay(body);
    return result ? "" : result.error().detail();
  }
};

kafka::PartitionRecord partition_record(int32_t index, std::span<BrokerId> replicas) {
  return {.partition_id = PartitionIndex(index),
          .topic_id = kOrders,
          .replicas = replicas,
          .isr = replicas,
          .leader = replicas.front(),
          .leader_epoch = LeaderEpoch(0),
          .partition_epoch = 0};
}

TEST_CASE("an epoch that cannot be raised is a contradiction") {
  Replica r;
  std::vector<BrokerId> replicas{BrokerId(1)};
  r.must(kafka::TopicRecord{.name = "orders", .topic_id = kOrders});
  kafka::PartitionRecord partition = partition_record(0, replicas);
  partition.partition_epoch = std::numeric_limits<int32_t>::max();
  r.must(partition);
  partition = partition_record(1, replicas);
  partition.leader_epoch = LeaderEpoch(std::numeric_limits<int32_t>::max());
  r.must(partition);
  for (const int32_t index : {0, 1}) {
    const std::string why = r.refusal(kafka::PartitionChangeRecord{
        .partition_id = PartitionIndex(index), .topic_id = kOrders, .leader = BrokerId(1)});
    CHECK(why.find("raised once more") != std::string::npos);
  }
}

TEST_CASE("topics are found by name and by id, and go with their configs") {
  Replica r;
  std::vector<BrokerId> replicas{BrokerId(1), BrokerId(2)};
  r.must(kafka::TopicRecord{.name = "orders.eu", .topic_id = kOrders});
  r.must(partition_record(0, replicas));
  r.must(kafka::ConfigRecord{
      .resource_type = 2, .resource_name = "orders.eu", .name = "retention.ms", .value = "1"});
  REQUIRE(r.image.find_topic("orders.eu") != nullptr);
  CHECK(r.image.find_topic(kOrders) == r.image.find_topic("orders.eu"));
  CHECK(r.image.find_partition(kOrders, PartitionIndex(0))->leader == BrokerId(1));
  CHECK(r.image.find_partition(kOrders, PartitionIndex(1)) == nullptr);
  CHECK(r.image.partition_count() == 1);
  CHECK(r.image.find_colliding("orders_eu")->name == "orders.eu");
  CHECK(r.image.find_colliding("orders.eu") == nullptr);
  CHECK(r.delta.created_topics.contains(kOrders));
  CHECK(r.delta.partitions.at(kOrders) == std::set{PartitionIndex(0)});

  r.delta = {};
  r.must(kafka::RemoveTopicRecord{.topic_id = kOrders});
  CHECK(r.delta.removed_topics.at(kOrders).partitions.size() == 1);
  CHECK(r.delta.configs.contains({ConfigResourceType::kTopic, "orders.eu"}));
  CHECK(r.image.empty());
}

TEST_CASE("a topic created and removed in one delta is only removed") {
  Replica r;
  r.must(kafka::TopicRecord{.name = "a", .topic_id = kOrders});
  r.must(kafka::RemoveTopicRecord{.topic_id = kOrders});
  CHECK(r.delta.created_topics.empty());
  CHECK(r.delta.partitions.empty());
  CHECK(r.delta.removed_topics.contains(kOrders));
}

TEST_CASE("a change without a leader keeps the leader epoch, one with the same leader raises it") {
  Replica r;
  std::vector<BrokerId> replicas{BrokerId(1), BrokerId(2)};
  r.must(kafka::TopicRecord{.name = "a", .topic_id = kOrders});
  r.must(partition_record(0, replicas));
  const auto state = [&]() -> const Partition& {
    return *r.image.find_partition(kOrders, PartitionIndex(0));
  };
  kafka::PartitionChangeRecord change{.partition_id = PartitionIndex(0), .topic_id = kOrders};
  std::vector<BrokerId> one{BrokerId(1)};
  change.isr = std::span(one);
  r.must(change);
  CHECK(state().isr == one);
  CHECK(state().leader_epoch == LeaderEpoch(0));
  CHECK(state().partition_epoch == 1);

  change.isr.reset();
  change.leader = BrokerId(1);
  r.must(change);
  CHECK(state().leader_epoch == LeaderEpoch(1));
  CHECK(state().partition_epoch == 2);

  change.leader = kNoBroker;
  r.must(change);
  CHECK(state().leader == kNoBroker);
  CHECK(state().leader_epoch == LeaderEpoch(2));
  CHECK(state().isr == one);
}

TEST_CASE("partitions written before directories had ids lie in none") {
  Replica r;
  std::vector<BrokerId> replicas{BrokerId(1), BrokerId(2)};
  r.must(kafka::TopicRecord{.name = "a", .topic_id = kOrders});
  r.must(partition_record(0, replicas));
  const Partition& partition = *r.image.find_partition(kOrders, PartitionIndex(0));
  CHECK(partition.directory_of(BrokerId(2)) == kMigratingDirectory);
  CHECK(partition.directories.size() == 2);
}

TEST_CASE("brokers register, change and leave, by epoch") {
  Replica r;
  r.must(kafka::RegisterBrokerRecord{.broker_id = BrokerId(3), .broker_epoch = 10});
  CHECK(r.image.find_broker(BrokerId(3))->fenced);
  r.must(kafka::BrokerRegistrationChangeRecord{
      .broker_id = BrokerId(3), .broker_epoch = 10, .fenced = -1});
  CHECK(r.image.find_broker(BrokerId(3))->is_active());
  r.must(kafka::BrokerRegistrationChangeRecord{
      .broker_id = BrokerId(3), .broker_epoch = 10, .in_controlled_shutdown = 1});
  CHECK(!r.image.find_broker(BrokerId(3))->is_active());
  CHECK(!r.image.find_broker(BrokerId(3))->fenced);
  r.must(kafka::FenceBrokerRecord{.id = BrokerId(3), .epoch = 10});
  r.must(kafka::UnfenceBrokerRecord{.id = BrokerId(3), .epoch = 10});
  CHECK(r.delta.brokers == std::set{BrokerId(3)});

  CHECK(r.refusal(kafka::FenceBrokerRecord{.id = BrokerId(3), .epoch = 11}) ==
        "FenceBrokerRecord: the metadata log contradicts itself: broker 3 has epoch 10, not 11");
  CHECK(r.refusal(kafka::UnregisterBrokerRecord{.broker_id = BrokerId(4), .broker_epoch = 1}) !=
        "");
  CHECK(r.refusal(kafka::BrokerRegistrationChangeRecord{
            .broker_id = BrokerId(3), .broker_epoch = 10, .fenced = 5}) != "");
  r.must(kafka::UnregisterBrokerRecord{.broker_id = BrokerId(3), .broker_epoch = 10});
  CHECK(r.image.empty());
}

TEST_CASE("configs, features, quotas, ACLs, credentials and tokens come and go") {
  Replica r;
  const auto config = [&](std::optional<std::string_view> value) {
    kafka::ConfigRecord record{.resource_type = 32, .resource_name = "g", .name = "x"};
    record.value = value;
    return record;
  };
  r.must(config("1"));
  CHECK(r.image.config({ConfigResourceType::kGroup, "g"}).at("x") == "1");
  CHECK(r.image.topic_config("g").empty());
  r.must(config(std::nullopt));
  r.must(config(std::nullopt));  // deleting what is not there is no damage

  r.must(kafka::FeatureLevelRecord{.name = "metadata.version", .feature_level = 30});
  CHECK(r.image.metadata_version() == 30);
  r.must(kafka::FeatureLevelRecord{.name = "metadata.version", .feature_level = 0});
  CHECK(r.image.metadata_version() == 0);

  std::vector<kafka::ClientQuotaRecord::EntityPart> entity{{"user", "bob"},
                                                           {"client-id", std::nullopt}};
  kafka::ClientQuotaRecord quota{.entity = entity, .key = "producer_byte_rate", .value = 5};
  r.must(quota);
  const QuotaEntity expected{{"client-id", std::nullopt}, {"user", "bob"}};
  CHECK(r.image.quotas().at(expected).at("producer_byte_rate") == 5);
  quota.value = std::numeric_limits<double>::quiet_NaN();
  r.must(quota);
  CHECK(r.image.quotas().empty());
  quota.value = 6;
  r.must(quota);
  quota.remove = true;
  r.must(quota);

  r.must(kafka::AccessControlEntryRecord{.id = {1, 2}, .resource_name = "t"});
  CHECK(r.image.acls().at({1, 2}).resource_name == "t");
  r.must(kafka::RemoveAccessControlEntryRecord{.id = {1, 2}});
  CHECK(r.refusal(kafka::RemoveAccessControlEntryRecord{.id = {1, 2}}) != "");

  r.must(kafka::UserScramCredentialRecord{.name = "bob", .mechanism = 1, .iterations = 4096});
  r.must(kafka::RemoveUserScramCredentialRecord{.name = "bob", .mechanism = 1});
  CHECK(r.refusal(kafka::RemoveUserScramCredentialRecord{.name = "bob", .mechanism = 1}) != "");

  r.must(kafka::DelegationTokenRecord{.owner = "bob", .token_id = "t1"});
  r.must(kafka::RemoveDelegationTokenRecord{.token_id = "t1"});
  CHECK(r.refusal(kafka::RemoveDelegationTokenRecord{.token_id = "t1"}) != "");
  CHECK(r.image.empty());
}

TEST_CASE("producer ids only grow") {
  Replica r;
  r.must(kafka::ProducerIdsRecord{.next_producer_id = ProducerId(1000)});
  CHECK(r.image.next_producer_id() == ProducerId(1000));
  CHECK(r.delta.producer_ids);
  CHECK(r.refusal(kafka::ProducerIdsRecord{.next_producer_id = ProducerId(999)}) != "");
}

TEST_CASE("a record that contradicts the image is an error, not a crash") {
  Replica r;
  std::vector<BrokerId> replicas{BrokerId(1)};
  CHECK(r.refusal(partition_record(0, replicas)).find("no topic with id") != std::string::npos);
  CHECK(r.refusal(kafka::RemoveTopicRecord{.topic_id = kOrders}) != "");
  CHECK(r.refusal(kafka::ClearElrRecord{.topic_name = "none"}) != "");
  r.must(kafka::TopicRecord{.name = "a", .topic_id = kOrders});
  CHECK(r.refusal(kafka::TopicRecord{.name = "a", .topic_id = TopicId{Uuid{8, 8}}}) != "");
  CHECK(r.refusal(kafka::TopicRecord{.name = "b", .topic_id = kOrders}) != "");
  CHECK(r.refusal(kafka::PartitionChangeRecord{.partition_id = PartitionIndex(0),
                                               .topic_id = kOrders}) != "");
  kafka::PartitionRecord lies = partition_record(0, replicas);
  std::vector<Uuid> directories{{1, 1000}, {2, 1000}};
  lies.directories = directories;
  CHECK(r.refusal(lies) != "");
}

TEST_CASE("eligible replicas are cleared for one topic or for all") {
  Replica r;
  std::vector<BrokerId> replicas{BrokerId(1), BrokerId(2)};
  r.must(kafka::TopicRecord{.name = "a", .topic_id = kOrders});
  kafka::PartitionRecord record = partition_record(0, replicas);
  record.eligible_leader_replicas = std::span(replicas);
  r.must(record);
  r.must(kafka::ClearElrRecord{.topic_name = "a"});
  CHECK(r.image.find_partition(kOrders, PartitionIndex(0))->elr.empty());
  CHECK(r.image.find_partition(kOrders, PartitionIndex(0))->partition_epoch == 1);
  r.must(kafka::ClearElrRecord{.topic_name = ""});
  CHECK(r.image.find_partition(kOrders, PartitionIndex(0))->partition_epoch == 1);
}

TEST_CASE("deltas merge as if the batches had been one") {
  Delta first;
  first.created_topics.insert(kOrders);
  first.partitions[kOrders].insert(PartitionIndex(0));
  first.brokers.insert(BrokerId(1));
  Delta second;
  second.removed_topics[kOrders] = Topic{.name = "a", .id = kOrders, .partitions = {}};
  second.brokers.insert(BrokerId(2));
  second.producer_ids = true;
  CHECK(!first.empty());
  first.merge(std::move(second));
  CHECK(first.created_topics.empty());
  CHECK(first.partitions.empty());
  CHECK(first.removed_topics.size() == 1);
  CHECK(first.brokers.size() == 2);
  CHECK(first.producer_ids);
  CHECK(Delta().empty());
}

}  // namespace
}  // namespace millrace::metadata
