// Random operations on a log and on a model of it, with crashes: nothing acknowledged is lost, and
// what is read is what was written.
#include <fmt/core.h>

#include <deque>

#include "log/log_testing.h"

#include "base/testing.h"

namespace millrace::log {
namespace {

using namespace millrace::log::testing;  // NOLINT: the vocabulary of these tests
using simulation::Faults;

constexpr uint64_t kSeeds = 100;

struct Batch {
  std::vector<OwnedRecord> records;  // with their offsets
};

std::string difference(const std::vector<OwnedRecord>& log, const std::vector<OwnedRecord>& model) {
  size_t same = 0;
  while (same < log.size() && same < model.size() && log[same] == model[same]) ++same;
  const auto offset = [&](const std::vector<OwnedRecord>& records) {
    return same < records.size() ? fmt::format("{}", records[same].offset) : "the end";
  };
  return fmt::format("{} of {} records are the same; then the log has {}, the model {}", same,
                     model.size(), offset(log), offset(model));
}

// What the log must hold.
struct Model {
  std::deque<Batch> batches;
  // Appends that failed. A crash may show that they were written after all; nobody was told either
  // way, so they may stay, in place of what was written there later and not acknowledged.
  std::vector<Batch> failed;
  int64_t start = 0;  // log start
  int64_t end = 0;
  int64_t acknowledged = 0;

  void cut(int64_t to) {
    while (!batches.empty() && batches.back().records.front().offset >= to) batches.pop_back();
    end = to;
  }
  void take_failed(const std::vector<OwnedRecord>& log) {
    for (const Batch& batch : failed) {
      const int64_t first = batch.records.front().offset;
      const auto begin = std::ranges::find(log, batch.records.front());
      const auto left = static_cast<size_t>(log.end() - begin);
      if (first < acknowledged || left < batch.records.size() ||
          !std::equal(batch.records.begin(), batch.records.end(), begin)) {
        continue;
      }
      cut(first);
      batches.push_back(batch);
      end = batch.records.back().offset + 1;
    }
    failed.clear();
  }
  std::vector<OwnedRecord> from(int64_t offset) const {
    std::vector<OwnedRecord> records;
    for (const Batch& batch : batches) {
      for (const OwnedRecord& record : batch.records) {
        if (record.offset >= offset) records.push_back(record);
      }
    }
    return records;
  }
};

runtime::Task<> acknowledge(std::shared_ptr<PartitionLog> log, Offset upto, int64_t* into) {
  const Result<> done = co_await runtime::as_result(log->durable(upto));
  if (done) *into = std::max(*into, upto.value);
}

class Walk {
 public:
  explicit Walk(uint64_t seed)
      : random_(seed), world_(seed, standard_options(), disk_faults(seed)) {
    world_.options().open_segments_max = 1 + random_.below(20);
    if (random_.chance(0.8)) {
      world_.options().journal = {.file_bytes = int64_t{4096} << random_.between(3, 6),
                                  .files_max = static_cast<int>(random_.between(0, 5))};
    }
    world_.options().recovery_point_interval = milliseconds(random_.between(1, 5000));
    world_.config().segment_bytes = static_cast<int32_t>(random_.between(300, 20'000));
    world_.config().segment_index_bytes = static_cast<int32_t>(random_.between(24, 400));
    world_.config().index_interval_bytes = static_cast<int32_t>(random_.between(0, 1000));
    world_.config().file_delete_delay_ms = milliseconds(random_.between(0, 1000));
    world_.config().message_timestamp_after_max_ms.reset();
    world_.config().retention_ms.reset();
    if (random_.chance(0.3)) world_.config().retention_bytes = random_.between(1000, 50'000);
  }

  void run(int steps) {
    boot();
    for (int i = 0; i < steps; ++i) step();
    world_.world().calm();
    crash_or_kill(false);
    check();
  }

 private:
  // All that a disk does to one that syncs; the others are tested by themselves.
  static Faults disk_faults(uint64_t seed) {
    Faults faults = Faults::draw(Random(seed).fork());
    faults.disk_read_error = 0;
    faults.disk_rot = 0;
    faults.wall_skew = {};
    return faults;
  }

  PartitionLog& log() { return world_.log(); }

  void step() {
    switch (random_.below(16)) {
      case 0:
        return delete_records();
      case 1:
        return read_somewhere();
      case 2:
        return search_time();
      case 3:
        return world_.run_for(milliseconds(random_.between(0, 3000)));
      case 4:
        if (random_.chance(0.3)) return crash_or_kill(random_.chance(0.6));
        return;
      case 5:
        if (random_.chance(0.2)) return stop_in_order();
        return;
      default:
        append();
        if (random_.chance(0.5)) world_.run_for(microseconds(random_.between(0, 3000)));
    }
  }

  void append() {
    Batch batch;
    const auto count = random_.between(1, 12);
    for (int64_t i = 0; i < count; ++i) {
      time_ = std::max<int64_t>(0, time_ + random_.between(-50, 100));
      batch.records.push_back(
          {.timestamp_ms = time_,
           .key = std::string("key"),
           .value = std::string(random_.below(200), 'v') + std::to_string(model_.end + i),
           .offset = i});
    }
    const kafka::BatchOptions options{.codec = random_.chance(0.2) ? kafka::Codec::kLz4
                                                                   : kafka::Codec::kNone};
    const ProduceResult appended = produce(log(), batch.records, options);
    if (!appended) {
      const Errc code = appended.error().error.code();
      CHECK((code == Errc::kIo || code == Errc::kDiskFull || code == Errc::kKafkaStorageError ||
             code == Errc::kRecordListTooLarge));
      CHECK(log().log_end_offset() == Offset(model_.end));
      for (OwnedRecord& record : batch.records) record.offset += model_.end;
      model_.failed.push_back(std::move(batch));
      return;
    }
    REQUIRE(appended->first_offset == Offset(model_.end));
    for (OwnedRecord& record : batch.records) record.offset += model_.end;
    model_.end += count;
    CHECK(log().log_end_offset() == Offset(model_.end));
    model_.batches.push_back(std::move(batch));
    world_.node().spawn("acknowledge", acknowledge(world_.directory().find(kOrders),
                                                   Offset(model_.end), &model_.acknowledged));
  }

  void delete_records() {
    const Offset mark = log().high_watermark();
    const Offset to(random_.between(log().log_start_offset().value, mark.value));
    const Result<Offset> deleted = log().delete_records_before(to);
    if (!deleted) return;
    CHECK(*deleted == to);
    model_.start = std::max(model_.start, to.value);
  }

  void read_somewhere() {
    if (log().failure()) return;  // what is above the last sync may be gone
    const int64_t start = log().log_start_offset().value;
    const int64_t from = random_.between(start, model_.end);
    const auto records =
        read_records(log(), Offset(from), ReadBound::kLogEnd, random_.between(1, 5000));
    REQUIRE(records.has_value());
    INFO(difference(*records, model_.from(from)));
    REQUIRE(*records == model_.from(from));
    CHECK(!log().read(Offset(model_.end + 1), {}));
    if (start > 0) CHECK(!log().read(Offset(start - 1), {}));
  }

  void search_time() {
    const Timestamp time{random_.between(0, time_ + 200)};
    if (log().failure()) return;
    const auto found = log().offset_for_timestamp(time, ReadBound::kLogEnd);
    REQUIRE(found.has_value());
    std::optional<int64_t> expected;
    for (const OwnedRecord& record : model_.from(log().log_start_offset().value)) {
      if (!expected && record.timestamp_ms >= time.ms) expected = record.offset;
    }
    REQUIRE(found->has_value() == expected.has_value());
    if (expected) CHECK((*found)->offset == Offset(*expected));
  }

  void boot() {
    Result<> started;
    for (int tries = 0; tries < 50; ++tries) {
      started = world_.start();
      const bool failed = started && world_.has(kOrders) && log().failure();
      if (started && !failed && world_.directory().unloadable().empty()) break;
      if (tries == 40) world_.world().calm();
      world_.node().kill();
    }
    REQUIRE(started.has_value());
    while (!world_.has(kOrders) &&
           !world_.directory().create(kOrders, kOrdersId, world_.shared_config())) {
      world_.run_for(milliseconds(100));
    }
    world_.expect(kOrders, kOrdersId);
    check();
  }

  void check() {
    const int64_t end = log().log_end_offset().value;
    CHECK(end >= model_.acknowledged);
    const int64_t start = log().log_start_offset().value;
    CHECK(start <= end);
    // DeleteRecords that were not checkpointed, and retention, may move it either way.
    const auto records = read_records(log(), Offset(start));
    INFO(world_.world().log_text());
    REQUIRE(records.has_value());
    model_.take_failed(*records);
    CHECK(end <= model_.end);
    model_.cut(end);
    INFO(difference(*records, model_.from(start)));
    REQUIRE(*records == model_.from(start));
    CHECK(log().damaged().empty());
  }

  void crash_or_kill(bool crash) {
    if (crash) {
      world_.node().crash();
    } else {
      world_.node().kill();
    }
    boot();
  }

  void stop_in_order() {
    const bool failed = log().failure() != nullptr;
    const Result<> closed = world_.close();
    if (closed && !failed && model_.acknowledged < model_.end &&
        world_.world().faults().disk_sync_error == 0 &&
        world_.world().faults().disk_write_error == 0) {
      model_.acknowledged = model_.end;
    }
    boot();
  }

  Random random_;
  LogWorld world_;
  Model model_;
  int64_t time_ = 1000;
};

TEST_CASE(
    "a log under crashes and a failing disk holds what was acknowledged, and reads the same") {
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    CAPTURE(seed);
    Walk(seed).run(150);
  }
}

}  // namespace
}  // namespace millrace::log
