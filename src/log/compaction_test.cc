#include "log/compaction.h"

#include <map>

#include "log/cleaned_transactions.h"
#include "log/key_hash.h"
#include "log/log_testing.h"
#include "log/offset_map.h"

#include "base/testing.h"

namespace millrace::log {
namespace {

using namespace millrace::log::testing;  // NOLINT: the vocabulary of these tests

TEST_CASE("key hashes are SipHash-2-4 with 128 bits") {
  // The vectors of its authors: key 00 01 .. 0f, input 00 01 02 ...
  const KeyHasher hasher(0x0706050403020100, 0x0f0e0d0c0b0a0908);
  CHECK(hasher.hash({}) == KeyHash{0x930255c71472f66d, 0xe6a825ba047f81a3});
  const uint8_t input[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14};
  CHECK(hasher.hash(Bytes(input).first(1)) == KeyHash{0x45fc229b11597634, 0x44af996bd8c187da});
  CHECK(hasher.hash(input) == KeyHash{0xd9c3cf970fec087e, 0x11a8b03399e99354});
}

TEST_CASE("an offset map keeps the last offset of each key until it is full") {
  Random random(4);
  const KeyHasher hasher(random);
  const auto key = [&](int i) { return hasher.hash(as_bytes(std::to_string(i))); };
  OffsetMap map(OffsetMap::kSlotBytes * 1000, 0.5);
  CHECK(map.capacity() == 500);
  CHECK(map.get(key(0)) == kNoOffset);
  for (int i = 0; i < 500; ++i) CHECK(map.put(key(i), Offset(i)));
  CHECK(!map.put(key(500), Offset(500)));
  CHECK(map.put(key(7), Offset(900)));
  CHECK(map.get(key(7)) == Offset(900));
  CHECK(map.get(key(499)) == Offset(499));
  CHECK(map.get(key(500)) == kNoOffset);
  CHECK(map.memory_bytes() <= OffsetMap::kSlotBytes * 1002);
  CHECK(OffsetMap(1).put(key(1), Offset(1)));
}

TEST_CASE("an offset map takes memory only as keys come") {
  CHECK(OffsetMap(128 << 20).memory_bytes() == 0);
}

/// A compacted topic with small segments that cleans whatever is dirty.
struct Compacted : LogWorld {
  explicit Compacted(Duration delete_retention = seconds(1000)) {
    config().cleanup_compact = true;
    config().cleanup_delete = false;
    config().segment_bytes = 500;
    config().min_cleanable_dirty_ratio = 0;
    config().delete_retention_ms = delete_retention;
    config().file_delete_delay_ms = seconds(1);
    REQUIRE(start());
    create();
  }
  int64_t put(const std::string& key, const std::optional<std::string>& value,
              const kafka::BatchOptions& options = {}) {
    const auto done =
        produce(log(), {{.timestamp_ms = now().ms, .key = key, .value = value}}, options);
    REQUIRE(done.has_value());
    return done->first_offset.value;
  }
  /// Fills the active segment with a key that does not matter, so that what was before is sealed.
  void seal() {
    const size_t before = bases().size();
    while (bases().size() == before) put("filler", std::string(200, 'f'));
    REQUIRE(durable(log()));
  }
  void clean() {
    REQUIRE(durable(log()));
    run_for(seconds(10));
  }
  std::vector<std::string> bases() {
    std::vector<std::string> found;
    for (const std::string& name : files()) {
      if (name.ends_with(".log")) found.push_back(name);
    }
    return found;
  }
  std::map<std::string, std::string> values() {
    std::map<std::string, std::string> last;
    for (const OwnedRecord& record : *read_records(log(), log().log_start_offset())) {
      if (record.value) {
        last[*record.key] = *record.value;
      } else {
        last.erase(*record.key);
      }
    }
    last.erase("filler");
    return last;
  }
  std::vector<int64_t> offsets_of(const std::string& key) {
    std::vector<int64_t> found;
    for (const OwnedRecord& record : *read_records(log(), log().log_start_offset())) {
      if (record.key == key) found.push_back(record.offset);
    }
    return found;
  }
};

TEST_CASE("compaction keeps the last record of each key, at its offset") {
  Compacted world;
  for (int round = 0; round < 5; ++round) {
    for (const char* key : {"a", "b", "c"}) world.put(key, fmt::format("{}{}", key, round));
  }
  const auto before = world.values();
  world.seal();
  world.clean();
  CHECK(world.values() == before);
  CHECK(world.offsets_of("a") == std::vector<int64_t>{12});
  CHECK(world.offsets_of("b") == std::vector<int64_t>{13});
  CHECK(world.directory().cleaner().pass_count() > 0);
  REQUIRE(world.crash());
  CHECK(world.values() == before);
}

TEST_CASE("records that stay in a batch keep its offsets, codec, epoch and times") {
  Compacted world;
  world.put("x", "0");
  REQUIRE(produce(world.log(),
                  {{.timestamp_ms = 5000, .key = "a", .value = "1", .offset = 0},
                   {.timestamp_ms = 7000, .key = "b", .value = "1", .offset = 1},
                   {.timestamp_ms = 6000, .key = "c", .value = "1", .offset = 2}},
                  {.codec = kafka::Codec::kLz4}, LeaderEpoch(6)));
  world.put("a", "2");
  world.put("c", "2");
  world.seal();
  world.clean();
  for (const Buffer& bytes : *read_batches(world.log(), Offset(0))) {
    const kafka::RecordBatchView batch = *kafka::parse_batch(bytes);
    if (batch.base_offset() != Offset(1)) continue;
    CHECK(batch.last_offset() == Offset(3));
    CHECK(batch.record_count() == 1);
    CHECK(batch.codec() == kafka::Codec::kLz4);
    CHECK(batch.partition_leader_epoch() == LeaderEpoch(6));
    const auto records = kafka::testing::read(bytes);
    CHECK(records->at(0) ==
          OwnedRecord{.timestamp_ms = 7000, .key = "b", .value = "1", .offset = 2});
    return;
  }
  FAIL("the batch is gone");
}

TEST_CASE("reading goes on over the gaps, from any offset") {
  Compacted world;
  for (int i = 0; i < 60; ++i) world.put(i % 7 == 0 ? fmt::format("keep{}", i) : "again", "v");
  world.seal();
  world.clean();
  const auto all = *read_records(world.log());
  for (int64_t from = 0; from < world.log().log_end_offset().value; ++from) {
    const auto some = *read_records(world.log(), Offset(from), ReadBound::kLogEnd, 1);
    std::vector<OwnedRecord> expected;
    for (const OwnedRecord& record : all) {
      if (record.offset >= from) expected.push_back(record);
    }
    CHECK(some == expected);
  }
}

TEST_CASE("the indexes of a compacted segment are believed, whatever it begins with now") {
  Compacted world;
  for (int round = 0; round < 5; ++round) {
    for (const char* key : {"a", "b", "c"}) world.put(key, fmt::format("{}{}", key, round));
  }
  world.seal();
  world.clean();
  REQUIRE(world.offsets_of("a").front() > 0);
  const auto before = world.values();
  REQUIRE(world.restart());
  // Within the server, so that what it logs is seen.
  const auto look = [](PartitionLog* log) -> runtime::Task<> { co_await log->read(Offset(1), {}); };
  REQUIRE(world.run(look(&world.log())));
  CHECK(world.values() == before);
  CHECK(world.world().log_text().find("rebuilding") == std::string::npos);
}

TEST_CASE("small segments are merged into one") {
  Compacted world;
  for (int i = 0; i < 40; ++i) world.put("again", std::string(100, 'v'));
  const size_t before = world.bases().size();
  world.seal();
  world.clean();
  // The first pass has made small ones; the next puts them together.
  world.seal();
  world.clean();
  CHECK(before > 8);
  CHECK(world.bases().size() <= 5);
  CHECK(world.offsets_of("again").size() <= 3);
}

TEST_CASE("a tombstone stays for delete.retention.ms after a pass has seen it, then goes") {
  Compacted world(seconds(100));
  world.put("a", "1");
  world.put("b", "1");
  world.put("a", std::nullopt);
  world.seal();
  world.clean();
  REQUIRE(world.offsets_of("a").size() == 1);  // the tombstone
  CHECK(world.values() == std::map<std::string, std::string>{{"b", "1"}});
  world.run_for(seconds(60));
  world.seal();
  world.clean();
  CHECK(world.offsets_of("a").size() == 1);
  world.run_for(seconds(60));
  world.seal();
  world.clean();
  CHECK(world.offsets_of("a").empty());
  CHECK(world.values() == std::map<std::string, std::string>{{"b", "1"}});
}

TEST_CASE("records younger than min.compaction.lag.ms stay, and go once they are older") {
  Compacted world;
  auto lagging = std::make_shared<LogConfig>(world.log().config());
  lagging->min_compaction_lag_ms = seconds(1000);
  world.log().update_config(lagging);
  for (int i = 0; i < 20; ++i) world.put("a", std::string(100, 'v'));
  world.seal();
  world.clean();
  CHECK(world.offsets_of("a").size() == 20);
  world.run_for(seconds(1100));
  CHECK(world.offsets_of("a").size() < 5);
}

TEST_CASE("below the dirty ratio nothing is cleaned, unless max.compaction.lag.ms has passed") {
  Compacted world;
  auto lazy = std::make_shared<LogConfig>(world.log().config());
  lazy->min_cleanable_dirty_ratio = 1.0;
  world.log().update_config(lazy);
  for (int i = 0; i < 20; ++i) world.put("a", std::string(100, 'v'));
  world.seal();
  world.clean();
  CHECK(world.offsets_of("a").size() == 20);
  auto urgent = std::make_shared<LogConfig>(*lazy);
  urgent->max_compaction_lag_ms = seconds(300);
  world.log().update_config(urgent);
  world.run_for(seconds(400));
  CHECK(world.offsets_of("a").size() < 5);
}

TEST_CASE("an emptied batch stays while it holds its producer's last sequence") {
  Compacted world;
  world.put("a", "1", by_producer(9, 0, 0));
  const int64_t last = world.put("a", "2", by_producer(9, 0, 1));
  world.put("a", "3");
  world.seal();
  world.clean();
  bool found = false;
  for (const Buffer& bytes : *read_batches(world.log(), Offset(0))) {
    const kafka::RecordBatchView batch = *kafka::parse_batch(bytes);
    if (batch.base_offset() != Offset(last)) continue;
    found = true;
    CHECK(batch.record_count() == 0);
    CHECK(batch.last_sequence() == 1);
  }
  CHECK(found);
  REQUIRE(world.crash());
  const auto again =
      produce(world.log(), {{.timestamp_ms = 1, .key = "a", .value = "2"}}, by_producer(9, 0, 1));
  REQUIRE(again.has_value());
  CHECK(again->duplicate);
  CHECK(again->first_offset == Offset(last));
  CHECK(world.put("b", "4", by_producer(9, 0, 2)) == world.log().log_end_offset().value - 1);
}

TEST_CASE("aborted records go, committed ones stay, and markers outlive their data") {
  Compacted world(seconds(50));
  world.put("a", "committed", by_producer(1, 0, 0, true));
  world.put("a", "aborted", by_producer(2, 0, 0, true));
  world.put("b", "aborted", by_producer(2, 0, 1, true));
  Buffer abort = marker(2, 0, false, 0, world.now().ms);
  REQUIRE(world.log().append_own(abort.mutable_bytes(), LeaderEpoch(0)));
  Buffer commit = marker(1, 0, true, 0, world.now().ms);
  REQUIRE(world.log().append_own(commit.mutable_bytes(), LeaderEpoch(0)));
  world.seal();
  world.clean();
  CHECK(world.values() == std::map<std::string, std::string>{{"a", "committed"}});
  const auto markers = [&] {
    size_t count = 0;
    for (const Buffer& bytes : *read_batches(world.log(), Offset(0))) {
      const kafka::RecordBatchView batch = *kafka::parse_batch(bytes);
      count += batch.is_control() && batch.record_count() > 0;
    }
    return count;
  };
  CHECK(markers() == 2);
  CHECK(read_records(world.log(), Offset(0), ReadBound::kLastStable)->size() > 0);
  // The aborted transaction's last batch is kept, empty, for its sequence: so is what says so.
  CHECK(world.log().aborted_transactions(Offset(0), Offset(5))->size() == 1);
  REQUIRE(world.crash());
  CHECK(world.values() == std::map<std::string, std::string>{{"a", "committed"}});
  CHECK(world.log().aborted_transactions(Offset(0), Offset(5))->size() == 1);
}

TEST_CASE("a map too small for all keys is enough for several passes") {
  LogDirectoryOptions options = standard_options();
  options.cleaner.dedupe_buffer_bytes = OffsetMap::kSlotBytes * 12;
  LogWorld world(1, options);
  world.config().cleanup_compact = true;
  world.config().segment_bytes = 500;
  world.config().min_cleanable_dirty_ratio = 0;
  REQUIRE(world.start());
  world.create();
  for (int round = 0; round < 4; ++round) {
    for (int key = 0; key < 40; ++key) {
      REQUIRE(produce(world.log(), {{.timestamp_ms = world.now().ms,
                                     .key = fmt::format("{}", key),
                                     .value = fmt::format("{}", round)}}));
    }
  }
  REQUIRE(put(world.log(), {std::string(400, 'f')}, world.now().ms));
  REQUIRE(world.durable(world.log()));
  world.run_for(seconds(60));
  CHECK(world.directory().cleaner().pass_count() > 2);
  std::map<std::string, std::string> last;
  const auto records = *read_records(world.log());
  for (const OwnedRecord& record : records) last[*record.key] = *record.value;
  CHECK(last.size() == 41);
  for (int key = 0; key < 40; ++key) CHECK(last[fmt::format("{}", key)] == "3");
  CHECK(records.size() < 60);
}

TEST_CASE("a damaged segment is not compacted: what cannot be read is not superseded") {
  Compacted world;
  for (int i = 0; i < 12; ++i) world.put("a", std::string(100, 'v'));
  REQUIRE(world.durable(world.log()));
  REQUIRE(world.disk().flip_bit("data/orders-0/00000000000000000000.log", 100, 2));
  world.seal();
  world.clean();
  CHECK(!read_records(world.log()));  // the read meets it, too
  CHECK(world.world().log_text().find("not compacted until the server restarts") !=
        std::string::npos);
  CHECK(read_records(world.log(), Offset(1))->size() >= 11);
}

TEST_CASE("a full disk ends a pass and leaves nothing behind; later it is made up for") {
  Compacted world;
  for (int i = 0; i < 12; ++i) world.put("a", std::string(100, 'v'));
  world.seal();
  world.disk().set_full(true);
  world.run_for(seconds(5));
  CHECK(world.offsets_of("a").size() == 12);
  world.disk().set_full(false);
  world.run_for(seconds(60));
  CHECK(world.offsets_of("a").size() < 3);
  for (const std::string& name : world.files()) {
    CHECK(!name.ends_with(".cleaned"));
    CHECK(!name.ends_with(".swap"));
  }
}

TEST_CASE("syncs that fail anywhere in a compaction cost no key's last value, now or later") {
  bool failed = false;
  for (uint64_t change = 1; change <= 60; ++change) {
    CAPTURE(change);
    Compacted world;
    simulation::DiskProbe probe;
    for (int round = 0; round < 5; ++round) {
      for (const char* key : {"a", "b", "c"}) world.put(key, fmt::format("{}{}", key, round));
    }
    world.seal();
    auto expected = world.values();
    world.disk().set_probe(&probe);
    probe.arm(change, simulation::Placement::kAfter, [&] {
      world.disk().fail_syncs(true);
      world.world().at(world.world().now() + milliseconds(1),
                       [&] { world.disk().fail_syncs(false); });
    });
    world.run_for(seconds(10));
    world.disk().set_probe(nullptr);
    if (world.log().failure()) {
      failed = true;
    } else {
      world.put("a", "latest");
      world.seal();
      world.clean();
      expected["a"] = "latest";
    }
    world.node().kill();
    REQUIRE(world.start());
    CHECK(world.values() == expected);
  }
  CHECK(failed);
}

TEST_CASE("compaction is paced to its bytes per second") {
  LogDirectoryOptions options = standard_options();
  options.cleaner.bytes_per_second_max = 100'000;
  LogWorld world(1, options);
  world.config().cleanup_compact = true;
  world.config().segment_bytes = 1 << 20;
  world.config().min_cleanable_dirty_ratio = 0;
  REQUIRE(world.start());
  world.create();
  for (int i = 0; i < 40; ++i) {
    REQUIRE(
        produce(world.log(), {{.timestamp_ms = 1, .key = "k", .value = std::string(60'000, 'v')}}));
  }
  REQUIRE(world.durable(world.log()));
  world.run_for(seconds(10));
  CHECK(world.directory().cleaner().pass_count() == 0);
  world.run_for(seconds(60));
  CHECK(world.directory().cleaner().pass_count() > 0);
}

TEST_CASE("compaction under crashes loses no key's last value and makes none up") {
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    CAPTURE(seed);
    Random random(seed);
    simulation::Faults faults = simulation::Faults::draw(random.fork());
    faults.disk_read_error = faults.disk_rot = faults.disk_sync_error = faults.disk_write_error = 0;
    faults.wall_skew = {};
    LogWorld world(seed, standard_options(), faults);
    world.options().open_segments_max = 1 + random.below(10);
    world.config().cleanup_compact = true;
    world.config().cleanup_delete = false;
    world.config().segment_bytes = static_cast<int32_t>(random.between(300, 3000));
    world.config().index_interval_bytes = static_cast<int32_t>(random.between(0, 500));
    world.config().min_cleanable_dirty_ratio = random.unit() * 0.5;
    world.config().delete_retention_ms = milliseconds(random.between(0, 20'000));
    world.config().file_delete_delay_ms = milliseconds(random.between(0, 2000));
    REQUIRE(world.start());
    world.create();
    // Every record ever written, by offset, and the last one of each key.
    std::map<int64_t, OwnedRecord> written;
    const auto check = [&] {
      const int64_t end = world.log().log_end_offset().value;
      written.erase(written.lower_bound(end), written.end());
      std::map<std::string, OwnedRecord> expected;
      for (const auto& [offset, record] : written) expected[*record.key] = record;
      const auto records = read_records(world.log());
      REQUIRE(records.has_value());
      int64_t before = -1;
      std::map<std::string, OwnedRecord> found;
      for (const OwnedRecord& record : *records) {
        CHECK(record.offset > before);
        before = record.offset;
        REQUIRE(written.contains(record.offset));
        CHECK(written[record.offset] == record);
        found[*record.key] = record;
      }
      for (const auto& [key, record] : expected) {
        if (!record.value && !found.contains(key)) continue;  // a tombstone that has gone
        REQUIRE(found.contains(key));
        CHECK(found[key] == record);
      }
    };
    for (int step = 0; step < 120; ++step) {
      const uint64_t what = random.below(20);
      if (what == 0) {
        const Offset stable = world.log().durable_offset();
        if (random.chance(0.7)) {
          world.node().crash();
        } else {
          world.node().kill();
        }
        REQUIRE(world.start());
        if (!world.has(kOrders)) world.create();
        INFO(world.world().log_text());
        REQUIRE(world.log().log_end_offset() >= stable);
        check();
      } else if (what < 5) {
        world.run_for(milliseconds(random.between(0, 8000)));
      } else {
        std::vector<OwnedRecord> records;
        for (int64_t i = 0; i < random.between(1, 6); ++i) {
          std::optional<std::string> value = fmt::format("{}-{}", step, random.below(1000));
          if (random.chance(0.2)) value.reset();
          records.push_back({.timestamp_ms = world.now().ms,
                             .key = fmt::format("key{}", random.below(8)),
                             .value = value,
                             .offset = i});
        }
        const auto appended = produce(world.log(), records);
        REQUIRE(appended.has_value());
        for (OwnedRecord& record : records) {
          record.offset += appended->first_offset.value;
          written[record.offset] = record;
        }
      }
    }
    world.run_for(seconds(30));
    check();
  }
}

}  // namespace
}  // namespace millrace::log
