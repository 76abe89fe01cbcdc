// A data directory after a crash, a disk's rot or another server: any content in any file. Loading
// ends; what is readable is read to the end; what is appended then stays.
// Shape of an input: options (1 = stopped in order, 2 = loses power in the middle), then files: one
// byte for the name (128 = CRCs stay as they are), content with a 16-bit size in front.
#include "base/check.h"
#include "fuzz/batches.h"
#include "fuzz/input.h"
#include "kafka/record_batch_builder.h"
#include "log/log_directory.h"
#include "simulation/world.h"

namespace millrace::log {
namespace {

using runtime::Task;
using simulation::World;

constexpr size_t kReadsMax = 1000;

constexpr std::string_view kFiles[] = {
    "orders-0/00000000000000000000.log",
    "orders-0/00000000000000000000.index",
    "orders-0/00000000000000000000.timeindex",
    "orders-0/00000000000000000000.txnindex",
    "orders-0/00000000000000000010.log",
    "orders-0/00000000000000000010.index",
    "orders-0/00000000000000000010.timeindex",
    "orders-0/00000000000000000010.txnindex",
    "orders-0/00000000000000000010.snapshot",
    "orders-0/00000000000000000012.snapshot",
    "orders-0/00000000000000000000.log.swap",
    "orders-0/00000000000000000000.index.swap",
    "orders-0/00000000000000000010.log.cleaned",
    "orders-0/00000000000000000010.log.deleted",
    "orders-0/09223372036854775807.log",
    "orders-0/leader-epoch-checkpoint",
    "orders-0/partition.metadata",
    "recovery-point-offset-checkpoint",
    "log-start-offset-checkpoint",
    "replication-offset-checkpoint",
    "cleaner-offset-checkpoint",
    "meta.properties",
};

const TopicPartition kOrders{"orders", PartitionIndex(0)};

struct Server {
  explicit Server(runtime::Env& env)
      : opened(LogDirectory::open(env, {.path = "data",
                                        .node_id = BrokerId(1),
                                        .format = MetaProperties{"c", BrokerId(1), Uuid{1, 2}}})) {}
  Result<std::unique_ptr<LogDirectory>> opened;
};

Task<> load(LogDirectory* directory) {
  const auto config = std::make_shared<LogConfig>();
  config->retention_ms = std::nullopt;  // what rot says of a record's age must not remove it
  const LogDirectory::FactsOf facts_of = [config](const TopicPartition&) {
    return LogDirectory::Facts{config, {}};
  };
  co_await directory->load(facts_of);
  directory->start_maintenance();
  for (const TopicPartition& name : directory->waiting()) {
    co_await runtime::as_result(directory->load_now(name, facts_of(name)));
  }
  co_await directory->load_waiting(facts_of, [](const TopicPartition&) {});
}

class Machine {
 public:
  Machine() : node_(world_.add_node("server")) { world_.set_log_level(std::nullopt); }

  void write(std::string_view name, Bytes content) {
    const std::string path = runtime::join_path("data", name);
    CHECK(runtime::make_directories(node_.disk(), runtime::parent_path(path)).has_value());
    const auto file = node_.disk().open(path, {.create = true, .truncate = true});
    CHECK(file.has_value() && (*file)->write_at(0, {&content, 1}).has_value());
    CHECK((*file)->sync_now().has_value());
    CHECK(node_.disk().sync_directory(runtime::parent_path(path)).has_value());
  }

  /// The log, or nullptr when the directory or the partition was refused, with a reason.
  PartitionLog* start() {
    node_.start([this](runtime::Env& env) { return server_ = std::make_shared<Server>(env); });
    if (!server_->opened) {
      CHECK(!server_->opened.error().detail().empty());
      return nullptr;
    }
    CHECK(world_.run(node_, load(&directory()), seconds(600)).has_value());
    for (const auto& [name, error] : directory().unloadable()) CHECK(!error.detail().empty());
    return directory().find(kOrders).get();
  }
  void stop() {
    CHECK(world_.run(node_, directory().close(1), seconds(600)).has_value());
    kill();
  }
  void kill() {
    server_.reset();
    node_.kill();
  }
  void crash() {
    server_.reset();
    node_.crash();
  }
  bool durable(PartitionLog& log) {
    return world_.run(node_, log.durable(log.log_end_offset())).has_value();
  }

 private:
  LogDirectory& directory() { return **server_->opened; }

  World world_{1};
  simulation::Node& node_;
  std::shared_ptr<Server> server_;
};

// Goes on behind what a slice holds, as a consumer does. A read looks at the first batch only: what
// has rotted behind it and was met by nobody yet is sent as it is, and ends the walk; the next read
// begins there and meets it.
Offset walk(const ReadResult& read, Offset from) {
  Buffer bytes;
  CHECK(read.slice.copy_to(bytes).has_value());
  kafka::BatchCursor cursor(bytes, kafka::CrcCheck::kSkip);
  Offset next = from;
  while (const kafka::RecordBatchView* batch = cursor.next()) {
    if (batch->next_offset() <= next) break;
    next = batch->next_offset();
  }
  CHECK(next > from, "a read gave nothing");
  return next;
}

Offset behind_damage(PartitionLog& log, Offset from) {
  for (const DamagedRange& range : log.damaged()) {
    CHECK(!range.what.empty());
    if (from >= range.first && from < range.next) return range.next;
  }
  CHECK(false, "a read was refused where nothing is said to be damaged");
  return from;
}

void read_all(PartitionLog& log) {
  CHECK(log.log_start_offset() <= log.high_watermark());
  CHECK(log.high_watermark() <= log.log_end_offset());
  CHECK(log.last_stable_offset() <= log.high_watermark());
  Offset from = log.log_start_offset();
  for (size_t reads = 0; from < log.log_end_offset(); ++reads) {
    CHECK(reads < kReadsMax);
    const auto read = log.read(from, {.bound = ReadBound::kLogEnd});
    if (read) {
      CHECK(!read->slice.empty());
      from = walk(*read, from);
    } else {
      CHECK(read.error().code() == Errc::kCorruptMessage && !read.error().detail().empty());
      from = behind_damage(log, from);
    }
  }
  (void)log.aborted_transactions(log.log_start_offset(), log.log_end_offset());
  (void)log.offset_for_timestamp({1000}, ReadBound::kLogEnd);
  (void)log.offset_of_max_timestamp(ReadBound::kLastStable);
  (void)log.end_offset_for_epoch(log.leader_epochs().latest());
}

// What is new goes behind everything that is there, and comes back as it was.
Offset append_one(PartitionLog& log) {
  static kafka::Compressor* const kCompressor = new kafka::Compressor;
  kafka::RecordBatchBuilder builder(*kCompressor);
  builder.begin({});
  CHECK(builder.append({.timestamp = {1000}, .value = as_bytes("new")}).has_value());
  Buffer batch(*builder.finish());
  const Offset end = log.log_end_offset();
  const LeaderEpoch epoch(std::max(log.leader_epochs().latest().value, 0));
  const ProduceResult appended =
      log.append_produced(batch.mutable_bytes(), {.leader_epoch = epoch});
  if (!appended) {
    CHECK(!appended.error().error.detail().empty());
    return kNoOffset;
  }
  CHECK(appended->first_offset == end && log.log_end_offset() == end.next());
  return end;
}

void check_there(PartitionLog& log, Offset offset) {
  const auto read = log.read(offset, {.bound = ReadBound::kLogEnd});
  CHECK(read.has_value() && !read->slice.empty());
  Buffer bytes;
  CHECK(read->slice.copy_to(bytes).has_value());
  const auto batch = kafka::parse_batch(bytes);
  CHECK(batch.has_value() && verify_crc(*batch).has_value());
  CHECK(batch->base_offset() == offset && batch->record_count() == 1);
}

void write_files(Machine& machine, fuzz::Input& input, bool stopped_in_order) {
  machine.write("meta.properties", as_bytes("version=1\ncluster.id=c\nnode.id=1\n"));
  if (stopped_in_order) machine.write(kCleanShutdownName, as_bytes("{}"));
  while (!input.empty()) {
    const uint8_t choice = input.byte();
    const std::string_view name = kFiles[(choice & 127) % std::size(kFiles)];
    Buffer content(input.piece());
    if ((choice & 128) == 0 && name.find(".log") != std::string_view::npos) {
      fuzz::repair_checksums(content.mutable_bytes());
    }
    machine.write(name, content);
  }
}

void run(Bytes bytes) {
  fuzz::Input input(bytes);
  const uint8_t options = input.byte();
  Machine machine;
  write_files(machine, input, (options & 1) != 0);
  PartitionLog* log = machine.start();
  if (log == nullptr) return machine.kill();
  read_all(*log);
  const Offset appended = append_one(*log);
  CHECK(machine.durable(*log));
  if (appended != kNoOffset) check_there(*log, appended);
  const Offset end = log->log_end_offset();

  (options & 2) != 0 ? machine.crash() : machine.stop();
  log = machine.start();
  CHECK(log != nullptr && log->log_end_offset() == end);
  read_all(*log);
  if (appended != kNoOffset) check_there(*log, appended);
  machine.kill();
}

}  // namespace
}  // namespace millrace::log

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  millrace::log::run({data, size});
  return 0;
}
