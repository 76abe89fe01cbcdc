// Each kind of damage that a stopped directory can have: found by name, made good where the records
// tell how, and never at the cost of a record.
#include "log/directory_check.h"

#include "log/log_testing.h"
#include "log/producer_snapshot.h"

#include "base/testing.h"

namespace millrace::log {
namespace {

using namespace millrace::log::testing;  // NOLINT: the vocabulary of these tests

const std::string kData = "data";
const std::string kPartition = "orders-0";

std::string file_of(int64_t base, FileKind kind) {
  return kPartition + "/" + SegmentFileName{Offset(base), kind}.to_string();
}

/// A partition with several segments, two leader epochs, an idempotent producer and an aborted
/// transaction, stopped in order. Offsets: 0-5 plain, 6-7 by producer 7, 8 transactional by
/// producer 9, 9 its abort marker, 10-11 of epoch 3.
struct Stopped : LogWorld {
  Stopped() {
    config().segment_bytes = 600;
    config().index_interval_bytes = 0;
    REQUIRE(start());
    create();
    for (int i = 0; i < 6; ++i) REQUIRE(produce(log(), one(i)));
    REQUIRE(produce(log(), one(6), by_producer(7, 0, 0)));
    REQUIRE(produce(log(), one(7), by_producer(7, 0, 1)));
    REQUIRE(produce(log(), one(8), by_producer(9, 0, 0, true)));
    Buffer abort = marker(9, 0, false, 0, now().ms);
    REQUIRE(log().append_own(abort.mutable_bytes(), LeaderEpoch(0)));
    log().begin_leader_epoch(LeaderEpoch(3));
    for (int i = 10; i < 12; ++i) REQUIRE(produce(log(), one(i), {}, LeaderEpoch(3)));
    REQUIRE(durable(log()));
    REQUIRE(close());
    known[kOrders] = {.topic_id = kOrdersId};
  }

  std::vector<OwnedRecord> one(int i) {
    return records_of({fmt::format("{:0100}", i)}, now().ms + i);
  }

  CheckReport check(bool repair = false, bool with_metadata = true) {
    runtime::Env* env = nullptr;
    node().start([&](runtime::Env& given) {
      env = &given;
      return std::make_shared<int>(0);
    });
    auto opened = DirectoryCheck::open(*env, {.path = kData, .repair = repair});
    REQUIRE_MESSAGE(opened.has_value(), (opened ? "" : opened.error().message()));
    auto report = world().run(node(), (*opened)->run(with_metadata ? &known : nullptr, {}));
    REQUIRE_MESSAGE(report.has_value(), (report ? "" : report.error().message()));
    opened->reset();
    node().kill();
    return *std::move(report);
  }

  /// Exactly this is found; a repair makes it good, and a second look finds nothing.
  void finds_and_repairs(const std::string& where, const std::string& what) {
    const CheckReport found = check();
    REQUIRE(found.findings.size() == 1);
    CHECK(found.findings[0].harm == Harm::kDerived);
    CHECK(found.findings[0].where == where);
    CHECK_MESSAGE(found.findings[0].what.find(what) != std::string::npos, found.findings[0].what);
    CHECK(!found.findings[0].repaired);
    const auto before = segments();
    const CheckReport repaired = check(true);
    REQUIRE(repaired.findings.size() == 1);
    CHECK(repaired.findings[0].repaired);
    CHECK(check().findings.empty());
    CHECK(segments() == before);
    serves_everything();
  }
  /// Exactly this is found, and a repair leaves it as it is.
  void finds(Harm harm, const std::string& where, const std::string& what) {
    for (const bool repair : {true, false}) {
      const CheckReport found = check(repair);
      REQUIRE(found.findings.size() == 1);
      CHECK(found.findings[0].harm == harm);
      CHECK(found.findings[0].where == where);
      CHECK_MESSAGE(found.findings[0].what.find(what) != std::string::npos, found.findings[0].what);
      CHECK(!found.findings[0].remedy.empty());
      CHECK(!found.findings[0].repaired);
    }
  }
  void serves_everything() {
    REQUIRE(start());
    CHECK(read_records(log())->size() == 11);
    CHECK(log().aborted_transactions(Offset(0), Offset(12))->size() == 1);
    CHECK(log().leader_epochs().latest() == LeaderEpoch(3));
  }

  std::string text(const std::string& file) {
    return *runtime::read_file(disk(), runtime::join_path(kData, file), 1 << 20);
  }
  void write(const std::string& file, std::string_view content) {
    REQUIRE(runtime::write_file_atomically(disk(), runtime::join_path(kData, file), content));
  }
  void remove(const std::string& file) { REQUIRE(disk().remove(runtime::join_path(kData, file))); }
  void flip(const std::string& file, int64_t byte) {
    REQUIRE(disk().flip_bit(runtime::join_path(kData, file), byte, 3));
  }
  std::vector<int64_t> bases() {
    std::vector<int64_t> found;
    for (const std::string& name : files()) {
      const auto parsed = SegmentFileName::parse(name);
      if (parsed && parsed->kind == FileKind::kLog) found.push_back(parsed->base_offset.value);
    }
    return found;
  }
  std::map<int64_t, std::string> segments() {
    std::map<int64_t, std::string> content;
    for (const int64_t base : bases()) content[base] = text(file_of(base, FileKind::kLog));
    return content;
  }
  /// The file of this kind that is there, the last of them.
  std::string last(FileKind kind) {
    std::string found;
    for (const std::string& name : files()) {
      const auto parsed = SegmentFileName::parse(name);
      if (parsed && parsed->kind == kind) found = runtime::join_path(kPartition, name);
    }
    return found;
  }

  KnownPartitions known;
};

TEST_CASE("a directory that was stopped in order is sound") {
  Stopped world;
  REQUIRE(world.bases().size() >= 3);
  const CheckReport report = world.check();
  CHECK(report.clean);
  CHECK(report.partitions == 1);
  CHECK(report.segments == world.bases().size());
  CHECK(report.findings.empty());
  CHECK(world.check(false, false).findings.empty());  // nor without the metadata
  world.serves_everything();
}

TEST_CASE("a directory in use is left alone, and what is none is said to be none") {
  Stopped world;
  runtime::Env* env = nullptr;
  world.node().start([&](runtime::Env& given) {
    env = &given;
    return std::make_shared<LogServer>(given, world.options());
  });
  const auto code = [&](const std::string& path) {
    return DirectoryCheck::open(*env, {.path = path}).error().code();
  };
  CHECK(code(kData) == Errc::kLocked);
  CHECK(code("nowhere") == Errc::kNotFound);
  REQUIRE(world.disk().make_directory("empty"));
  CHECK(code("empty") == Errc::kForeignDirectory);
  CHECK(world.disk().list("empty")->empty());
}

TEST_CASE("an index that is missing, cut short or wrong is made from the batches") {
  for (const FileKind kind : {FileKind::kOffsetIndex, FileKind::kTimeIndex}) {
    const std::string file = file_of(0, kind);
    CAPTURE(file);
    Stopped missing;
    missing.remove(file);
    missing.finds_and_repairs(file, "missing");
    Stopped odd_size;
    odd_size.write(file, "abc");
    odd_size.finds_and_repairs(file, "not a multiple");
    Stopped rotten;
    std::string content = rotten.text(file);
    content.back() = static_cast<char>(content.back() ^ 1);
    rotten.write(file, content);
    rotten.finds_and_repairs(file, "");
  }
}

TEST_CASE("an offset index that points into the middle of a batch is found") {
  Stopped world;
  const std::string file = file_of(0, FileKind::kOffsetIndex);
  OffsetIndex index(Offset(0));
  index.append(Offset(1), 7);
  world.write(file, as_text(index.format().bytes()));
  world.finds_and_repairs(file, "entry 0 says that offset 1 is at byte 7, where it is not");
}

TEST_CASE("a time index that does not reach the largest time is found") {
  Stopped world;
  const std::string file = file_of(0, FileKind::kTimeIndex);
  world.write(file, "");
  world.finds_and_repairs(file, "it ends at time -1, and there are records of time");
}

TEST_CASE("a transaction index that is missing or wrong is made from the markers") {
  Stopped missing;
  const std::string file = missing.last(FileKind::kTransactionIndex);
  REQUIRE(!file.empty());
  missing.remove(file);
  missing.finds_and_repairs(file, "it tells of 0 aborted transactions, and the batches of 1");
  Stopped rotten;
  std::string content = rotten.text(file);
  content[9] = static_cast<char>(content[9] ^ 1);  // of the producer's id
  rotten.write(file, content);
  rotten.finds_and_repairs(file, "aborted transactions");
}

TEST_CASE("leader epochs that are missing, unreadable or untrue are made from the batches") {
  const std::string file = kPartition + "/" + std::string(kLeaderEpochCheckpointName);
  Stopped missing;
  missing.remove(file);
  missing.finds_and_repairs(file, "missing");
  Stopped unreadable;
  unreadable.write(file, "0\n2\n0 0\n");
  unreadable.finds_and_repairs(file, "");
  Stopped untrue;
  untrue.write(file, "0\n2\n0 0\n3 11\n");
  untrue.finds_and_repairs(file, "it says that offset 10 is of epoch 0, and its batch says 3");
  Stopped beyond;
  beyond.write(file, "0\n3\n0 0\n3 10\n9 99\n");
  beyond.finds_and_repairs(file, "epoch 9 begins at 99, and the log ends at 12");
}

TEST_CASE("a producer snapshot that is damaged or untrue is made from the batches") {
  Stopped damaged;
  const std::string file = damaged.last(FileKind::kProducerSnapshot);
  REQUIRE(!file.empty());
  damaged.flip(file, 20);
  damaged.finds_and_repairs(file, "CRC");

  Stopped untrue;
  std::vector<ProducerEntry> entries = *parse_producer_snapshot(as_bytes(untrue.text(file)));
  ProducerStates states;
  entries.front().epoch = ProducerEpoch(5);
  states.restore(entries);
  untrue.write(file, as_text(format_producer_snapshot(states).bytes()));
  untrue.finds_and_repairs(file, "producer 7 is said to have epoch 5, and has 0");

  Stopped forgetful;
  forgetful.write(file, as_text(format_producer_snapshot(ProducerStates()).bytes()));
  forgetful.finds_and_repairs(file, "producer 7 is missing");
}

TEST_CASE("the topic's id is held against the metadata") {
  const std::string file = kPartition + "/" + std::string(kPartitionMetadataName);
  Stopped missing;
  missing.remove(file);
  missing.finds_and_repairs(file, "missing");
  Stopped unreadable;
  unreadable.write(file, "nonsense");
  unreadable.finds_and_repairs(file, "nonsense");
  Stopped foreign;
  foreign.known[kOrders].topic_id = TopicId{Uuid{8, 8}};
  foreign.finds(Harm::kRecords, file, "and the metadata says");
}

TEST_CASE("rot in a batch is told with its offsets, and nothing is done to it") {
  Stopped world;
  const std::string file = file_of(0, FileKind::kLog);
  world.flip(file, 150);
  world.finds(Harm::kRecords, file, "offsets 0 to 0 are damaged");
}

TEST_CASE("behind rot nothing is written anew from what is left") {
  Stopped world;
  world.flip(world.last(FileKind::kLog), 100);  // nothing after it tells of the producers
  const std::string second = file_of(world.bases()[1], FileKind::kLog);
  world.flip(second, 150);
  std::map<std::string, std::string> before;
  for (const std::string& name : world.files()) before[name] = world.text(kPartition + "/" + name);
  const CheckReport report = world.check(true);
  CHECK(report.findings.size() == 2);
  for (const Finding& finding : report.findings) CHECK(finding.harm == Harm::kRecords);
  for (const auto& [name, content] : before) CHECK(world.text(kPartition + "/" + name) == content);
}

TEST_CASE("a segment that is missing or ends too early is told with its offsets") {
  Stopped missing;
  const int64_t second = missing.bases()[1];
  const int64_t third = missing.bases()[2];
  for (const FileKind kind : kSegmentFileKinds) {
    (void)missing.disk().remove(runtime::join_path(kData, file_of(second, kind)));
  }
  missing.finds(Harm::kRecords, file_of(third, FileKind::kLog),
                fmt::format("offsets {} to {} are not there", second, third - 1));
}

TEST_CASE("an end that is missing is told, and its recovery point stays") {
  Stopped world;
  const std::string file = world.last(FileKind::kLog);
  REQUIRE((*world.disk().open(runtime::join_path(kData, file), {}))->truncate(0));
  const CheckReport report = world.check(true);
  const bool told = std::ranges::any_of(report.findings, [](const Finding& finding) {
    return finding.harm == Harm::kRecords && finding.where == kPartition &&
           finding.what.find("and up to 12 it was stable: the end is missing") != std::string::npos;
  });
  CHECK(told);
  CHECK(world.text(std::string(kRecoveryPointName)).find("orders 0 12") != std::string::npos);
}

TEST_CASE("checkpoints that are missing, unreadable or beyond the log are made good") {
  const std::string recovery_point(kRecoveryPointName);
  Stopped missing;
  missing.remove(recovery_point);
  missing.finds_and_repairs(recovery_point, "missing");
  for (const std::string_view name :
       {kRecoveryPointName, kLogStartOffsetName, kHighWatermarkName, kCleanerOffsetName}) {
    CAPTURE(name);
    Stopped unreadable;
    unreadable.write(std::string(name), "nonsense");
    unreadable.finds_and_repairs(std::string(name), "");
  }
  Stopped beyond;
  beyond.write(std::string(kHighWatermarkName), "0\n1\norders 0 99\n");
  beyond.finds_and_repairs(std::string(kHighWatermarkName),
                           "it says 99 for orders-0, and the log ends at 12");
}

TEST_CASE("a log start beyond the end is taken back by a repair, and no record goes") {
  Stopped world;
  world.write(std::string(kLogStartOffsetName), "0\n1\norders 0 99\n");
  world.finds_and_repairs(std::string(kLogStartOffsetName),
                          "it says 99 for orders-0, and the log ends at 12");
  REQUIRE(world.has(kOrders));
  CHECK(world.log().log_start_offset() == Offset(0));
  CHECK(world.log().log_end_offset() == Offset(12));
}

TEST_CASE("first segments that are missing are told") {
  Stopped world;
  for (const FileKind kind : kSegmentFileKinds) {
    const std::string file =
        std::string(kOrders.to_string()) + "/" + SegmentFileName{Offset(0), kind}.to_string();
    if (world.disk().info(runtime::join_path(kData, file))) world.remove(file);
  }
  const CheckReport found = world.check();
  REQUIRE(found.findings.size() == 1);
  CHECK(found.findings[0].harm == Harm::kRecords);
  CHECK(found.findings[0].what.find("the log began at 0, and its first segment begins at ") == 0);
}

TEST_CASE("a repair of a checkpoint keeps its lines of partitions that are gone") {
  Stopped world;
  world.known[{"gone", PartitionIndex(4)}] = {.topic_id = TopicId{Uuid{5, 5}}};
  world.write(std::string(kHighWatermarkName), "0\n2\norders 0 99\ngone 4 17\n");
  CHECK(world.check(true).findings.size() == 2);
  CHECK(world.check().findings.size() == 1);
  CHECK(world.text(std::string(kHighWatermarkName)).find("gone 4 17") != std::string::npos);
}

TEST_CASE("partitions are held against the metadata, and strange directories are told") {
  Stopped world;
  world.known[{"gone", PartitionIndex(4)}] = {.topic_id = TopicId{Uuid{5, 5}}};
  CHECK(world.check().findings.empty());  // it was never written
  world.write(std::string(kHighWatermarkName), "0\n1\ngone 4 17\n");
  world.finds(Harm::kRecords, "gone-4", "it was written once, and it is not there");
  Stopped unknown;
  unknown.known.clear();
  unknown.finds(Harm::kNone, "orders-0", "the metadata does not know this partition");
  Stopped lost_and_found;
  REQUIRE(lost_and_found.disk().make_directory("data/lost+found"));
  lost_and_found.finds(Harm::kNone, "lost+found", "it is no partition's directory");
}

TEST_CASE("a directory without meta.properties is told how to write it") {
  Stopped world;
  world.remove(std::string(kMetaPropertiesName));
  world.finds(Harm::kRecords, std::string(kMetaPropertiesName), "");
}

TEST_CASE("after a kill only what was made stable is held to anything") {
  Stopped world;
  REQUIRE(world.start());
  REQUIRE(world.world().run(world.node(), world.directory().write_checkpoints()));
  REQUIRE(produce(world.log(), world.one(12)));
  REQUIRE(produce(world.log(), world.one(13)));
  REQUIRE(world.durable(world.log()));
  world.node().kill();
  CheckReport report = world.check();
  CHECK(!report.clean);
  CHECK(report.journal);
  CHECK(report.findings.empty());

  const std::string file = world.last(FileKind::kLog);
  const std::string path = runtime::join_path(kData, file);
  REQUIRE((*world.disk().open(path, {}))->truncate(world.disk().info(path)->size - 20));
  report = world.check(true);
  REQUIRE(report.findings.size() == 1);
  CHECK(report.findings[0].harm == Harm::kNone);
  CHECK(report.findings[0].what.starts_with("what was being written when the server stopped"));
}

TEST_CASE(
    "what the journal says was stable is lost when it is missing, however old the checkpoint") {
  Stopped world;
  world.config().segment_bytes = 1 << 20;
  REQUIRE(world.start());
  REQUIRE(produce(world.log(), records_of({std::string(300'000, 'x')}), {},
                  LeaderEpoch(3)));  // it bypasses the journal
  REQUIRE(world.durable(world.log()));
  REQUIRE(produce(world.log(), records_of({"tells that the one before is stable"}), {},
                  LeaderEpoch(3)));
  REQUIRE(world.durable(world.log()));
  world.node().kill();
  REQUIRE(world.check().findings.empty());
  const std::string file = world.last(FileKind::kLog);
  const std::string path = runtime::join_path(kData, file);
  REQUIRE((*world.disk().open(path, {}))->truncate(world.disk().info(path)->size - 100'000));
  const CheckReport report = world.check();
  REQUIRE(report.findings.size() == 1);
  CHECK(report.findings[0].harm == Harm::kRecords);
  CHECK(report.findings[0].what.find("are damaged") != std::string::npos);
}

TEST_CASE("a frame of the journal that is missing between others is told") {
  Stopped world;
  REQUIRE(world.start());
  for (int i = 12; i < 15; ++i) {
    REQUIRE(produce(world.log(), world.one(i)));
    REQUIRE(world.durable(world.log()));
  }
  world.node().kill();
  REQUIRE(world.disk().flip_bit("data/millrace-journal-0000", 4096 + 100, 3));
  const CheckReport report = world.check();
  REQUIRE(report.findings.size() == 1);
  CHECK(report.findings[0].harm == Harm::kRecords);
  CHECK(report.findings[0].where == "millrace-journal-*");
  CHECK(report.findings[0].what == "frames 2 to 2 are damaged or missing");
}

}  // namespace
}  // namespace millrace::log
