// A whole broker over the simulated world: what clients see, before and after restarts.
#include "broker/broker.h"

#include <set>
#include <string>
#include <vector>

#include "kafka/messages/api_versions.h"
#include "kafka/messages/delete_records.h"
#include "kafka/messages/delete_topics.h"
#include "kafka/messages/init_producer_id.h"
#include "kafka/messages/metadata.h"

#include "base/testing.h"
#include "broker/test_broker.h"

namespace millrace::broker {
namespace {

using Values = std::vector<std::string>;

int16_t code(Errc errc) {
  return error_info(errc).kafka_code;
}

TEST_CASE("a new broker founds a cluster, and finds it again after any kind of end") {
  TestBroker t;
  const std::string cluster = t.broker->status().cluster_id;
  const int64_t first_epoch = t.broker->status().broker_epoch;
  CHECK(Uuid::parse(cluster));
  t.create_topic("orders", 3);
  t.stop();
  t.start();
  CHECK(t.broker->status().cluster_id == cluster);
  CHECK(t.broker->status().partitions == 3);
  CHECK(t.broker->status().broker_epoch > first_epoch);
  t.kill();
  t.start();
  CHECK(t.broker->status().partitions == 3);
  t.crash();
  t.start();
  CHECK(t.broker->status().partitions == 3);
  CHECK(t.broker->status().cluster_id == cluster);
}

TEST_CASE("what was produced is fetched, and survives a loss of power once acknowledged") {
  TestBroker t;
  t.create_topic("orders");
  TestClient client = t.connect();
  const auto first = t.produce(client, "orders", t.batch({"a", "b"}));
  CHECK(first.error_code == 0);
  CHECK(first.base_offset == Offset(0));
  CHECK(t.produce(client, "orders", t.batch({"c"})).base_offset == Offset(2));
  CHECK(t.fetch(client, "orders") == Values{"a", "b", "c"});
  t.crash();
  t.start();
  TestClient again = t.connect();
  CHECK(t.fetch(again, "orders") == Values{"a", "b", "c"});
  CHECK(t.fetch(again, "orders", 2) == Values{"c"});
  CHECK(t.produce(again, "orders", t.batch({"d"})).base_offset == Offset(3));
}

TEST_CASE("metadata names a topic's partitions and their leader, and creates topics on demand") {
  TestBroker t;
  TestClient client = t.connect();
  kafka::MetadataRequest::Topic wanted{.name = "made-on-demand"};
  kafka::MetadataRequest request;
  request.topics = std::span(&wanted, 1);
  const auto answer = client.call<kafka::MetadataResponse>(9, request);
  REQUIRE(answer);
  REQUIRE(answer->topics.size() == 1);
  CHECK(answer->topics[0].error_code == 0);
  REQUIRE(answer->topics[0].partitions.size() == 1);
  CHECK(answer->topics[0].partitions[0].leader_id == BrokerId(1));
  REQUIRE(answer->brokers.size() == 1);
  CHECK(answer->brokers[0].host == "broker");
  CHECK(answer->brokers[0].port == 9092);
  CHECK(answer->controller_id == BrokerId(1));
}

TEST_CASE("metadata answers a topic once, however often it is asked for, and refuses bad names") {
  TestBroker t({{"auto.create.topics.enable", "false"}});
  t.create_topic("orders");
  TestClient client = t.connect();
  std::vector<kafka::MetadataRequest::Topic> wanted(1000, {.name = "orders"});
  wanted.push_back({.name = "no such topic"});
  wanted.push_back({.name = "missing"});
  kafka::MetadataRequest request;
  request.topics = std::span(wanted);
  const auto answer = client.call<kafka::MetadataResponse>(9, request);
  REQUIRE(answer);
  REQUIRE(answer->topics.size() == 3);
  CHECK(answer->topics[0].error_code == 0);
  CHECK(answer->topics[1].error_code == code(Errc::kInvalidTopicException));
  CHECK(answer->topics[2].error_code == code(Errc::kUnknownTopicOrPartition));
}

TEST_CASE("metadata asked for in the same words follows every change") {
  TestBroker t({{"auto.create.topics.enable", "false"}});
  TestClient client = t.connect();
  const kafka::MetadataRequest all{.topics = std::nullopt};
  const auto names = [&](int16_t version) {
    std::vector<std::string> found;
    const auto answer = client.call<kafka::MetadataResponse>(version, all);
    REQUIRE(answer);
    CHECK(answer->brokers[0].host == "broker");
    for (const auto& topic : answer->topics) found.emplace_back(topic.name.value_or(""));
    return found;
  };
  const auto error_of = [&](std::string_view name) {
    kafka::MetadataRequest::Topic wanted{.name = name};
    const kafka::MetadataRequest one{.topics = std::span(&wanted, 1)};
    const auto answer = client.call<kafka::MetadataResponse>(9, one);
    REQUIRE(answer);
    return answer->topics[0].error_code;
  };
  for (int i = 0; i < 3; ++i) CHECK(names(9).empty());
  for (int i = 0; i < 3; ++i) CHECK(error_of("a") == code(Errc::kUnknownTopicOrPartition));
  t.create_topic("a");
  for (int i = 0; i < 3; ++i) CHECK(names(9) == Values{"a"});
  for (int i = 0; i < 3; ++i) CHECK(error_of("a") == 0);
  t.create_topic("b");
  for (int i = 0; i < 3; ++i) CHECK(names(1) == Values{"a", "b"});
  for (int i = 0; i < 3; ++i) CHECK(names(9) == Values{"a", "b"});
}

TEST_CASE("ApiVersions answers a version from the future in the form of version 0") {
  TestBroker t;
  TestClient client = t.connect();
  kafka::ApiVersionsRequest request{.client_software_name = "test",
                                    .client_software_version = "1.0"};
  const auto current = client.call<kafka::ApiVersionsResponse>(4, request);
  REQUIRE(current);
  CHECK(current->api_keys.size() > 25);
  CHECK(current->api_keys[0].min_version == 0);  // Produce, for old librdkafka
  REQUIRE(current->finalized_features.size() == 1);
  CHECK(current->finalized_features[0].name == "metadata.version");
}

TEST_CASE("a parked fetch is woken by the record it waits for, and by nothing else") {
  TestBroker t;
  t.create_topic("orders", 2);
  TestClient reader = t.connect();
  TestClient writer = t.connect();
  kafka::FetchRequest* request = t.fetch_request("orders", 0);
  request->max_wait_ms = 20'000;
  reader.send(11, *request);
  t.world.run_for(seconds(1));
  CHECK(t.broker->status().parked_fetches.size() == 1);
  t.produce(writer, "orders", t.batch({"elsewhere"}), 1);
  t.world.run_for(seconds(1));
  CHECK(t.broker->status().parked_fetches.size() == 1);
  const MonoTime before = t.world.now();
  t.produce(writer, "orders", t.batch({"here"}), 0);
  const auto answer = reader.receive<kafka::FetchResponse>(11);
  REQUIRE(answer);
  CHECK(TestBroker::values(answer->responses[0].partitions[0].records->bytes) == Values{"here"});
  CHECK(t.world.now() - before < seconds(1));
  CHECK(t.broker->status().parked_fetches.empty());
}

TEST_CASE("a parked fetch waits for as many bytes as it asks for, or for its time") {
  TestBroker t;
  t.create_topic("orders");
  TestClient reader = t.connect();
  TestClient writer = t.connect();
  const Buffer batch = t.batch({std::string(500, 'x')});
  kafka::FetchRequest* request = t.fetch_request("orders", 0);
  request->max_wait_ms = 5'000;
  request->min_bytes = 1200;
  reader.send(11, *request);
  const MonoTime began = t.world.now();
  t.produce(writer, "orders", batch);
  t.produce(writer, "orders", batch);
  t.world.run_for(seconds(1));
  CHECK(t.broker->status().parked_fetches.size() == 1);
  t.produce(writer, "orders", batch);
  REQUIRE(reader.receive<kafka::FetchResponse>(11));
  CHECK(t.world.now() - began < seconds(4));

  request = t.fetch_request("orders", 3);
  request->max_wait_ms = 2'000;
  const MonoTime asked = t.world.now();
  const auto empty = reader.call<kafka::FetchResponse>(11, *request);
  REQUIRE(empty);
  CHECK(empty->responses[0].partitions[0].records->empty());
  CHECK(t.world.now() - asked >= milliseconds(2'000));
}

TEST_CASE("deleting the topic wakes a parked fetch with an error") {
  TestBroker t;
  t.create_topic("orders");
  TestClient reader = t.connect();
  kafka::FetchRequest* request = t.fetch_request("orders", 0);
  request->max_wait_ms = 20'000;
  reader.send(11, *request);
  t.world.run_for(milliseconds(500));
  TestClient admin = t.connect();
  std::string_view name = "orders";
  const kafka::DeleteTopicsRequest removal{.topic_names = {&name, 1}};
  REQUIRE(admin.call<kafka::DeleteTopicsResponse>(4, removal));
  const auto answer = reader.receive<kafka::FetchResponse>(11);
  REQUIRE(answer);
  CHECK(answer->responses[0].partitions[0].error_code == code(Errc::kUnknownTopicOrPartition));
}

TEST_CASE("a fetch session tells only what has changed") {
  TestBroker t;
  t.create_topic("orders", 3);
  TestClient client = t.connect();
  t.produce(client, "orders", t.batch({"a"}), 1);
  std::vector<kafka::FetchRequest::Partition> partitions;
  partitions.reserve(3);
  for (int i = 0; i < 3; ++i) {
    partitions.push_back({.partition = PartitionIndex(i),
                          .fetch_offset = Offset(0),
                          .partition_max_bytes = 1 << 20});
  }
  kafka::FetchRequest::Topic topic{.topic = "orders", .partitions = partitions};
  kafka::FetchRequest request{.max_bytes = 1 << 20, .session_epoch = 0, .topics = {&topic, 1}};
  const auto full = client.call<kafka::FetchResponse>(11, request);
  REQUIRE(full);
  REQUIRE(full->error_code == 0);
  const int32_t session = full->session_id;
  CHECK(session != 0);
  CHECK(full->responses[0].partitions.size() == 3);

  // The second request moves on in one partition and is silent about the others.
  partitions.resize(1);
  partitions[0].partition = PartitionIndex(1);
  partitions[0].fetch_offset = Offset(1);
  topic.partitions = partitions;
  request.session_id = session;
  request.session_epoch = 1;
  const auto nothing = client.call<kafka::FetchResponse>(11, request);
  REQUIRE(nothing);
  CHECK(nothing->responses.empty());

  t.produce(client, "orders", t.batch({"b"}), 2);
  request.topics = {};
  request.session_epoch = 2;
  const auto changed = client.call<kafka::FetchResponse>(11, request);
  REQUIRE(changed);
  REQUIRE(changed->responses.size() == 1);
  REQUIRE(changed->responses[0].partitions.size() == 1);
  CHECK(changed->responses[0].partitions[0].partition_index == PartitionIndex(2));

  request.session_epoch = 2;  // again
  const auto stale = client.call<kafka::FetchResponse>(11, request);
  REQUIRE(stale);
  CHECK(stale->error_code == code(Errc::kInvalidFetchSessionEpoch));
  request.session_id = session + 1;
  const auto unknown = client.call<kafka::FetchResponse>(11, request);
  REQUIRE(unknown);
  CHECK(unknown->error_code == code(Errc::kFetchSessionIdNotFound));
}

TEST_CASE("acks=0 gets no answer; its error closes the connection") {
  TestBroker t;
  t.create_topic("orders");
  TestClient client = t.connect();
  client.send(9, *t.produce_request("orders", t.batch({"a"}), 0, 0));
  TestClient other = t.connect();
  t.world.run_for(milliseconds(100));
  CHECK(t.fetch(other, "orders") == Values{"a"});
  client.send(9, *t.produce_request("no-such-topic", t.batch({"a"}), 0, 0));
  CHECK(client.is_closed());
}

TEST_CASE("a partition whose partition.metadata is lost is known by its name") {
  TestBroker t;
  t.create_topic("orders");
  TestClient before = t.connect();
  REQUIRE(t.produce(before, "orders", t.batch({"a", "b"})).error_code == 0);
  t.stop();
  REQUIRE(t.machine.disk().remove("/data/orders-0/partition.metadata"));
  t.start();
  TestClient after = t.connect();
  CHECK(t.fetch(after, "orders") == std::vector<std::string>{"a", "b"});
  CHECK(t.machine.disk().info("/data/orders-0/partition.metadata"));
}

TEST_CASE("partitions without the metadata log that knows them are left alone") {
  TestBroker t;
  t.create_topic("orders");
  TestClient client = t.connect();
  t.produce(client, "orders", t.batch({"a"}));
  t.stop();
  for (const runtime::DirectoryEntry& entry :
       *t.machine.disk().list("/data/__cluster_metadata-0")) {
    REQUIRE(t.machine.disk().remove("/data/__cluster_metadata-0/" + entry.name));
  }
  const Result<> started = t.try_start();
  REQUIRE(!started);
  CHECK(started.error().message().find("metadata log") != std::string::npos);
  CHECK(t.machine.disk().info("/data/orders-0"));
}

TEST_CASE(
    "produce refuses what cannot be: acks, partitions, internal topics, transactions, garbage") {
  TestBroker t;
  t.create_topic("orders");
  TestClient client = t.connect();
  const Buffer good = t.batch({"a"});
  CHECK(t.produce(client, "orders", good, 0, 7).error_code == code(Errc::kInvalidRequiredAcks));
  CHECK(t.produce(client, "orders", good, 5).error_code == code(Errc::kUnknownTopicOrPartition));
  CHECK(t.produce(client, "missing", good).error_code == code(Errc::kUnknownTopicOrPartition));
  const Buffer transactional = t.batch({"a"}, {.producer_id = ProducerId(1),
                                               .producer_epoch = ProducerEpoch(0),
                                               .base_sequence = 0,
                                               .transactional = true});
  CHECK(t.produce(client, "orders", transactional).error_code ==
        code(Errc::kTransactionalIdAuthorizationFailed));
  Buffer damaged(good.bytes());
  damaged.mutable_bytes()[damaged.size() - 1] ^= 1;
  CHECK(t.produce(client, "orders", damaged).error_code == code(Errc::kCorruptMessage));
  CHECK(t.produce(client, "orders", Bytes()).error_code != 0);
  kafka::ProduceRequest::Partition without_records{.index = PartitionIndex(0)};
  kafka::ProduceRequest::Topic topic{.name = "orders", .partition_data = {&without_records, 1}};
  for (const int16_t version : {3, 9, 12}) {
    const auto answer = client.call<kafka::ProduceResponse>(
        version, kafka::ProduceRequest{.acks = -1, .topic_data = {&topic, 1}});
    REQUIRE(answer);
    CHECK(answer->responses[0].partition_responses[0].error_code != 0);
  }
  CHECK(t.fetch(client, "orders").empty());
}

TEST_CASE("an idempotent producer's repeated batch is answered with its first offset") {
  TestBroker t;
  t.create_topic("orders");
  TestClient client = t.connect();
  const auto made = client.call<kafka::InitProducerIdResponse>(
      4, kafka::InitProducerIdRequest{.transactional_id = std::nullopt});
  REQUIRE(made);
  CHECK(made->error_code == 0);
  const Buffer batch = t.batch({"once"}, {.producer_id = made->producer_id,
                                          .producer_epoch = made->producer_epoch,
                                          .base_sequence = 0});
  CHECK(t.produce(client, "orders", batch).base_offset == Offset(0));
  CHECK(t.produce(client, "orders", t.batch({"other"})).base_offset == Offset(1));
  CHECK(t.produce(client, "orders", batch).base_offset == Offset(0));
  t.crash();
  t.start();
  TestClient again = t.connect();
  const auto after = t.produce(again, "orders", batch);
  CHECK(after.error_code == 0);
  CHECK(after.base_offset == Offset(0));
  CHECK(t.fetch(again, "orders") == Values{"once", "other"});
}

TEST_CASE("producer ids are never given twice, whatever happens between") {
  TestBroker t;
  std::set<int64_t> seen;
  for (int round = 0; round < 3; ++round) {
    TestClient client = t.connect();
    for (int i = 0; i < 1200; ++i) {
      const auto made = client.call<kafka::InitProducerIdResponse>(
          1, kafka::InitProducerIdRequest{.transactional_id = std::nullopt});
      REQUIRE(made);
      REQUIRE(made->error_code == 0);
      REQUIRE(seen.insert(made->producer_id.value).second);
    }
    t.crash();
    t.start();
  }
}

TEST_CASE("a transactional id gets a final error") {
  TestBroker t;
  TestClient client = t.connect();
  const auto refused = client.call<kafka::InitProducerIdResponse>(
      4, kafka::InitProducerIdRequest{.transactional_id = "tx"});
  REQUIRE(refused);
  CHECK(refused->error_code == code(Errc::kTransactionalIdAuthorizationFailed));
}

TEST_CASE("many requests in flight are appended in order and answered in order") {
  TestBroker t;
  t.create_topic("orders");
  TestClient client = t.connect();
  for (int i = 0; i < 200; ++i) {
    client.send(9, *t.produce_request("orders", t.batch({std::to_string(i)})));
  }
  for (int i = 0; i < 200; ++i) {
    const auto answer = client.receive<kafka::ProduceResponse>(9);
    REQUIRE(answer);
    REQUIRE(answer->responses[0].partition_responses[0].base_offset == Offset(i));
  }
}

TEST_CASE("an orderly stop answers what was under way and leaves a clean directory") {
  TestBroker t;
  t.create_topic("orders");
  TestClient client = t.connect();
  client.send(9, *t.produce_request("orders", t.batch({"last words"})));
  t.world.run_for(milliseconds(1));
  t.stop();
  CHECK(t.machine.disk().info("/data/.kafka_cleanshutdown"));
  t.start();
  TestClient again = t.connect();
  CHECK(t.fetch(again, "orders").size() <= 1);
}

TEST_CASE("a full disk refuses writes and serves on; with room again it writes") {
  TestBroker t;
  t.create_topic("orders");
  TestClient client = t.connect();
  t.produce(client, "orders", t.batch({"before"}));
  t.machine.disk().set_full(true);
  const auto refused = t.produce(client, "orders", t.batch({std::string(100'000, 'x')}));
  CHECK(refused.error_code == code(Errc::kKafkaStorageError));
  CHECK(t.fetch(client, "orders") == Values{"before"});
  t.machine.disk().set_full(false);
  CHECK(t.produce(client, "orders", t.batch({"after"})).error_code == 0);
  CHECK(t.fetch(client, "orders") == Values{"before", "after"});
}

TEST_CASE("a topic that is created while the disk is full is served once there is room") {
  TestBroker t;
  t.create_topic("before");
  t.machine.disk().set_full(true);
  t.create_topic("meanwhile");
  TestClient client = t.connect();
  CHECK(t.produce(client, "meanwhile", t.batch({"a"})).error_code ==
        code(Errc::kKafkaStorageError));
  t.machine.disk().set_full(false);
  t.world.run_for(seconds(2));
  CHECK(t.produce(client, "meanwhile", t.batch({"b"})).error_code == 0);
  CHECK(t.fetch(client, "meanwhile") == Values{"b"});
}

TEST_CASE("records that DeleteRecords has removed do not come back with a crash") {
  TestBroker t;
  t.create_topic("orders");
  TestClient client = t.connect();
  t.produce(client, "orders", t.batch({"a"}));
  t.produce(client, "orders", t.batch({"b"}));
  kafka::DeleteRecordsRequest::Partition partition{.partition_index = PartitionIndex(0),
                                                   .offset = Offset(1)};
  kafka::DeleteRecordsRequest::Topic topic{.name = "orders", .partitions = {&partition, 1}};
  const auto answer = client.call<kafka::DeleteRecordsResponse>(
      2, kafka::DeleteRecordsRequest{.topics = {&topic, 1}, .timeout_ms = 10'000});
  REQUIRE(answer);
  CHECK(answer->topics[0].partitions[0].low_watermark == Offset(1));
  t.crash();
  t.start();
  TestClient again = t.connect();
  CHECK(t.fetch(again, "orders", 1) == Values{"b"});
  const auto before = again.call<kafka::FetchResponse>(11, *t.fetch_request("orders", 0));
  REQUIRE(before);
  CHECK(before->responses[0].partitions[0].error_code == code(Errc::kOffsetOutOfRange));
}

TEST_CASE("retention looks as often as log.retention.check.interval.ms says") {
  TestBroker t({{"log.retention.check.interval.ms", "500"}});
  t.create_topic("orders", 1, {{"retention.ms", "1000"}});
  TestClient client = t.connect();
  t.produce(client, "orders", t.batch({"a"}));
  t.world.run_for(seconds(3));
  const auto gone = client.call<kafka::FetchResponse>(11, *t.fetch_request("orders", 0));
  REQUIRE(gone);
  CHECK(gone->responses[0].partitions[0].error_code == code(Errc::kOffsetOutOfRange));
}

}  // namespace
}  // namespace millrace::broker
