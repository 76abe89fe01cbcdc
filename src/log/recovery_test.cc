// What a crash, rot or a foreign hand has left of a partition's directory, and what is made of it.
#include "log/log_testing.h"

#include "base/testing.h"

namespace millrace::log {
namespace {

using namespace millrace::log::testing;  // NOLINT: the vocabulary of these tests

const std::string kDirectory = "data/orders-0";
const std::string kFirstLog = kDirectory + "/00000000000000000000.log";

std::string path_of(int64_t base, FileKind kind, FileSuffix suffix = FileSuffix::kNone) {
  return kDirectory + "/" + SegmentFileName{Offset(base), kind, suffix}.to_string();
}

// What these tests break is brought back where there is a journal: see journal_test.cc.
LogDirectoryOptions without_journal() {
  LogDirectoryOptions options = standard_options();
  options.journal.files_max = 0;
  return options;
}

/// Ten batches of one record, about 170 bytes each, two to a segment, all stable.
struct TenBatches : LogWorld {
  explicit TenBatches(int32_t segment_bytes = 400) : LogWorld(1, without_journal()) {
    config().segment_bytes = segment_bytes;
    config().index_interval_bytes = 0;
    REQUIRE(start());
    create();
    for (int i = 0; i < 10; ++i) {
      REQUIRE(put(log(), {fmt::format("{:0100}", i)}, 1000 + i));
    }
    REQUIRE(durable(log()));
  }
  /// What is appended now gets this offset, and is there after the next start too.
  void goes_on_at(int64_t offset) {
    CHECK(put(log(), {"next"})->first_offset == Offset(offset));
    CHECK(offsets(offset) == std::vector<int64_t>{offset});
    REQUIRE(restart());
    CHECK(log().log_end_offset() == Offset(offset + 1));
  }
  int64_t batch_bytes() { return log().size_bytes() / 10; }
  std::vector<int64_t> offsets(int64_t from = 0) {
    std::vector<int64_t> found;
    for (const OwnedRecord& record : *read_records(log(), Offset(from))) {
      found.push_back(record.offset);
    }
    return found;
  }
  void write(const std::string& path, int64_t position, Bytes bytes) {
    const auto file = *disk().open(path, {.create = true});
    REQUIRE(file->write_at(position, {&bytes, 1}));
    REQUIRE(file->sync_now());
    REQUIRE(disk().sync_directory(kDirectory));
  }
  void truncate(const std::string& path, int64_t size) {
    REQUIRE((*disk().open(path, {}))->truncate(size));
  }
  std::string text(const std::string& path) { return *runtime::read_file(disk(), path, 1 << 20); }
};

std::vector<int64_t> numbers(int64_t from, int64_t to) {
  std::vector<int64_t> all;
  for (int64_t i = from; i < to; ++i) all.push_back(i);
  return all;
}

TEST_CASE("after a kill everything that was appended is there, stable or not") {
  TenBatches world;
  REQUIRE(put(world.log(), {"not yet stable"}));
  world.node().kill();
  REQUIRE(world.start());
  CHECK(world.offsets() == numbers(0, 11));
  REQUIRE(world.durable(world.log()));
  CHECK(world.log().high_watermark() == Offset(11));
}

TEST_CASE("a torn tail is cut, and what is appended then takes its offsets") {
  TenBatches world(1 << 20);
  const int64_t batch = world.batch_bytes();
  const int64_t half = world.log().size_bytes() - batch / 2;
  world.node().kill();
  world.truncate(kFirstLog, half);
  REQUIRE(world.start());
  CHECK(world.offsets() == numbers(0, 9));
  CHECK(world.disk().info(kFirstLog)->size == batch * 9);
  CHECK(world.log().damaged().empty());
  CHECK(put(world.log(), {"again"})->first_offset == Offset(9));
}

TEST_CASE("what a failed write has left does not come back in the middle of a log") {
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    CAPTURE(seed);
    LogWorld world(seed);
    world.config().segment_bytes = 6'000;
    REQUIRE(world.start());
    PartitionLog& log = world.create();
    REQUIRE(put(log, {"first"}));
    REQUIRE(world.durable(log));
    // What is left of the page can still be written, the next page not.
    world.disk().set_full(true);
    CHECK(!put(log, {std::string(5'500, 'x')}));
    world.disk().set_full(false);
    REQUIRE(put(log, {std::string(5'950 - 70, 'y')}));  // in a segment of its own
    REQUIRE(world.durable(log));
    REQUIRE(world.crash());
    CHECK(read_records(world.log()).value().size() == 2);
  }
}

TEST_CASE("zeros behind the last batch, as preallocation leaves them, are cut") {
  TenBatches world(1 << 20);
  const int64_t size = world.log().size_bytes();
  world.node().kill();
  world.truncate(kFirstLog, size + 100'000);
  REQUIRE(world.start());
  CHECK(world.offsets() == numbers(0, 10));
  CHECK(world.disk().info(kFirstLog)->size == size);
}

TEST_CASE("damage above the recovery point cuts the segment there and all later ones") {
  TenBatches world;
  world.node().kill();
  REQUIRE(world.disk().flip_bit(path_of(4, FileKind::kLog), 80, 3));
  REQUIRE(world.start());
  CHECK(world.offsets() == numbers(0, 4));
  CHECK(!world.disk().info(path_of(6, FileKind::kLog)));
  CHECK(put(world.log(), {"again"})->first_offset == Offset(4));
}

TEST_CASE("damage below the recovery point is kept and reported, and the rest stays readable") {
  TenBatches world(1 << 20);
  const int64_t batch = world.batch_bytes();
  REQUIRE(world.world().run(world.node(), world.directory().write_checkpoints()));
  REQUIRE(put(world.log(), {"after the checkpoint"}));
  REQUIRE(world.durable(world.log()));
  world.node().kill();
  REQUIRE(world.disk().flip_bit(kFirstLog, 8 * batch + kafka::batch_layout::kMagic, 3));
  REQUIRE(world.start());
  CHECK(world.log().log_end_offset() == Offset(11));
  REQUIRE(world.log().damaged().size() == 1);
  CHECK(world.log().damaged()[0].first == Offset(8));
  CHECK(world.log().damaged()[0].next == Offset(9));
  CHECK(world.world().log_text().find("topic orders, partition 0: offsets 8 to 8 are damaged") !=
        std::string::npos);
  const auto read = world.log().read(Offset(8), {.bound = ReadBound::kLogEnd});
  REQUIRE(!read);
  CHECK(read.error().code() == Errc::kCorruptMessage);
  CHECK(read.error().detail().find("topic orders, partition 0") != std::string::npos);
  CHECK(read.error().detail().find("go on at 9") != std::string::npos);
  CHECK(world.offsets(9) == numbers(9, 11));
  const auto before = world.log().read(Offset(6), {.bound = ReadBound::kLogEnd});
  REQUIRE(before.has_value());
  CHECK(before->upper_bound == Offset(8));
}

TEST_CASE("records that rot below the recovery point do not hold up a start") {
  TenBatches world(1 << 20);
  const int64_t batch = world.batch_bytes();
  REQUIRE(world.world().run(world.node(), world.directory().write_checkpoints()));
  REQUIRE(put(world.log(), {"after the checkpoint"}));
  REQUIRE(world.durable(world.log()));
  world.node().kill();
  REQUIRE(world.disk().flip_bit(kFirstLog, 8 * batch + 80, 3));
  REQUIRE(world.start());
  CHECK(world.log().log_end_offset() == Offset(11));
  CHECK(world.log().read(Offset(8), {.bound = ReadBound::kLogEnd}).has_value());
  CHECK(world.offsets(9) == numbers(9, 11));
}

TEST_CASE("above the recovery point every CRC is checked") {
  TenBatches world(1 << 20);
  const int64_t batch = world.batch_bytes();
  REQUIRE(world.world().run(world.node(), world.directory().write_checkpoints()));
  REQUIRE(put(world.log(), {"after the checkpoint"}));
  world.node().kill();
  REQUIRE(world.disk().flip_bit(kFirstLog, 10 * batch + 80, 3));
  REQUIRE(world.start());
  CHECK(world.log().log_end_offset() == Offset(10));
}

TEST_CASE("stable records whose bytes are gone leave their offsets taken") {
  TenBatches world;
  REQUIRE(world.world().run(world.node(), world.directory().write_checkpoints()));
  world.node().kill();
  world.truncate(path_of(8, FileKind::kLog),
                 world.disk().info(path_of(8, FileKind::kLog))->size / 2 + 5);
  REQUIRE(world.start());
  CHECK(world.log().log_end_offset() == Offset(10));
  CHECK(put(world.log(), {"next"})->first_offset == Offset(10));
  CHECK(world.log().read(Offset(9), {.bound = ReadBound::kLogEnd}).error().code() ==
        Errc::kCorruptMessage);
  CHECK(world.offsets(10) == numbers(10, 11));
}

TEST_CASE("after an orderly stop a missing end is told of, and its offsets stay taken") {
  for (const bool whole_segment : {true, false}) {
    CAPTURE(whole_segment);
    TenBatches world;
    REQUIRE(world.close());
    const std::string last = path_of(8, FileKind::kLog);
    if (whole_segment) {
      REQUIRE(world.disk().remove(last));
    } else {
      world.truncate(last, 0);
    }
    REQUIRE(world.start());
    CHECK(world.log().log_end_offset() == Offset(10));
    CHECK(world.world().log_text().find("offsets 8 to 9 are damaged") != std::string::npos);
    CHECK(world.log().read(Offset(8), {.bound = ReadBound::kLogEnd}).error().code() ==
          Errc::kCorruptMessage);
    world.goes_on_at(10);
  }
}

TEST_CASE("a log whose segments were all emptied goes on where it ended, and says so") {
  for (const bool orderly : {true, false}) {
    CAPTURE(orderly);
    LogWorld world;
    REQUIRE(world.start());
    REQUIRE(put(world.create(), {"a", "b", "c"}));
    REQUIRE(world.run(world.directory().write_checkpoints()));
    REQUIRE(world.durable(world.log()));
    REQUIRE(world.close());
    REQUIRE((*world.disk().open(path_of(0, FileKind::kLog), {}))->truncate(0));
    if (!orderly) REQUIRE(world.disk().remove("data/.kafka_cleanshutdown"));
    REQUIRE(world.start());
    CHECK(world.world().log_text().find("offsets 0 to 2 are lost: its segments are empty") !=
          std::string::npos);
    CHECK(world.log().log_start_offset() == Offset(3));
    CHECK(put(world.log(), {"d"})->first_offset == Offset(3));
  }
}

TEST_CASE("leader epochs above the metadata's are forgotten, with a word") {
  TenBatches world;
  REQUIRE(world.close());
  REQUIRE(runtime::write_file_atomically(
      world.disk(), std::string(kDirectory) + "/leader-epoch-checkpoint", "0\n2\n0 0\n900 4\n"));
  REQUIRE(world.start());
  world.log().begin_leader_epoch(LeaderEpoch(5));
  CHECK(world.log().leader_epochs().latest() == LeaderEpoch(5));
}

TEST_CASE("damage up to the end that a read meets does not take what is appended then") {
  TenBatches world(1 << 20);
  const int64_t batch = world.batch_bytes();
  REQUIRE(world.close());
  REQUIRE(world.disk().flip_bit(kFirstLog, 8 * batch + 9, 6));  // a length, and behind it a CRC
  REQUIRE(world.disk().flip_bit(kFirstLog, 9 * batch + 20, 6));
  REQUIRE(world.start());
  CHECK(!world.log().read(Offset(8), {.bound = ReadBound::kLogEnd}));
  CHECK(put(world.log(), {"next"})->first_offset == Offset(10));
  CHECK(world.offsets(10) == numbers(10, 11));
  REQUIRE(world.log().damaged().size() == 1);
  CHECK(world.log().damaged()[0].next == Offset(10));
}

TEST_CASE("a checkpoint that says where no log gets is not believed") {
  for (const bool orderly : {true, false}) {
    for (const char* file : {"recovery-point", "replication"}) {
      CAPTURE(orderly);
      CAPTURE(file);
      TenBatches world;
      REQUIRE(world.durable(world.log()));
      if (orderly) {
        REQUIRE(world.close());
      } else {
        world.node().kill();
      }
      REQUIRE(runtime::write_file_atomically(world.disk(),
                                             fmt::format("data/{}-offset-checkpoint", file),
                                             "0\n1\norders 0 9223372036854775807\n"));
      REQUIRE(world.start());
      CHECK(world.world().log_text().find("it is not believed") != std::string::npos);
      CHECK(world.offsets() == numbers(0, 10));
      CHECK(put(world.log(), {"next"})->first_offset == Offset(10));
      REQUIRE(world.durable(world.log()));
      REQUIRE(world.crash());
      CHECK(world.offsets() == numbers(0, 11));
    }
  }
}

TEST_CASE("who has lost the recovery points writes them before anything is acknowledged") {
  TenBatches world;
  REQUIRE(world.close());
  REQUIRE(world.disk().remove("data/recovery-point-offset-checkpoint"));
  REQUIRE(world.disk().flip_bit(path_of(2, FileKind::kLog), 80, 3));
  REQUIRE(world.start());
  REQUIRE(put(world.log(), {"acknowledged"}));
  REQUIRE(world.durable(world.log()));
  REQUIRE(world.crash());
  CHECK(world.log().log_end_offset() == Offset(11));
  CHECK(world.offsets(4) == numbers(4, 11));
}

TEST_CASE("records that look like the header of a huge batch do not end the search behind damage") {
  LogWorld world;
  REQUIRE(world.start());
  world.create();
  Buffer header(kafka::kBatchHeaderSize);
  uint8_t* bytes = header.extend(kafka::kBatchHeaderSize);
  std::fill_n(bytes, kafka::kBatchHeaderSize, 0);
  store_be<int32_t>(bytes + 8, 0x7fff0000);  // its length
  bytes[kafka::batch_layout::kMagic] = kafka::kBatchMagic;
  store_be<int32_t>(bytes + kafka::kBatchHeaderSize - 4, 1);  // its records
  REQUIRE(put(world.log(), {std::string(header.bytes().begin(), header.bytes().end())}));
  REQUIRE(put(world.log(), {"behind it"}));
  REQUIRE(world.close());
  REQUIRE(world.disk().flip_bit(kFirstLog, 8, 6));  // a length that leads nowhere
  REQUIRE(world.start());
  CHECK(!world.log().read(Offset(0), {.bound = ReadBound::kLogEnd}));
  REQUIRE(world.log().damaged().size() == 1);
  CHECK(world.log().damaged()[0].next == Offset(1));
}

TEST_CASE("damage does not end at a batch whose own offset is damaged") {
  TenBatches world(1 << 20);
  const int64_t batch = world.batch_bytes();
  REQUIRE(world.close());
  REQUIRE(world.disk().flip_bit(kFirstLog, 7 * batch + 20, 3));  // a CRC
  REQUIRE(world.disk().flip_bit(kFirstLog, 8 * batch + 5, 0));   // an offset, which no CRC covers
  REQUIRE(world.disk().remove(path_of(0, FileKind::kOffsetIndex)));
  REQUIRE(world.start());
  CHECK(!world.log().read(Offset(7), {.bound = ReadBound::kLogEnd}));
  REQUIRE(world.log().damaged().size() == 1);
  CHECK(world.log().damaged()[0].first == Offset(7));
  CHECK(world.log().damaged()[0].next == Offset(9));
  CHECK(put(world.log(), {"next"})->first_offset == Offset(10));
  CHECK(world.offsets(9) == numbers(9, 11));
}

TEST_CASE("an offset out of its segment's reach is damage, however the server was stopped") {
  for (const bool crash : {true, false}) {
    CAPTURE(crash);
    TenBatches world(1 << 20);
    const int64_t batch = world.batch_bytes();
    REQUIRE(world.world().run(world.node(), world.directory().write_checkpoints()));
    crash ? world.node().kill() : (void)world.close();
    REQUIRE(world.disk().flip_bit(kFirstLog, 9 * batch + 2, 0));  // the last one's offset, +2^40
    REQUIRE(world.start());
    CHECK(world.log().log_end_offset() == Offset(10));
    CHECK(!world.log().read(Offset(9), {.bound = ReadBound::kLogEnd}));
    REQUIRE(world.log().damaged().size() == 1);
    CHECK(world.log().damaged()[0].first == Offset(9));
    world.goes_on_at(10);
  }
}

TEST_CASE("a batch that reaches beyond the log's end is damage and not an empty read") {
  TenBatches world(1 << 20);
  const int64_t batch = world.batch_bytes();
  REQUIRE(world.close());
  REQUIRE(world.disk().flip_bit(kFirstLog, 3 * batch + 6, 0));  // an offset, +256
  REQUIRE(world.start());
  CHECK(!world.log().read(Offset(3), {.bound = ReadBound::kLogEnd}));
  CHECK(world.offsets(4) == numbers(4, 10));
}

TEST_CASE(
    "a batch whose offset rot has made too large hides nothing, also when the next is damaged") {
  TenBatches world(1 << 20);
  const int64_t batch = world.batch_bytes();
  REQUIRE(world.world().run(world.node(), world.directory().write_checkpoints()));
  REQUIRE(put(world.log(), {"after the checkpoint"}));
  REQUIRE(world.durable(world.log()));
  world.node().kill();
  REQUIRE(world.disk().flip_bit(kFirstLog, 4 * batch + 5, 0));   // an offset, +65536
  REQUIRE(world.disk().flip_bit(kFirstLog, 5 * batch + 20, 0));  // a CRC
  REQUIRE(world.start());
  CHECK(world.log().log_end_offset() == Offset(11));
  CHECK(world.offsets(6) == numbers(6, 11));
}

TEST_CASE("where offsets are used up an append is refused with a reason") {
  TenBatches world;
  REQUIRE(world.close());
  for (int i = 0; i < 10; i += 2) REQUIRE(world.disk().remove(path_of(i, FileKind::kLog)));
  world.write(path_of(INT64_MAX - 1, FileKind::kLog), 0, {});
  REQUIRE(world.start());
  CHECK(put(world.log(), {"the last one"})->first_offset == Offset(INT64_MAX - 1));
  const auto refused = put(world.log(), {"one more"});
  REQUIRE(!refused);
  CHECK(refused.error().error.code() == Errc::kOffsetOutOfRange);
  CHECK(refused.error().error.detail().find("no offsets are left") != std::string::npos);
  CHECK(world.offsets(INT64_MAX - 1) == numbers(INT64_MAX - 1, INT64_MAX));
}

TEST_CASE("a batch that rot has moved beyond the next segment is damaged, and nothing is skipped") {
  for (const bool crash : {true, false}) {
    CAPTURE(crash);
    TenBatches world;  // two to a segment
    const int64_t batch = world.batch_bytes();
    if (crash) {
      REQUIRE(world.world().run(world.node(), world.directory().write_checkpoints()));
      world.node().kill();
      REQUIRE(world.disk().remove(path_of(2, FileKind::kOffsetIndex)));  // it is scanned again
    } else {
      REQUIRE(world.close());
    }
    REQUIRE(world.disk().flip_bit(path_of(2, FileKind::kLog), batch + 6, 0));  // +256
    REQUIRE(world.start());
    CHECK(world.log().log_end_offset() == Offset(10));
    CHECK(world.log().read(Offset(3), {.bound = ReadBound::kLogEnd}).error().code() ==
          Errc::kCorruptMessage);
    CHECK(world.offsets(4) == numbers(4, 10));
    REQUIRE(world.log().damaged().size() == 1);
    CHECK(world.log().damaged()[0].first == Offset(3));
    CHECK(world.log().damaged()[0].next == Offset(4));
    CHECK(put(world.log(), {"next"})->first_offset == Offset(10));
  }
}

TEST_CASE("an empty segment far behind the end was never appended to, and is removed") {
  for (const bool stopped_in_order : {true, false}) {
    CAPTURE(stopped_in_order);
    TenBatches world;
    const std::string stray = path_of(INT64_MAX, FileKind::kLog);
    stopped_in_order ? (void)world.close() : world.node().kill();
    world.write(stray, 0, {});
    REQUIRE(world.start());
    CHECK(world.log().log_end_offset() == Offset(10));
    CHECK(!world.disk().info(stray));
    CHECK(put(world.log(), {"next"})->first_offset == Offset(10));
    CHECK(world.offsets() == numbers(0, 11));
  }
}

TEST_CASE("what is appended behind an end that has rotted does not take the damage's offsets") {
  TenBatches world(1 << 20);
  const int64_t batch = world.batch_bytes();
  REQUIRE(world.close());
  REQUIRE(world.disk().flip_bit(kFirstLog, 9 * batch + 9, 6));  // the last one's length
  REQUIRE(
      world.disk().remove(path_of(0, FileKind::kOffsetIndex)));  // who rebuilds it meets the rot
  REQUIRE(world.disk().remove("data/recovery-point-offset-checkpoint"));
  REQUIRE(world.start());
  const Offset next = world.log().log_end_offset();
  CHECK(put(world.log(), {"next"})->first_offset == next);
  REQUIRE(world.durable(world.log()));
  CHECK(world.offsets(next.value) == numbers(next.value, next.value + 1));
}

TEST_CASE("rot after an orderly stop is found by the read that meets it, once, and walked around") {
  struct Rot {
    int byte;
    int bit;
  };
  // In the length, so that the walk along the headers cannot go on; in the magic, which becomes
  // that of a format that nobody writes any more.
  for (const Rot rot : {Rot{9, 6}, Rot{16, 1}}) {
    CAPTURE(rot.byte);
    TenBatches world(1 << 20);
    const int64_t batch = world.batch_bytes();
    REQUIRE(world.close());
    REQUIRE(world.disk().flip_bit(kFirstLog, 5 * batch + rot.byte, rot.bit));
    REQUIRE(world.start());
    CHECK(world.log().log_end_offset() == Offset(10));
    const auto read = world.log().read(Offset(5), {.bound = ReadBound::kLogEnd});
    REQUIRE(!read);
    CHECK(read.error().code() == Errc::kCorruptMessage);
    CHECK(world.offsets(6) == numbers(6, 10));
    REQUIRE(world.log().damaged().size() == 1);
    CHECK(world.log().damaged()[0].first == Offset(5));
    CHECK(world.log().damaged()[0].next == Offset(6));
    const auto before = world.log().read(Offset(0), {.bound = ReadBound::kLogEnd});
    CHECK(before->slice.size == 5 * batch);
    CHECK(before->upper_bound == Offset(5));
  }
}

TEST_CASE("a base offset that rot has changed, which no CRC covers, damages that batch only") {
  for (const int byte : {3, 5, 7}) {
    CAPTURE(byte);
    TenBatches world(1 << 20);
    const int64_t batch = world.batch_bytes();
    REQUIRE(world.world().run(world.node(), world.directory().write_checkpoints()));
    world.node().kill();
    REQUIRE(world.disk().flip_bit(kFirstLog, 5 * batch + byte, 4));
    REQUIRE(world.start());
    REQUIRE(world.log().damaged().size() == 1);
    CHECK(world.log().damaged()[0].first == Offset(5));
    CHECK(world.log().damaged()[0].next == Offset(6));
    CHECK(world.offsets(6) == numbers(6, 10));
  }
}

TEST_CASE("indexes that are missing or damaged are rebuilt, whoever notices it first") {
  for (const FileKind kind : {FileKind::kOffsetIndex, FileKind::kTimeIndex}) {
    for (const bool remove : {true, false}) {
      CAPTURE(static_cast<int>(kind));
      CAPTURE(remove);
      TenBatches world;
      REQUIRE(world.close());
      const std::string path = path_of(2, kind);
      const std::string before = world.text(path);
      if (remove) {
        REQUIRE(world.disk().remove(path));
      } else {
        REQUIRE(world.disk().flip_bit(path, 3, 7));
        REQUIRE(world.disk().flip_bit(path, 0, 7));
      }
      REQUIRE(world.start());
      CHECK(world.offsets() == numbers(0, 10));
      CHECK((*world.log().offset_for_timestamp({1003}, ReadBound::kLogEnd))->offset == Offset(3));
      REQUIRE(world.close());
      CHECK(world.text(path).size() > 0);
    }
  }
}

TEST_CASE("an index whose last entry is of an offset that is not there is rebuilt") {
  for (const FileKind kind : {FileKind::kOffsetIndex, FileKind::kTimeIndex}) {
    for (const int64_t base : {2, 8}) {  // a sealed segment, the active one
      CAPTURE(static_cast<int>(kind));
      CAPTURE(base);
      TenBatches world;
      REQUIRE(world.close());
      const std::string path = path_of(base, kind);
      const auto size = int64_t(world.text(path).size());
      REQUIRE(world.disk().flip_bit(path, kind == FileKind::kOffsetIndex ? size - 8 : size - 4, 6));
      REQUIRE(world.start());
      CHECK((*world.log().offset_for_timestamp({1003}, ReadBound::kLogEnd))->offset == Offset(3));
      REQUIRE(put(world.log(), {"next"}, 5000));
      CHECK((*world.log().offset_for_timestamp({2000}, ReadBound::kLogEnd))->offset == Offset(10));
      CHECK(world.offsets() == numbers(0, 11));
      REQUIRE(world.close());
    }
  }
}

TEST_CASE("an index without its log is removed") {
  TenBatches world;
  REQUIRE(world.close());
  const std::string orphan = path_of(777, FileKind::kOffsetIndex);
  world.write(orphan, 0, as_bytes("12345678"));
  REQUIRE(world.start());
  CHECK(!world.disk().info(orphan));
}

TEST_CASE("leader epochs are rebuilt from the batches when their file is lost or damaged") {
  for (const char* content : {"", "0\n1\nnonsense\n"}) {
    CAPTURE(content);
    TenBatches world;
    REQUIRE(produce(world.log(), records_of({"x"}), {}, LeaderEpoch(4)));
    REQUIRE(world.close());
    const std::string path = kDirectory + "/leader-epoch-checkpoint";
    CHECK(world.text(path) == "0\n2\n0 0\n4 10\n");
    REQUIRE(world.disk().remove(path));
    if (*content) world.write(path, 0, as_bytes(content));
    REQUIRE(world.disk().remove("data/.kafka_cleanshutdown"));
    REQUIRE(world.start());
    CHECK(world.log().leader_epochs().epoch_at(Offset(10)) == LeaderEpoch(4));
    if (*content) CHECK(world.log().leader_epochs().epoch_at(Offset(9)) == LeaderEpoch(0));
  }
}

TEST_CASE("a damaged producer snapshot is removed and an older one used") {
  LogWorld world;
  world.config().segment_bytes = 300;
  REQUIRE(world.start());
  world.create();
  for (int i = 0; i < 6; ++i) {
    REQUIRE(produce(world.log(), records_of({std::string(100, 'x')}), by_producer(9, 0, i)));
  }
  REQUIRE(world.close());
  const std::string newest = path_of(6, FileKind::kProducerSnapshot);
  REQUIRE(world.disk().flip_bit(newest, 20, 1));
  REQUIRE(world.start());
  CHECK(!world.disk().info(newest));
  CHECK(produce(world.log(), records_of({std::string(100, 'x')}), by_producer(9, 0, 5))->duplicate);
}

TEST_CASE("a producer is known after a crash in the middle of the removal of all its records") {
  for (const bool on_request : {false, true}) {
    for (uint64_t seed = 1; seed <= 60; ++seed) {
      CAPTURE(on_request);
      CAPTURE(seed);
      LogWorld world(seed);
      world.config().segment_bytes = 300;
      REQUIRE(world.start());
      world.create();
      const auto is_known = [&](int32_t sequence) {
        const ProduceResult written =
            produce(world.log(), records_of({std::string(100, 'x')}, world.now().ms),
                    by_producer(9, 0, sequence));
        REQUIRE(written);
        return written->duplicate;
      };
      for (int i = 0; i < 5; ++i) REQUIRE(!is_known(i));
      REQUIRE(world.durable(world.log()));
      if (on_request) {
        REQUIRE(world.log().delete_records_before(kNoOffset));
      } else {
        world.config().retention_ms = seconds(1);
        world.log().update_config(world.shared_config());
      }
      const std::string rolled = path_of(5, FileKind::kProducerSnapshot);
      REQUIRE(world.world().run_until([&] { return world.disk().info(rolled).has_value(); },
                                      seconds(10)));
      REQUIRE(world.crash());
      CHECK(is_known(4));
      REQUIRE(world.world().run_until([&] { return world.log().size_bytes() == 0; }, seconds(10)));
      REQUIRE(world.crash());
      CHECK(is_known(4));
    }
  }
}

TEST_CASE("the transaction index is rebuilt after a crash") {
  LogWorld world;
  world.config().segment_bytes = 400;
  REQUIRE(world.start());
  world.create();
  for (int i = 0; i < 4; ++i) {
    REQUIRE(produce(world.log(), records_of({std::string(100, 'x')}), by_producer(i, 0, 0, true)));
    REQUIRE(
        produce(world.log(), records_of({std::string(100, 'y')}), by_producer(i + 50, 0, 0, true)));
    Buffer abort = marker(i, 0, false);
    REQUIRE(world.log().append_own(abort.mutable_bytes(), LeaderEpoch(0)));
    Buffer commit = marker(i + 50, 0, true);
    REQUIRE(world.log().append_own(commit.mutable_bytes(), LeaderEpoch(0)));
  }
  REQUIRE(world.durable(world.log()));
  const auto before = *world.log().aborted_transactions(Offset(0), Offset(100));
  REQUIRE(before.size() == 4);
  REQUIRE(world.crash());
  CHECK(*world.log().aborted_transactions(Offset(0), Offset(100)) == before);
  REQUIRE(world.restart());
  CHECK(*world.log().aborted_transactions(Offset(0), Offset(100)) == before);
}

TEST_CASE("left-overs of deletion and of an unfinished compaction are removed") {
  TenBatches world;
  REQUIRE(world.close());
  for (const FileSuffix suffix : {FileSuffix::kDeleted, FileSuffix::kCleaned}) {
    world.write(path_of(2, FileKind::kLog, suffix), 0, as_bytes("left over"));
  }
  world.write(path_of(4, FileKind::kLog, FileSuffix::kSwap), 0, as_bytes("of an unfinished one"));
  REQUIRE(world.start());
  CHECK(world.offsets() == numbers(0, 10));
  world.run_for(seconds(1));
  for (const std::string& name : world.files()) {
    CHECK(!name.ends_with(".deleted"));
    CHECK(!name.ends_with(".cleaned"));
    CHECK(!name.ends_with(".swap"));
  }
}

TEST_CASE("a swap that was complete is finished: its sources go, also those not yet renamed") {
  TenBatches world;
  REQUIRE(world.close());
  // As if compaction had made one segment of those at 2 and 4, dropping offset 3.
  Buffer merged(as_bytes(world.text(path_of(2, FileKind::kLog))));
  const auto first = kafka::parse_batch(merged);
  merged.resize(first->size());
  merged.append(as_bytes(world.text(path_of(4, FileKind::kLog))));
  world.write(path_of(2, FileKind::kLog, FileSuffix::kSwap), 0, merged);
  REQUIRE(world.disk().rename(path_of(2, FileKind::kLog),
                              path_of(2, FileKind::kLog, FileSuffix::kDeleted)));
  REQUIRE(world.start());
  CHECK(world.offsets() == std::vector<int64_t>{0, 1, 2, 4, 5, 6, 7, 8, 9});
  CHECK(!world.disk().info(path_of(4, FileKind::kLog)));
  REQUIRE(world.restart());
  CHECK(world.offsets() == std::vector<int64_t>{0, 1, 2, 4, 5, 6, 7, 8, 9});
}

TEST_CASE("a swap that rot has left nothing of gives way to its source, where that is there") {
  for (const bool source_is_there : {true, false}) {
    CAPTURE(source_is_there);
    TenBatches world;
    REQUIRE(world.close());
    const std::string swap = path_of(2, FileKind::kLog, FileSuffix::kSwap);
    world.write(swap, 0, as_bytes(std::string(200, 'r')));
    if (!source_is_there) REQUIRE(world.disk().remove(path_of(2, FileKind::kLog)));
    REQUIRE(world.start());
    CHECK(!world.disk().info(swap));
    CHECK(world.log().log_end_offset() == Offset(10));
    if (source_is_there) CHECK(world.offsets() == numbers(0, 10));
    CHECK(put(world.log(), {"next"})->first_offset == Offset(10));
  }
}

TEST_CASE("a log without a segment goes on where it ended, and says so") {
  TenBatches world;
  REQUIRE(world.log().delete_records_before(Offset(9)));
  world.run_for(seconds(1));
  REQUIRE(world.world().run(world.node(), world.directory().write_checkpoints()));
  world.node().kill();
  for (const int64_t base : {8}) {
    for (const FileKind kind : kSegmentFileKinds) {
      if (world.disk().info(path_of(base, kind))) REQUIRE(world.disk().remove(path_of(base, kind)));
    }
  }
  REQUIRE(world.start());
  CHECK(world.log().log_start_offset() == Offset(10));
  CHECK(world.log().log_end_offset() == Offset(10));
  CHECK(world.world().log_text().find("offsets 9 to 9 are lost: its directory has no segment") !=
        std::string::npos);
  CHECK(put(world.log(), {"next"})->first_offset == Offset(10));
}

TEST_CASE("after a kill stable segments that are missing leave their offsets taken") {
  TenBatches world;
  REQUIRE(world.run(world.directory().write_checkpoints()));
  world.node().kill();
  for (const FileKind kind : kSegmentFileKinds) {
    if (world.disk().info(path_of(8, kind))) REQUIRE(world.disk().remove(path_of(8, kind)));
  }
  REQUIRE(world.start());
  CHECK(world.log().log_end_offset() == Offset(10));
  CHECK(world.world().log_text().find("offsets 8 to 9 are damaged") != std::string::npos);
  world.goes_on_at(10);
}

TEST_CASE("without the checkpoint of log starts deleted records stay deleted") {
  TenBatches world;
  REQUIRE(world.log().delete_records_before(Offset(5)));
  world.run_for(seconds(100));
  REQUIRE(world.close());
  REQUIRE(runtime::write_file_atomically(world.disk(), "data/log-start-offset-checkpoint", "x"));
  REQUIRE(world.start());
  CHECK(world.log().log_start_offset() == Offset(5));
  REQUIRE(world.restart());
  CHECK(world.log().log_start_offset() == Offset(5));
}

TEST_CASE("after an orderly stop first segments that are missing are told of") {
  TenBatches world;
  REQUIRE(world.close());
  REQUIRE(world.disk().remove(path_of(0, FileKind::kLog)));
  REQUIRE(world.start());
  CHECK(world.log().log_start_offset() > Offset(0));
  CHECK(world.world().log_text().find("offsets 0 to 1 are lost: the log's first segments") !=
        std::string::npos);
  REQUIRE(world.close());
  const size_t told = world.world().log_text().size();
  REQUIRE(world.start());
  CHECK(world.world().log_text().find("are lost", told) == std::string::npos);
}

TEST_CASE("bytes that are no log at all are cut away, and nothing breaks") {
  const uint64_t seed = 5;
  CAPTURE(seed);
  Random random(seed);
  for (int round = 0; round < 30; ++round) {
    TenBatches world;
    world.node().kill();
    for (const runtime::DirectoryEntry& entry : *world.disk().list(kDirectory)) {
      if (random.chance(0.5)) continue;
      Buffer garbage;
      for (uint64_t n = random.below(400); n > 0; --n) {
        *garbage.extend(1) = static_cast<uint8_t>(random.below(random.chance(0.5) ? 256 : 3));
      }
      world.write(kDirectory + "/" + entry.name, int64_t(random.below(200)), garbage);
    }
    REQUIRE(world.start());
    if (!world.has(kOrders)) continue;  // reported in unloadable()
    const auto records = read_records(world.log(), world.log().log_start_offset());
    if (records) CHECK(records->size() <= 10);
    CHECK(put(world.log(), {"goes on"}).has_value());
  }
}

}  // namespace
}  // namespace millrace::log
