// TestBroker: a broker in a simulated world with a machine for its clients. For tests of this
// folder.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "broker/broker.h"
#include "broker/test_client.h"
#include "kafka/messages/create_topics.h"
#include "kafka/messages/fetch.h"
#include "kafka/messages/produce.h"
#include "kafka/record.h"
#include "kafka/record_batch_builder.h"
#include "simulation/world.h"

#include "base/testing.h"

namespace millrace::broker {

class TestBroker {
 public:
  using NamedSettings = std::vector<std::pair<std::string, std::string>>;

  explicit TestBroker(NamedSettings settings = {}, uint64_t seed = 1)
      : settings_(std::move(settings)), world(seed), machine(world.add_node("broker")) {
    client_machine = &world.add_node("client");
    client_machine->start([](runtime::Env&) { return nullptr; });
    start();
  }
  ~TestBroker() { broker.reset(); }

  Result<> try_start() {
    machine.start([this](runtime::Env& env) {
      broker = std::make_shared<Broker>(env, make_settings());
      return broker;
    });
    return world.run(machine, broker->start());
  }
  void start() {
    const Result<> started = try_start();
    REQUIRE_MESSAGE(started.has_value(), (started ? "" : started.error().message()));
  }
  /// What the machine loses depends on how it ends.
  void stop() {
    const Result<> stopped = world.run(machine, broker->stop());
    REQUIRE_MESSAGE(stopped.has_value(), (stopped ? "" : stopped.error().message()));
    end([this] { machine.kill(); });
  }
  void kill() {
    end([this] { machine.kill(); });
  }
  void crash() {
    end([this] { machine.crash(); });
  }

  TestClient connect(std::string_view client_id = "test") {
    return TestClient(world, *client_machine, {"broker", 9092}, client_id);
  }

  /// Creates one topic.
  void create_topic(std::string_view name, int32_t partitions = 1,
                    const NamedSettings& configs = {}) {
    TestClient client = connect();
    std::vector<kafka::CreateTopicsRequest::Config> rows;
    for (const auto& [key, value] : configs) rows.push_back({.name = key, .value = value});
    kafka::CreateTopicsRequest::Topic topic{
        .name = name, .num_partitions = partitions, .replication_factor = 1, .configs = rows};
    const kafka::CreateTopicsRequest request{.topics = {&topic, 1}};
    const auto answer = client.call<kafka::CreateTopicsResponse>(7, request);
    REQUIRE(answer);
    REQUIRE_MESSAGE(answer->topics[0].error_code == 0,
                    answer->topics[0].error_message.value_or(""));
  }

  /// A batch of one record per value.
  Buffer batch(const std::vector<std::string>& values, kafka::BatchOptions options = {}) {
    builder_.begin(options);
    for (const std::string& value : values) {
      REQUIRE(builder_.append({.timestamp = machine.clock().wall(), .value = as_bytes(value)}));
    }
    const Result<Bytes> made = builder_.finish();
    REQUIRE(made);
    return Buffer(*made);
  }

  /// Produces to one partition by name (v9) and returns the partition's answer.
  kafka::ProduceResponse::Partition produce(TestClient& client, std::string_view topic,
                                            Bytes records, int32_t partition = 0,
                                            int16_t acks = -1) {
    const auto answer =
        client.call<kafka::ProduceResponse>(9, *produce_request(topic, records, partition, acks));
    REQUIRE(answer);
    REQUIRE(answer->responses.size() == 1);
    return answer->responses[0].partition_responses[0];
  }
  const kafka::ProduceRequest* produce_request(std::string_view topic, Bytes records,
                                               int32_t partition = 0, int16_t acks = -1) {
    produce_partition_ = {.index = PartitionIndex(partition), .records = kafka::Records(records)};
    produce_topic_ = {.name = topic, .partition_data = {&produce_partition_, 1}};
    produce_ = {.acks = acks, .timeout_ms = 10'000, .topic_data = {&produce_topic_, 1}};
    return &produce_;
  }

  /// The values of all records from `from` on, in one fetch (v11, without a session).
  std::vector<std::string> fetch(TestClient& client, std::string_view topic, int64_t from = 0,
                                 int32_t partition = 0) {
    const auto answer =
        client.call<kafka::FetchResponse>(11, *fetch_request(topic, from, partition));
    REQUIRE(answer);
    REQUIRE(answer->responses.size() == 1);
    const kafka::FetchResponse::Partition& found = answer->responses[0].partitions[0];
    REQUIRE(found.error_code == 0);
    return values(found.records->bytes);
  }
  kafka::FetchRequest* fetch_request(std::string_view topic, int64_t from, int32_t partition = 0) {
    fetch_partition_ = {.partition = PartitionIndex(partition),
                        .fetch_offset = Offset(from),
                        .partition_max_bytes = 1 << 20};
    fetch_topic_ = {.topic = topic, .partitions = {&fetch_partition_, 1}};
    fetch_ = {.max_wait_ms = 0, .min_bytes = 1, .max_bytes = 1 << 20, .topics = {&fetch_topic_, 1}};
    return &fetch_;
  }
  kafka::FetchRequest::Partition& fetch_partition() { return fetch_partition_; }

  static std::vector<std::string> values(Bytes batches) {
    std::vector<std::string> found;
    kafka::BatchCursor cursor(batches);
    while (const kafka::RecordBatchView* batch = cursor.next()) {
      kafka::RecordCursor records(*batch, batch->payload());
      while (const kafka::RecordView* record = records.next()) {
        found.emplace_back(as_text(record->value.value_or(Bytes())));
      }
    }
    CHECK(cursor.end() == kafka::BatchEnd::kClean);
    return found;
  }

 private:
  Settings make_settings() const {
    Settings settings;
    settings.use_zero_config();
    const auto set = [&](std::string_view name, std::string_view value) {
      const Result<> done = settings.set(SettingLayer::kCommandLine, name, value, "test");
      REQUIRE_MESSAGE(done.has_value(), (done ? "" : done.error().message()));
    };
    set("listeners", "PLAINTEXT://broker:9092");
    set("log.dirs", "/data");
    set("group.initial.rebalance.delay.ms", "0");
    for (const auto& [name, value] : settings_) set(name, value);
    return settings;
  }
  template <class End>
  void end(End how) {
    broker.reset();
    how();
  }

  NamedSettings settings_;
  kafka::Compressor compressor_;
  kafka::RecordBatchBuilder builder_{compressor_};
  kafka::ProduceRequest::Partition produce_partition_;
  kafka::ProduceRequest::Topic produce_topic_;
  kafka::ProduceRequest produce_;
  kafka::FetchRequest::Partition fetch_partition_;
  kafka::FetchRequest::Topic fetch_topic_;
  kafka::FetchRequest fetch_;

 public:
  simulation::World world;
  simulation::Node& machine;
  simulation::Node* client_machine = nullptr;
  std::shared_ptr<Broker> broker;  ///< the running process'
};

}  // namespace millrace::broker
