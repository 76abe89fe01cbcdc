// A server with a data directory in a simulated world, and short ways to write and read it. For the
// tests of this folder; not for production code.
#pragma once

#include <fmt/core.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/check.h"
#include "kafka/batch_testing.h"
#include "kafka/control_record.h"
#include "log/log_directory.h"
#include "log/partition_log.h"
#include "simulation/world.h"

namespace millrace::log::testing {

using kafka::testing::OwnedRecord;

inline const TopicPartition kOrders{"orders", PartitionIndex(0)};
inline const TopicId kOrdersId{Uuid{7, 7}};

inline LogDirectoryOptions standard_options() {
  return {.path = "data",
          .node_id = BrokerId(1),
          .format = MetaProperties{"test-cluster", BrokerId(1), Uuid{1, 200}},
          .retention_check_interval = seconds(1)};
}

/// What runs on the machine. Opening may fail; the test looks at `opened`.
struct LogServer {
  LogServer(runtime::Env& env, const LogDirectoryOptions& options)
      : opened(LogDirectory::open(env, options)) {}
  Result<std::unique_ptr<LogDirectory>> opened;
};

using Partitions = std::map<TopicPartition, TopicId>;

inline LogDirectory::FactsOf facts_from(std::shared_ptr<const LogConfig> config,
                                        const Partitions* wanted) {
  return [config, wanted](const TopicPartition& name) {
    const auto known = wanted->find(name);
    return LogDirectory::Facts{config, known == wanted->end() ? TopicId() : known->second};
  };
}

// As a broker does, which knows from its metadata what there ought to be.
inline runtime::Task<> load_first(LogDirectory* directory, std::shared_ptr<const LogConfig> config,
                                  const Partitions* wanted) {
  co_await directory->load(facts_from(config, wanted));
  for (const auto& [name, id] : *wanted) {
    const bool missing = !directory->find(name) && !directory->unloadable().contains(name);
    if (missing && !directory->is_waiting(name)) co_await directory->create(name, id, config);
  }
  directory->start_maintenance();
}

/// One machine. start() is a boot: open, load, maintenance.
class LogWorld {
 public:
  explicit LogWorld(uint64_t seed = 1, LogDirectoryOptions options = standard_options(),
                    const simulation::Faults& faults = {})
      : world_(seed, faults), node_(world_.add_node("server")), options_(std::move(options)) {
    // Most records of these tests are from 1970.
    config_->retention_ms.reset();
  }

  simulation::World& world() { return world_; }
  simulation::Node& node() { return node_; }
  simulation::SimulatedDisk& disk() { return node_.disk(); }
  LogDirectoryOptions& options() { return options_; }
  LogConfig& config() { return *config_; }
  std::shared_ptr<LogConfig> shared_config() { return config_; }

  Result<> start() {
    TRY(start_serving());
    return load_waiting();
  }
  /// As far as a start goes before anybody is served.
  Result<> start_serving() {
    server_ = nullptr;
    node_.start([this](runtime::Env& env) {
      auto server = std::make_shared<LogServer>(env, options_);
      server_ = server.get();
      return server;
    });
    if (!server_->opened) return std::unexpected(server_->opened.error());
    return world_.run(node_, load_first(&directory(), config_, &created_), seconds(600));
  }
  /// The rest. `order` gets those that were loaded.
  Result<> load_waiting(std::vector<TopicPartition>* order = nullptr) {
    return world_.run(node_, loading(order), seconds(600));
  }
  runtime::Task<> loading(std::vector<TopicPartition>* order = nullptr) {
    return directory().load_waiting(facts_from(config_, &created_),
                                    [order](const TopicPartition& name) {
                                      if (order) order->push_back(name);
                                    });
  }
  Result<bool> load_now(const TopicPartition& name = kOrders) {
    return directory().load_now(name, facts_from(config_, &created_)(name));
  }
  LogDirectory& directory() { return **server_->opened; }

  PartitionLog& create(const TopicPartition& name = kOrders, TopicId id = kOrdersId) {
    const auto made = directory().create(name, id, config_);
    CHECK(made.has_value());
    created_.insert_or_assign(name, id);
    return **made;
  }
  Result<> remove(const TopicPartition& name) {
    forget(name);
    return directory().remove(name);
  }
  /// The next start knows it, as a server does whose metadata have it.
  void expect(const TopicPartition& name = kOrders, TopicId id = kOrdersId) {
    created_.insert_or_assign(name, id);
  }
  /// The next start finds it by itself or not at all.
  void forget(const TopicPartition& name = kOrders) { created_.erase(name); }
  PartitionLog& log(const TopicPartition& name = kOrders) {
    const auto found = directory().find(name);
    CHECK(found != nullptr);
    return *found;
  }
  bool has(const TopicPartition& name) { return directory().find(name) != nullptr; }

  /// Stops in order, then starts again.
  Result<> restart() {
    TRY(close());
    return start();
  }
  Result<> close(int64_t broker_epoch = 5) {
    const Result<> closed = world_.run(node_, directory().close(broker_epoch), seconds(600));
    node_.kill();
    return closed;
  }
  /// Loses power, then starts again.
  Result<> crash() {
    node_.crash();
    return start();
  }

  Result<> durable(PartitionLog& log) { return run(log.durable(log.log_end_offset())); }
  Result<> run(runtime::Task<> task) { return world_.run(node_, std::move(task)); }
  void run_for(Duration time) { world_.run_for(time); }
  Timestamp now() { return node_.clock().wall(); }

  std::vector<std::string> files(const std::string& path = "data/orders-0") {
    std::vector<std::string> names;
    for (const runtime::DirectoryEntry& entry : *disk().list(path)) names.push_back(entry.name);
    return names;
  }

 private:
  simulation::World world_;
  simulation::Node& node_;
  LogDirectoryOptions options_;
  std::shared_ptr<LogConfig> config_ = std::make_shared<LogConfig>();
  Partitions created_;
  LogServer* server_ = nullptr;
};

inline std::vector<OwnedRecord> records_of(const std::vector<std::string>& values,
                                           int64_t timestamp_ms = 1000) {
  std::vector<OwnedRecord> records;
  for (const std::string& value : values) {
    const auto offset = static_cast<int64_t>(records.size());
    records.push_back({.timestamp_ms = timestamp_ms, .key = "k", .value = value, .offset = offset});
  }
  return records;
}

inline ProduceResult produce(PartitionLog& log, const std::vector<OwnedRecord>& records,
                             const kafka::BatchOptions& options = {},
                             LeaderEpoch epoch = LeaderEpoch(0)) {
  Buffer batch = kafka::testing::build(options, records);
  return log.append_produced(batch.mutable_bytes(), {.leader_epoch = epoch});
}
inline ProduceResult put(PartitionLog& log, const std::vector<std::string>& values,
                         int64_t timestamp_ms = 1000) {
  return produce(log, records_of(values, timestamp_ms));
}

/// A producer's batch options: id, epoch and sequence.
inline kafka::BatchOptions by_producer(int64_t id, int16_t epoch, int32_t sequence,
                                       bool transactional = false) {
  return {.producer_id = ProducerId(id),
          .producer_epoch = ProducerEpoch(epoch),
          .base_sequence = sequence,
          .transactional = transactional};
}

/// The end of a producer's transaction, as the coordinator writes it.
inline Buffer marker(int64_t producer_id, int16_t epoch, bool commit, int32_t coordinator_epoch = 0,
                     int64_t timestamp_ms = 1000) {
  kafka::BatchOptions options = by_producer(producer_id, epoch, kafka::kNoSequence, true);
  options.control = true;
  const auto key = kafka::control_record_key(commit ? kafka::ControlRecordType::kCommit
                                                    : kafka::ControlRecordType::kAbort);
  const auto value = kafka::end_transaction_marker_value(coordinator_epoch);
  const auto text = [](const auto& bytes) { return std::string(as_text(Bytes(bytes))); };
  return kafka::testing::build(
      options, {{.timestamp_ms = timestamp_ms, .key = text(key), .value = text(value)}});
}

/// All batches from `from` to the bound, in reads of `bytes_max`.
inline Result<std::vector<Buffer>> read_batches(PartitionLog& log, Offset from,
                                                ReadBound bound = ReadBound::kLogEnd,
                                                int64_t bytes_max = 1 << 20) {
  std::vector<Buffer> batches;
  while (true) {
    const ReadResult read = TRY(log.read(from, {.bytes_max = bytes_max, .bound = bound}));
    if (read.slice.empty()) return batches;
    Buffer bytes;
    TRY(read.slice.copy_to(bytes));
    kafka::BatchCursor cursor(bytes);
    while (const kafka::RecordBatchView* batch = cursor.next()) {
      batches.emplace_back(batch->bytes());
      from = batch->next_offset();
    }
    if (cursor.end() != kafka::BatchEnd::kClean) return fail(cursor.problem());
  }
}

/// The records of those batches, without control records, from offset `from` on.
inline Result<std::vector<OwnedRecord>> read_records(PartitionLog& log, Offset from = Offset(0),
                                                     ReadBound bound = ReadBound::kLogEnd,
                                                     int64_t bytes_max = 1 << 20) {
  std::vector<OwnedRecord> records;
  for (const Buffer& bytes : TRY(read_batches(log, from, bound, bytes_max))) {
    if (TRY(kafka::parse_batch(bytes)).is_control()) continue;
    for (OwnedRecord& record : TRY(kafka::testing::read(bytes))) {
      if (record.offset >= from.value) records.push_back(std::move(record));
    }
  }
  return records;
}

inline std::vector<std::string> values_of(const std::vector<OwnedRecord>& records) {
  std::vector<std::string> values;
  values.reserve(records.size());
  for (const OwnedRecord& record : records) values.push_back(record.value.value_or("(null)"));
  return values;
}

}  // namespace millrace::log::testing
