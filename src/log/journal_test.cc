#include "log/journal.h"

#include "log/log_testing.h"
#include "log/stable_offsets.h"

#include "base/testing.h"

namespace millrace::log {
namespace {

using namespace millrace::log::testing;  // NOLINT: the vocabulary of these tests

const std::string kFirstFile = "data/millrace-journal-0000";

// Frames.

JournalEntry entry_of(JournalEntryKind kind, int64_t first, int64_t next, Bytes batches = {}) {
  return {.kind = kind,
          .topic_id = kOrdersId,
          .partition = PartitionIndex(3),
          .first = Offset(first),
          .next = Offset(next),
          .recovery_point = Offset(1),
          .batches = batches};
}

struct TwoEntries {
  TwoEntries() {
    frame.begin();
    frame.add(entry_of(JournalEntryKind::kBatches, 4, 6, as_bytes("two batches")));
    frame.add(entry_of(JournalEntryKind::kCut, 5, 5));
    frame.end(Uuid{1, 2}, 77, 70);
  }
  JournalFrameWriter frame;
};

TEST_CASE("a frame gives back what it was made of") {
  const TwoEntries two;
  const Bytes bytes = two.frame.blocks()->bytes();
  CHECK(bytes.size() == runtime::kBlockBytes);
  const JournalFrameHeader header = *parse_frame_header(bytes);
  CHECK(header.directory_id == Uuid{1, 2});
  CHECK(header.sequence == 77);
  CHECK(header.oldest_needed == 70);
  CHECK(header.frame_bytes() == runtime::kBlockBytes);
  REQUIRE(verify_frame(header, bytes));
  JournalEntryCursor entries(header, bytes);
  const JournalEntry* entry = *entries.next();
  REQUIRE(entry != nullptr);
  CHECK(entry->kind == JournalEntryKind::kBatches);
  CHECK(entry->topic_id == kOrdersId);
  CHECK(entry->partition == PartitionIndex(3));
  CHECK(entry->first == Offset(4));
  CHECK(entry->next == Offset(6));
  CHECK(entry->recovery_point == Offset(1));
  CHECK(as_text(entry->batches) == "two batches");
  entry = *entries.next();
  REQUIRE(entry != nullptr);
  CHECK(entry->kind == JournalEntryKind::kCut);
  CHECK(*entries.next() == nullptr);
}

TEST_CASE("a frame with any bit of it turned is none") {
  const TwoEntries two;
  const size_t used = parse_frame_header(two.frame.blocks()->bytes())->payload_bytes + 64;
  for (size_t bit = 0; bit < used * 8; ++bit) {
    CAPTURE(bit);
    Buffer bytes(two.frame.blocks()->bytes());
    bytes.data()[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
    const Result<JournalFrameHeader> header = parse_frame_header(bytes);
    CHECK(!(header && header->frame_bytes() <= bytes.size() && verify_frame(*header, bytes)));
  }
}

// Stable offsets.

TEST_CASE(
    "what bypasses the journal counts once the segments are flushed, and so does what follows") {
  StableOffsets stable;
  stable.journaled_to(Offset(10));
  CHECK(stable.durable() == Offset(10));
  stable.bypassed(Offset(10), Offset(20));
  stable.journaled_to(Offset(25));
  CHECK(stable.durable() == Offset(10));
  stable.bypassed(Offset(25), Offset(30));
  stable.flushed_to(Offset(20));
  CHECK(stable.durable() == Offset(20));
  stable.flushed_to(Offset(30));
  CHECK(stable.durable() == Offset(30));
  CHECK(stable.flushed() == Offset(30));
}

TEST_CASE("after a cut nothing counts before the journal knows of it") {
  StableOffsets stable;
  stable.flushed_to(Offset(10));
  stable.journaled_to(Offset(20));
  stable.cut_to(Offset(15));
  stable.hold_at(Offset(15));
  CHECK(stable.durable() == Offset(15));
  stable.flushed_to(Offset(18));
  CHECK(stable.durable() == Offset(15));
  stable.cut_is_stable();
  CHECK(stable.durable() == Offset(18));
}

// The journal of a directory. The power is lost here in the worst way: all that was not synced is
// gone.

struct JournaledLog : LogWorld {
  explicit JournaledLog(const JournalOptions& journal = {}) {
    options().journal = journal;
    REQUIRE(start());
    create();
  }
  Result<> lose_power() {
    node().kill();
    disk().crash(simulation::CrashMood{});
    return start();
  }
  void put_durably(const std::string& value) {
    REQUIRE(put(log(), {value}));
    REQUIRE(durable(log()));
  }
  std::vector<std::string> values() { return values_of(*read_records(log())); }
  std::vector<std::string> journal_files() {
    std::vector<std::string> names;
    for (const std::string& name : files("data")) {
      if (is_journal_file(name)) names.push_back(name);
    }
    return names;
  }
  // While syncs fail no segment gets stable, and so nothing does but by the journal.
  int64_t flushed_bytes() {
    const auto info = disk().info("data/orders-0/00000000000000000000.log");
    return info ? info->size : -1;
  }
};

TEST_CASE("what the journal has outlives a loss of power that takes the segments") {
  JournaledLog world;
  world.put_durably("a");
  world.run_for(seconds(1));
  world.put_durably("b");
  world.put_durably("c");
  REQUIRE(world.lose_power());
  CHECK(world.values() == std::vector<std::string>{"a", "b", "c"});
  CHECK(world.log().high_watermark() == Offset(3));
  CHECK(put(world.log(), {"d"})->first_offset == Offset(3));
  REQUIRE(world.durable(world.log()));
  REQUIRE(world.lose_power());
  CHECK(world.values() == std::vector<std::string>{"a", "b", "c", "d"});
  CHECK(world.log().damaged().empty());
}

TEST_CASE("records of a partition whose directory a loss of power took come back too") {
  JournaledLog world;
  REQUIRE(put(world.log(), {"a"}));
  REQUIRE(world.durable(world.log()));
  world.node().kill();
  REQUIRE(runtime::remove_tree(world.disk(), "data/orders-0"));
  REQUIRE(world.start());
  CHECK(world.values() == std::vector<std::string>{"a"});
}

TEST_CASE("a producer that retries what only the journal had is told that it is there") {
  JournaledLog world;
  REQUIRE(produce(world.log(), records_of({"a"}), by_producer(9, 0, 0)));
  REQUIRE(world.durable(world.log()));
  REQUIRE(world.lose_power());
  const ProduceResult again = produce(world.log(), records_of({"a"}), by_producer(9, 0, 0));
  REQUIRE(again);
  CHECK(again->duplicate);
}

TEST_CASE("large batches are not written twice") {
  JournaledLog world;
  world.put_durably("small");
  const uint64_t before = world.directory().journal().bytes_written();
  world.put_durably(std::string(300'000, 'x'));
  CHECK(world.directory().journal().bytes_written() - before == runtime::kBlockBytes);
  world.put_durably("behind it");
  REQUIRE(world.lose_power());
  CHECK(world.values() ==
        std::vector<std::string>{"small", std::string(300'000, 'x'), "behind it"});
}

TEST_CASE("nothing behind a large batch counts before that is stable, or comes back without it") {
  JournaledLog world;
  world.put_durably("small");
  world.run_for(seconds(1));
  world.disk().fail_syncs(false);
  REQUIRE(put(world.log(), {std::string(300'000, 'x')}));
  REQUIRE(put(world.log(), {"behind it"}));
  // The frame is written in one sync, the segment in another; look between them.
  while (world.directory().journal().frame_count() < 2 &&
         world.log().durable_offset() < Offset(2)) {
    world.run_for(microseconds(10));
  }
  const bool large_first = world.log().durable_offset() >= Offset(2);
  if (!large_first) CHECK(world.log().durable_offset() == Offset(1));
  const Offset acknowledged = world.log().durable_offset();
  REQUIRE(world.lose_power());
  CHECK(world.log().log_end_offset() >= acknowledged);
  CHECK(world.log().damaged().empty());
}

TEST_CASE("offsets that a large batch has lost are given anew, and what has them then is kept") {
  int lost = 0;
  for (int delay = 0; delay < 40; ++delay) {
    CAPTURE(delay);
    JournaledLog world;
    world.put_durably("small");
    world.run_for(seconds(1));
    const uint64_t frames = world.directory().journal().frame_count();
    REQUIRE(put(world.log(), {std::string(300'000, 'x')}));
    REQUIRE(put(world.log(), {"behind it"}));
    while (world.directory().journal().frame_count() == frames) world.run_for(microseconds(10));
    REQUIRE(world.lose_power());
    std::vector<std::string> expected = world.values();
    if (expected.size() == 1) ++lost;
    world.run_for(microseconds(20 * delay));
    for (const char* value : {"new", "and newer"}) {
      world.put_durably(value);
      expected.emplace_back(value);
    }
    REQUIRE(world.lose_power());
    CHECK(world.values() == expected);
  }
  CHECK(lost > 0);
}

// A process may be killed, started again, and then lose power: what it found in the page cache is
// not stable because of that.
void check_kill_then_power_loss(const std::vector<std::string>& before) {
  for (int delay = 0; delay < 60; ++delay) {
    CAPTURE(delay);
    JournaledLog world;
    world.put_durably("first");
    world.run_for(seconds(1));
    for (const std::string& value : before) REQUIRE(put(world.log(), {value}));
    world.run_for(microseconds(10 * delay));
    world.node().kill();
    // The journal is quicker than what recovery has to sync.
    world.disk().set_slow(true);
    REQUIRE(world.start());
    world.disk().set_slow(false);
    std::vector<std::string> expected = world.values();
    world.put_durably("new");
    expected.emplace_back("new");
    REQUIRE(world.lose_power());
    CHECK(world.values() == expected);
    CHECK(world.log().damaged().empty());
  }
}

TEST_CASE("frames that a killed server has left in the page cache are made stable first") {
  check_kill_then_power_loss({"small"});
}

TEST_CASE("large batches that a killed server has left in the page cache are made stable first") {
  check_kill_then_power_loss({std::string(300'000, 'x')});
}

TEST_CASE("the ring's files are used again once the segments have what is in them") {
  const JournalOptions small{.file_bytes = 32768, .files_max = 3};
  JournaledLog world(small);
  std::vector<std::string> expected;
  for (int i = 0; i < 200; ++i) {
    expected.push_back(fmt::format("{:0500}", i));
    world.put_durably(expected.back());
  }
  CHECK(world.directory().journal().frame_count() >= 200);
  CHECK(world.journal_files().size() <= 3);
  REQUIRE(world.lose_power());
  CHECK(world.values() == expected);
  CHECK(world.log().damaged().empty());
}

TEST_CASE("an orderly stop leaves no journal, and a stray one is not believed after it") {
  JournaledLog world;
  world.put_durably("a");
  CHECK(!world.journal_files().empty());
  const std::string old = *runtime::read_file(world.disk(), kFirstFile, 100 << 20);
  REQUIRE(world.close());
  CHECK(world.journal_files().empty());
  REQUIRE(runtime::write_file_atomically(world.disk(), kFirstFile, old));
  REQUIRE(world.start());
  CHECK(world.values() == std::vector<std::string>{"a"});
  world.put_durably("b");
  REQUIRE(world.lose_power());
  CHECK(world.values() == std::vector<std::string>{"a", "b"});
}

TEST_CASE("a journal of another directory is refused, with what to do") {
  JournaledLog world;
  world.put_durably("a");
  world.node().kill();
  const std::string foreign = *runtime::read_file(world.disk(), kFirstFile, 100 << 20);
  JournaledLog other;
  other.put_durably("b");
  other.node().kill();
  REQUIRE(other.disk().remove("data/meta.properties"));
  REQUIRE(runtime::remove_tree(other.disk(), "data/orders-0"));
  other.options().format->directory_id = Uuid{1, 999};
  const Result<> started = other.start();
  REQUIRE(!started);
  CHECK(started.error().code() == Errc::kForeignDirectory);
  CHECK(started.error().detail().find("Put it back there, or remove it") != std::string::npos);
}

TEST_CASE("a frame that rot has taken shows as damage where records follow it") {
  JournaledLog world;
  world.put_durably("a");
  world.run_for(seconds(1));
  world.put_durably("b");
  world.put_durably("c");
  world.node().kill();
  world.disk().crash(simulation::CrashMood{});
  REQUIRE(world.disk().flip_bit(kFirstFile, 4096 + 100, 3));
  REQUIRE(world.start());
  CHECK(world.world().log_text().find("frames 2 to 2 of the journal are damaged or missing") !=
        std::string::npos);
  REQUIRE(world.log().damaged().size() == 1);
  CHECK(world.log().damaged()[0].first == Offset(1));
  CHECK(values_of(*read_records(world.log(), Offset(2))) == std::vector<std::string>{"c"});
  CHECK(put(world.log(), {"d"})->first_offset == Offset(3));
}

TEST_CASE("a journal whose last frame is incomplete ends before it") {
  JournaledLog world;
  world.put_durably("a");
  world.put_durably("b");
  world.node().kill();
  world.disk().crash(simulation::CrashMood{});
  REQUIRE(world.disk().flip_bit(kFirstFile, 4096 + 100, 3));
  REQUIRE(world.start());
  CHECK(world.values() == std::vector<std::string>{"a"});
  CHECK(world.log().damaged().empty());
}

TEST_CASE("a topic that was deleted and made again gets nothing of the old one's") {
  JournaledLog world;
  for (const char* value : {"a", "b", "c"}) world.put_durably(value);
  REQUIRE(world.remove(kOrders));
  world.create(kOrders, TopicId{Uuid{8, 8}});
  world.put_durably("new");
  REQUIRE(world.lose_power());
  CHECK(world.values() == std::vector<std::string>{"new"});
}

TEST_CASE("when the journal fails, partitions are synced one by one and nothing is lost") {
  JournaledLog world;
  world.put_durably("a");
  world.run_for(seconds(1));
  REQUIRE(put(world.log(), {"b"}));
  world.disk().fail_syncs(true);
  world.run_for(milliseconds(1));
  world.disk().fail_syncs(false);
  world.run_for(seconds(1));
  CHECK(world.directory().journal().failure() != nullptr);
  CHECK(world.world().log_text().find("every partition is synced by itself") != std::string::npos);
  if (!world.log().failure()) world.put_durably("c");
  const std::vector<std::string> before =
      values_of(*read_records(world.log(), Offset(0), ReadBound::kHighWatermark));
  REQUIRE(world.lose_power());
  std::vector<std::string> after = world.values();
  REQUIRE(after.size() >= before.size());
  after.resize(before.size());
  CHECK(after == before);
}

TEST_CASE(
    "what a partition has acknowledged before its segment failed is kept for the next start") {
  JournaledLog world({.file_bytes = 32768, .files_max = 3});
  world.put_durably("a");
  world.run_for(seconds(1));
  PartitionLog& other = world.create({"other", PartitionIndex(0)}, TopicId{Uuid{3, 3}});
  world.put_durably("b");
  world.disk().fail_syncs(true);
  REQUIRE(put(world.log(), {std::string(9000, 'x')}));  // bypasses the journal, so it is synced
  world.run_for(milliseconds(100));
  world.disk().fail_syncs(false);
  REQUIRE(world.log().failure() != nullptr);
  for (int i = 0; i < 100; ++i) {
    if (!put(other, {std::string(1000, 'y')})) break;
    world.run_for(milliseconds(100));
  }
  REQUIRE(world.lose_power());
  const std::vector<std::string> values = world.values();
  REQUIRE(values.size() >= 2);
  CHECK(values[0] == "a");
  CHECK(values[1] == "b");
}

TEST_CASE("without space for a single file there is no journal, and appends go on") {
  JournaledLog world;
  world.disk().set_full(true);
  // In the page cache there is room for what overwrites nothing new.
  const ProduceResult refused = put(world.log(), {"a"});
  world.run_for(seconds(1));
  world.disk().set_full(false);
  world.run_for(seconds(2));
  world.put_durably("b");
  REQUIRE(world.lose_power());
  CHECK(world.values().back() == "b");
  CHECK(world.log().log_end_offset() == Offset(refused ? 2 : 1));
}

TEST_CASE("what the journal could not take does not count with what it takes next") {
  JournaledLog world;
  world.disk().set_slow(true);  // the sync of the segment, which "a" waits for instead
  REQUIRE(put(world.log(), {"a"}));
  world.disk().set_full(true);
  world.run_for(milliseconds(1100));
  world.disk().set_full(false);
  world.disk().set_slow(false);
  Journal& journal = world.directory().journal();
  REQUIRE(journal.frame_count() == 0);
  REQUIRE(put(world.log(), {"b"}));
  world.run_for(milliseconds(100));
  REQUIRE(journal.frame_count() == 1);
  CHECK(world.log().durable_offset() == Offset(0));
  REQUIRE(world.lose_power());
  CHECK(world.log().damaged().empty());
  world.put_durably("c");
  CHECK(world.values().back() == "c");
}

TEST_CASE("with page-cache durability there is no journal") {
  LogDirectoryOptions options = standard_options();
  options.durability = Durability::kPageCache;
  LogWorld world(1, options);
  REQUIRE(world.start());
  REQUIRE(put(world.create(), {"a"}));
  world.run_for(seconds(1));
  for (const std::string& name : world.files("data")) CHECK(!is_journal_file(name));
}

TEST_CASE("while the device does not keep up, another append is not welcome") {
  const JournalOptions small{.file_bytes = 32768, .files_max = 2};
  JournaledLog world(small);
  Journal& journal = world.directory().journal();
  REQUIRE(journal.has_room());
  int appended = 0;
  while (journal.has_room() && appended < 1000) {
    REQUIRE(put(world.log(), {std::string(1000, 'x')}));
    ++appended;
  }
  CHECK(appended < 20);
  REQUIRE(world.durable(world.log()));
  CHECK(journal.has_room());
}

}  // namespace
}  // namespace millrace::log
