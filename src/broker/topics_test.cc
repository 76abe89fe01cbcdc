// Topics whose logs are not loaded yet: what clients see while the broker has just started.
#include "broker/topics.h"

#include <string>
#include <vector>

#include "kafka/messages/delete_topics.h"
#include "kafka/messages/incremental_alter_configs.h"
#include "log/partition_metadata.h"

#include "base/testing.h"
#include "broker/test_broker.h"

namespace millrace::broker {
namespace {

using Values = std::vector<std::string>;

int16_t code(Errc errc) {
  return error_info(errc).kafka_code;
}

constexpr std::string_view kOrders = "/data/orders-0";
constexpr std::string_view kIndex = "/data/orders-0/00000000000000000000.index";

// One record, and an orderly stop.
void fill_and_stop(TestBroker& t) {
  t.create_topic("orders");
  TestClient client = t.connect();
  REQUIRE(t.produce(client, "orders", t.batch({"a"})).error_code == 0);
  t.stop();
}

void delete_orders(TestBroker& t) {
  TestClient admin = t.connect();
  std::string_view name = "orders";
  const kafka::DeleteTopicsRequest removal{.topic_names = {&name, 1}};
  const auto answer = admin.call<kafka::DeleteTopicsResponse>(4, removal);
  REQUIRE(answer);
  REQUIRE(answer->responses[0].error_code == 0);
}

size_t directories(TestBroker& t, std::string_view prefix, std::string_view suffix) {
  size_t count = 0;
  for (const runtime::DirectoryEntry& entry : *t.machine.disk().list("/data")) {
    count += entry.name.starts_with(prefix) && entry.name.ends_with(suffix);
  }
  return count;
}

TEST_CASE("after an orderly stop the first request of all is answered as ever") {
  TestBroker t;
  fill_and_stop(t);
  t.start();
  TestClient client = t.connect();
  CHECK(t.produce(client, "orders", t.batch({"b"})).base_offset == Offset(1));
  CHECK(t.fetch(client, "orders") == Values{"a", "b"});
  t.stop();
  t.start();
  t.world.run_for(seconds(1));  // by then it was loaded unasked
  TestClient later = t.connect();
  CHECK(t.fetch(later, "orders") == Values{"a", "b"});
}

TEST_CASE("a log that takes recovery answers NOT_LEADER_OR_FOLLOWER until it is there") {
  TestBroker t;
  fill_and_stop(t);
  REQUIRE(t.machine.disk().remove(std::string(kIndex)));
  t.start();
  TestClient client = t.connect();
  CHECK(t.produce(client, "orders", t.batch({"b"})).error_code == code(Errc::kNotLeaderOrFollower));
  t.world.run_for(seconds(1));
  CHECK(t.produce(client, "orders", t.batch({"b"})).base_offset == Offset(1));
  CHECK(t.fetch(client, "orders") == Values{"a", "b"});
}

TEST_CASE("a log that cannot be loaded answers KAFKA_STORAGE_ERROR, asked for or not") {
  for (const bool asked : {true, false}) {
    CAPTURE(asked);
    TestBroker t;
    fill_and_stop(t);
    REQUIRE(runtime::write_file_atomically(
        t.machine.disk(), runtime::join_path(std::string(kOrders), "leader-epoch-checkpoint"),
        "7\n0\n"));
    t.start();
    if (!asked) t.world.run_for(seconds(1));
    TestClient client = t.connect();
    CHECK(t.produce(client, "orders", t.batch({"b"})).error_code == code(Errc::kKafkaStorageError));
    CHECK(t.broker->status().unloadable.size() == 1);
  }
}

TEST_CASE("a topic that is deleted before its log was loaded is gone, and its name free") {
  TestBroker t;
  fill_and_stop(t);
  t.start();
  delete_orders(t);
  CHECK(directories(t, "orders-0", "-delete") == 1);
  t.create_topic("orders");
  TestClient client = t.connect();
  CHECK(t.produce(client, "orders", t.batch({"new"})).base_offset == Offset(0));
  t.world.run_for(seconds(120));
  CHECK(directories(t, "orders-0", "-delete") == 0);
  t.crash();
  t.start();
  t.world.run_for(seconds(1));
  TestClient later = t.connect();
  CHECK(t.fetch(later, "orders") == Values{"new"});
}

TEST_CASE("a directory that turns out to be another topic's is set aside") {
  for (const bool asked : {true, false}) {
    CAPTURE(asked);
    TestBroker t;
    fill_and_stop(t);
    REQUIRE(runtime::write_file_atomically(
        t.machine.disk(), runtime::join_path(std::string(kOrders), "partition.metadata"),
        log::format_partition_metadata(TopicId{Uuid{1, 2}})));
    t.start();
    if (!asked) t.world.run_for(seconds(1));
    TestClient client = t.connect();
    CHECK(t.produce(client, "orders", t.batch({"b"})).base_offset == Offset(0));
    CHECK(directories(t, "orders-0", "-stray") == 1);
    CHECK(directories(t, "orders-0", "") == 2);
  }
}

TEST_CASE("settings that are altered before the log was loaded count when it is") {
  TestBroker t;
  fill_and_stop(t);
  REQUIRE(t.machine.disk().remove(std::string(kIndex)));
  t.start();
  TestClient client = t.connect();
  kafka::IncrementalAlterConfigsRequest::Config config{.name = "max.message.bytes", .value = "100"};
  kafka::IncrementalAlterConfigsRequest::Resource resource{
      .resource_type = 2, .resource_name = "orders", .configs = {&config, 1}};
  const kafka::IncrementalAlterConfigsRequest request{.resources = {&resource, 1}};
  const auto altered = client.call<kafka::IncrementalAlterConfigsResponse>(1, request);
  REQUIRE(altered);
  REQUIRE(altered->responses[0].error_code == 0);
  t.world.run_for(seconds(1));
  CHECK(t.produce(client, "orders", t.batch({std::string(1000, 'x')})).error_code ==
        code(Errc::kMessageTooLarge));
}

}  // namespace
}  // namespace millrace::broker
