#include "log/partition_log.h"

#include "log/log_testing.h"

#include "base/testing.h"

namespace millrace::log {
namespace {

using namespace millrace::log::testing;  // NOLINT: the vocabulary of these tests

/// A world that runs, with one empty partition.
struct OneLog : LogWorld {
  explicit OneLog(LogConfig settings = {}) {
    if (settings.retention_ms == LogConfig().retention_ms) settings.retention_ms.reset();
    config() = settings;
    REQUIRE(start());
    create();
  }
};

TEST_CASE("an append stamps offsets and leader epoch and leaves the rest as the producer sent it") {
  OneLog world;
  const auto first = produce(world.log(), records_of({"a", "b"}), {}, LeaderEpoch(3));
  REQUIRE(first.has_value());
  CHECK(first->first_offset == Offset(0));
  CHECK(first->last_offset == Offset(1));
  CHECK(first->log_append_time == kNoTimestamp);
  CHECK(!first->duplicate);
  CHECK(put(world.log(), {"c"})->first_offset == Offset(2));
  const auto batches = read_batches(world.log(), Offset(0));
  REQUIRE(batches->size() == 2);
  const kafka::RecordBatchView batch = *kafka::parse_batch(batches->front());
  CHECK(batch.base_offset() == Offset(0));
  CHECK(batch.partition_leader_epoch() == LeaderEpoch(3));
  CHECK(batch.timestamp_type() == kafka::TimestampType::kCreateTime);
  CHECK(kafka::verify_crc(batch));
  CHECK(values_of(*read_records(world.log())) == std::vector<std::string>{"a", "b", "c"});
}

TEST_CASE("a topic with LogAppendTime stamps the time into the batch and the answer") {
  OneLog world({.message_timestamp_type = kafka::TimestampType::kLogAppendTime});
  const Timestamp now = world.now();
  CHECK(put(world.log(), {"a"}, 5)->log_append_time == now);
  CHECK(read_records(world.log())->at(0).timestamp_ms == now.ms);
}

TEST_CASE("a topic with a codec of its own recompresses what comes in another") {
  OneLog world({.compression_type = kafka::Codec::kZstd});
  REQUIRE(produce(world.log(), records_of({"a", "b"}), {.codec = kafka::Codec::kGzip}));
  REQUIRE(put(world.log(), {"c"}));
  for (const Buffer& bytes : *read_batches(world.log(), Offset(0))) {
    CHECK(kafka::parse_batch(bytes)->codec() == kafka::Codec::kZstd);
  }
  CHECK(values_of(*read_records(world.log())) == std::vector<std::string>{"a", "b", "c"});
}

TEST_CASE("a batch beyond max.message.bytes, or an append beyond segment.bytes, is refused") {
  OneLog small({.max_message_bytes = 200});
  CHECK(put(small.log(), {std::string(300, 'x')}).error().error.code() == Errc::kMessageTooLarge);
  OneLog segment({.segment_bytes = 200});
  CHECK(put(segment.log(), {std::string(300, 'x')}).error().error.code() ==
        Errc::kRecordListTooLarge);
  CHECK(segment.log().log_end_offset() == Offset(0));
}

TEST_CASE("a rejected record is named by its index") {
  OneLog world({.cleanup_compact = true});
  std::vector<OwnedRecord> records = records_of({"a", "b", "c"});
  records[1].key.reset();
  const ProduceResult refused = produce(world.log(), records);
  REQUIRE(!refused);
  CHECK(refused.error().error.code() == Errc::kInvalidRecord);
  REQUIRE(refused.error().record_errors.size() == 1);
  CHECK(refused.error().record_errors[0].batch_index == 1);
}

TEST_CASE("the high watermark of a sole replica follows what is stable") {
  OneLog world;
  REQUIRE(put(world.log(), {"a"}));
  CHECK(world.log().high_watermark() == Offset(0));
  CHECK(world.log().read(Offset(0), {})->slice.empty());
  REQUIRE(world.durable(world.log()));
  CHECK(world.log().high_watermark() == Offset(1));
  CHECK(!world.log().read(Offset(0), {})->slice.empty());
}

TEST_CASE("with page-cache durability an append is readable and acknowledged at once") {
  LogDirectoryOptions options = standard_options();
  options.durability = Durability::kPageCache;
  LogWorld world(1, options);
  REQUIRE(world.start());
  world.create();
  const uint64_t syncs = world.disk().counts().syncs;
  REQUIRE(put(world.log(), {"a"}));
  CHECK(world.log().high_watermark() == Offset(1));
  REQUIRE(world.durable(world.log()));
  CHECK(world.disk().counts().syncs == syncs);
}

TEST_CASE("the broker moves the high watermark of a replicated log, within what there is") {
  OneLog world;
  world.log().set_high_watermark_rule(HighWatermarkRule::kReplicated);
  REQUIRE(put(world.log(), {"a", "b", "c"}));
  REQUIRE(world.durable(world.log()));
  CHECK(world.log().high_watermark() == Offset(0));
  world.log().set_high_watermark(Offset(2));
  CHECK(world.log().high_watermark() == Offset(2));
  world.log().set_high_watermark(Offset(99));
  CHECK(world.log().high_watermark() == Offset(3));
}

TEST_CASE("an observer is told of appends, of the high watermark and of the log start") {
  struct Counter : LogObserver {
    void on_log_change(PartitionLog&) override { ++count; }
    int count = 0;
  } counter;
  OneLog world;
  world.log().set_observer(&counter);
  REQUIRE(put(world.log(), {"a"}));
  CHECK(counter.count == 1);
  REQUIRE(world.durable(world.log()));
  CHECK(counter.count == 2);
  REQUIRE(world.log().delete_records_before(Offset(1)));
  CHECK(counter.count == 3);
  world.log().set_observer(nullptr);
}

TEST_CASE("many appends of a turn are made stable by one sync") {
  OneLog world;
  REQUIRE(put(world.log(), {"first"}));
  REQUIRE(world.durable(world.log()));
  world.run_for(seconds(1));  // its files get stable names
  const uint64_t syncs = world.disk().counts().syncs;
  for (int i = 0; i < 100; ++i) REQUIRE(put(world.log(), {"x"}));
  REQUIRE(world.durable(world.log()));
  // One frame of the journal.
  CHECK(world.disk().counts().syncs == syncs + 1);
  CHECK(world.directory().journal().frame_count() == 2);
}

// Reading.

TEST_CASE("a read gives whole batches, at least one, and not more than asked for otherwise") {
  OneLog world;
  for (int i = 0; i < 10; ++i) REQUIRE(put(world.log(), {std::string(100, 'x')}));
  const int64_t one = world.log().size_bytes() / 10;
  const auto size_of = [&](int64_t bytes_max) {
    return world.log().read(Offset(3), {bytes_max, ReadBound::kLogEnd})->slice.size;
  };
  CHECK(size_of(1) == one);
  CHECK(size_of(one) == one);
  CHECK(size_of(2 * one - 1) == one);
  CHECK(size_of(2 * one) == 2 * one);
  CHECK(size_of(1 << 20) == 7 * one);
}

TEST_CASE("a read from within a batch gives the whole batch") {
  OneLog world;
  REQUIRE(put(world.log(), {"a", "b", "c"}));
  REQUIRE(put(world.log(), {"d"}));
  const auto batches = read_batches(world.log(), Offset(2));
  CHECK(kafka::parse_batch(batches->front())->base_offset() == Offset(0));
  CHECK(read_records(world.log(), Offset(2))->at(0).value == "c");
}

TEST_CASE("a read that is not to wait for the disk says what must come from it, step by step") {
  OneLog world;
  for (int i = 0; i < 100; ++i) REQUIRE(put(world.log(), {std::string(1000, 'x')}));
  REQUIRE(world.restart());  // what is known of the segment is on the disk again
  const ReadOptions waits{.bytes_max = 20'000, .bound = ReadBound::kLogEnd};
  FileSlice cold;
  ReadOptions refuses = waits;
  refuses.cold = &cold;
  simulation::Faults faults;
  faults.disk_cold = 0.5;  // so that each step is come upon in turn
  world.world().set_faults(faults);
  Result<ReadResult> read = fail(Errc::kWouldBlock);
  for (int i = 0; i < 1000 && !read; ++i) {
    read = world.log().read(Offset(50), refuses);
    if (read) break;
    REQUIRE(read.error().code() == Errc::kWouldBlock);
    REQUIRE(!cold.empty());
    CHECK(cold.position + cold.size <= *cold.file->size() + int64_t{HeaderWalk::kWindowBytes});
  }
  REQUIRE(read);
  const auto expected = world.log().read(Offset(50), waits);
  CHECK(read->slice.position == expected->slice.position);
  CHECK(read->slice.size == expected->slice.size);
  CHECK(read->upper_bound == expected->upper_bound);
  CHECK(!cold.empty());
}

TEST_CASE("a read that is not to wait has its indexes asked for, too") {
  OneLog world({.segment_bytes = 20'000});
  for (int i = 0; i < 100; ++i) REQUIRE(put(world.log(), {std::string(1000, 'x')}));
  REQUIRE(world.restart());
  world.disk().set_cold(true);
  FileSlice cold;
  const auto read = world.log().read(Offset(5), {.bound = ReadBound::kLogEnd, .cold = &cold});
  REQUIRE(!read);
  CHECK(read.error().code() == Errc::kWouldBlock);
  CHECK(cold.file->path().ends_with("index"));
  CHECK(cold.size == *cold.file->size());
  CHECK(world.log().read(Offset(5), {.bound = ReadBound::kLogEnd}));
}

TEST_CASE("offsets outside the log are refused; its end is an empty read") {
  OneLog world;
  REQUIRE(put(world.log(), {"a", "b"}));
  REQUIRE(world.durable(world.log()));
  REQUIRE(world.log().delete_records_before(Offset(1)));
  CHECK(world.log().read(Offset(0), {}).error().code() == Errc::kOffsetOutOfRange);
  CHECK(world.log().read(Offset(3), {}).error().code() == Errc::kOffsetOutOfRange);
  CHECK(world.log().read(Offset(2), {})->slice.empty());
}

TEST_CASE("a slice can be read after its segment was removed and its files are gone") {
  OneLog world({.segment_bytes = 200, .file_delete_delay_ms = Duration{}});
  REQUIRE(put(world.log(), {std::string(100, 'a')}));
  const ReadResult read = *world.log().read(Offset(0), {.bound = ReadBound::kLogEnd});
  REQUIRE(put(world.log(), {std::string(100, 'b')}));
  REQUIRE(world.durable(world.log()));
  REQUIRE(world.log().delete_records_before(Offset(1)));
  world.run_for(seconds(10));
  CHECK(world.files() == std::vector<std::string>{"00000000000000000001.log",
                                                  "00000000000000000001.snapshot",
                                                  "partition.metadata"});
  Buffer bytes;
  REQUIRE(read.slice.copy_to(bytes));
  CHECK(kafka::testing::read(bytes)->at(0).value == std::string(100, 'a'));
}

// Rolling.

TEST_CASE("a segment that would grow beyond segment.bytes is followed by a new one") {
  OneLog world({.segment_bytes = 400});
  for (int i = 0; i < 4; ++i) REQUIRE(put(world.log(), {std::string(100, 'x')}));
  const auto files = world.files();
  CHECK(std::ranges::count(files, "00000000000000000000.log") == 1);
  CHECK(std::ranges::count(files, "00000000000000000002.log") == 1);
  CHECK(std::ranges::count(files, "00000000000000000002.snapshot") == 1);
  CHECK(world.disk().info("data/orders-0/00000000000000000000.log")->size <= 400);
  CHECK(read_records(world.log())->size() == 4);
}

TEST_CASE("a segment whose first record is older than segment.ms is followed by a new one") {
  OneLog world({.segment_ms = seconds(10)});
  REQUIRE(put(world.log(), {"a"}, 1'000'000));
  REQUIRE(put(world.log(), {"b"}, 1'010'000));
  CHECK(std::ranges::count(world.files(), "00000000000000000002.log") == 0);
  REQUIRE(put(world.log(), {"c"}, 1'010'001));
  CHECK(std::ranges::count(world.files(), "00000000000000000002.log") == 1);
}

TEST_CASE("any timestamp that a client may send is kept, looked up and aged without overflow") {
  LogWorld world;
  world.config().segment_bytes = 400;
  world.config().retention_ms = std::nullopt;
  world.config().message_timestamp_after_max_ms = std::nullopt;
  REQUIRE(world.start());
  world.create();
  const std::vector<int64_t> timestamps{INT64_MIN, INT64_MAX, 0, INT64_MIN + 1, INT64_MAX - 1, -2};
  for (const int64_t timestamp : timestamps) REQUIRE(put(world.log(), {"value"}, timestamp));
  REQUIRE(world.durable(world.log()));
  REQUIRE(world.restart());
  std::vector<int64_t> found;
  for (const OwnedRecord& record : *read_records(world.log())) found.push_back(record.timestamp_ms);
  CHECK(found == timestamps);
  CHECK(world.log().offset_for_timestamp({INT64_MAX}, ReadBound::kLogEnd).has_value());
  CHECK(world.log().offset_for_timestamp({INT64_MIN}, ReadBound::kLogEnd).has_value());
  world.config().retention_ms = seconds(1);
  world.run_for(seconds(600));
}

TEST_CASE("a segment whose index is full is followed by a new one") {
  OneLog world({.segment_index_bytes = 24, .index_interval_bytes = 0});
  for (int i = 0; i < 5; ++i) REQUIRE(put(world.log(), {"x"}, 1000 + i));
  // The first batch has no entry; two of the time index are as many as leave one free.
  CHECK(std::ranges::count(world.files(), "00000000000000000002.log") == 1);
}

TEST_CASE("an offset that int32 cannot hold relative to its segment begins a new one") {
  OneLog world;
  Buffer first = kafka::testing::build({.base_offset = Offset(0)}, records_of({"a"}));
  REQUIRE(world.log().append_replicated(first));
  std::vector<OwnedRecord> far = records_of({"b"});
  far[0].offset = int64_t{INT32_MAX} + 1;
  Buffer second = kafka::testing::build({.base_offset = Offset(far[0].offset)}, far);
  REQUIRE(world.log().append_replicated(second));
  CHECK(std::ranges::count(world.files(), "00000000000000000001.log") == 1);
  CHECK(read_records(world.log())->back().offset == far[0].offset);
  CHECK(read_records(world.log(), Offset(5))->front().offset == far[0].offset);
}

// Searching.

TEST_CASE("the offset for a time is that of the first record at or after it") {
  OneLog world({.segment_bytes = 500, .index_interval_bytes = 100});
  for (int64_t i = 0; i < 30; ++i) {
    std::vector<OwnedRecord> records = records_of({"a", "b"}, 1000 + i * 100);
    records[1].timestamp_ms += 50;
    REQUIRE(produce(world.log(), records,
                    {.codec = i % 2 == 0 ? kafka::Codec::kNone : kafka::Codec::kSnappy},
                    LeaderEpoch(1)));
  }
  const auto at = [&](int64_t ms) {
    return *world.log().offset_for_timestamp({ms}, ReadBound::kLogEnd);
  };
  CHECK(at(0)->offset == Offset(0));
  CHECK(at(1001)->offset == Offset(1));
  CHECK(at(1050)->offset == Offset(1));
  CHECK(at(2500)->offset == Offset(30));
  CHECK(at(2500)->leader_epoch == LeaderEpoch(1));
  CHECK(at(3950)->offset == Offset(59));
  CHECK(!at(3951));
  CHECK(!*world.log().offset_for_timestamp({2500}, ReadBound::kHighWatermark));
}

TEST_CASE("the largest timestamp belongs to its first record, wherever it is") {
  OneLog world({.segment_bytes = 300});
  for (const int64_t ms : {1000, 5000, 2000, 5000, 3000}) REQUIRE(put(world.log(), {"x"}, ms));
  const auto found = *world.log().offset_of_max_timestamp(ReadBound::kLogEnd);
  REQUIRE(found);
  CHECK(found->offset == Offset(1));
  CHECK(found->timestamp == Timestamp{5000});
  OneLog empty;
  CHECK(!*empty.log().offset_of_max_timestamp(ReadBound::kLogEnd));
}

TEST_CASE("earliest and latest carry the leader epoch of their offset") {
  OneLog world;
  REQUIRE(produce(world.log(), records_of({"a", "b"}), {}, LeaderEpoch(1)));
  REQUIRE(produce(world.log(), records_of({"c"}), {}, LeaderEpoch(4)));
  REQUIRE(world.durable(world.log()));
  CHECK(world.log().earliest().leader_epoch == LeaderEpoch(1));
  CHECK(world.log().latest(ReadBound::kHighWatermark).offset == Offset(3));
  CHECK(world.log().latest(ReadBound::kHighWatermark).leader_epoch == LeaderEpoch(4));
  CHECK(world.log().end_offset_for_epoch(LeaderEpoch(2))->end_offset == Offset(2));
}

TEST_CASE("an epoch is known before anything is appended in it") {
  OneLog world;
  REQUIRE(put(world.log(), {"a"}));
  world.log().begin_leader_epoch(LeaderEpoch(7));
  CHECK(world.log().leader_epochs().latest() == LeaderEpoch(7));
  CHECK(world.log().end_offset_for_epoch(LeaderEpoch(0))->end_offset == Offset(1));
}

// Producers and transactions.

TEST_CASE("a batch that a producer sends again is answered as then and not appended") {
  OneLog world;
  REQUIRE(put(world.log(), {"other"}));
  REQUIRE(produce(world.log(), records_of({"a", "b"}, 4000), by_producer(9, 0, 0)));
  REQUIRE(produce(world.log(), records_of({"c"}), by_producer(9, 0, 2)));
  const auto again = produce(world.log(), records_of({"a", "b"}, 4000), by_producer(9, 0, 0));
  REQUIRE(again.has_value());
  CHECK(again->duplicate);
  CHECK(again->first_offset == Offset(1));
  CHECK(again->last_offset == Offset(2));
  CHECK(again->log_append_time == Timestamp{4000});
  CHECK(world.log().log_end_offset() == Offset(4));
  CHECK(produce(world.log(), records_of({"e"}), by_producer(9, 0, 5)).error().error.code() ==
        Errc::kOutOfOrderSequenceNumber);
}

TEST_CASE("duplicates are told after an orderly stop and after a crash") {
  for (const bool crash : {false, true}) {
    CAPTURE(crash);
    OneLog world({.segment_bytes = 300});
    for (int i = 0; i < 6; ++i) {
      REQUIRE(produce(world.log(), records_of({std::string(100, 'x')}), by_producer(9, 0, i)));
    }
    REQUIRE(world.durable(world.log()));
    REQUIRE((crash ? world.crash() : world.restart()));
    const auto again =
        produce(world.log(), records_of({std::string(100, 'x')}), by_producer(9, 0, 5));
    REQUIRE(again.has_value());
    CHECK(again->duplicate);
    CHECK(again->first_offset == Offset(5));
    CHECK(produce(world.log(), records_of({"y"}), by_producer(9, 0, 6))->first_offset == Offset(6));
  }
}

TEST_CASE("readers of committed data stop at an open transaction and learn of aborted ones") {
  OneLog world;
  REQUIRE(put(world.log(), {"plain"}));
  REQUIRE(produce(world.log(), records_of({"t1"}), by_producer(1, 0, 0, true)));
  REQUIRE(produce(world.log(), records_of({"t2"}), by_producer(2, 0, 0, true)));
  REQUIRE(world.durable(world.log()));
  CHECK(world.log().last_stable_offset() == Offset(1));
  CHECK(world.log().latest(ReadBound::kLastStable).offset == Offset(1));

  Buffer abort = marker(1, 0, false);
  CHECK(world.log().append_own(abort.mutable_bytes(), LeaderEpoch(0))->first_offset == Offset(3));
  REQUIRE(world.durable(world.log()));
  CHECK(world.log().last_stable_offset() == Offset(2));
  Buffer commit = marker(2, 0, true);
  REQUIRE(world.log().append_own(commit.mutable_bytes(), LeaderEpoch(0)));
  CHECK(world.log().last_stable_offset() == Offset(2));  // its end is not replicated yet
  REQUIRE(world.durable(world.log()));
  CHECK(world.log().last_stable_offset() == Offset(5));

  for (const bool restarted : {false, true}) {
    CAPTURE(restarted);
    const auto read = world.log().read(Offset(0), {.bound = ReadBound::kLastStable});
    CHECK(read->upper_bound == Offset(5));
    const auto aborted = world.log().aborted_transactions(Offset(0), read->upper_bound);
    REQUIRE(aborted->size() == 1);
    CHECK(aborted->front() == AbortedTransaction{ProducerId(1), Offset(1), Offset(3), Offset(2)});
    CHECK(world.log().aborted_transactions(Offset(4), Offset(5))->empty());
    if (!restarted) REQUIRE(world.restart());
  }
}

TEST_CASE("a zombie's marker is refused") {
  OneLog world;
  REQUIRE(produce(world.log(), records_of({"t"}), by_producer(1, 3, 0, true)));
  Buffer good = marker(1, 3, true, 7);
  REQUIRE(world.log().append_own(good.mutable_bytes(), LeaderEpoch(0)));
  Buffer old_coordinator = marker(1, 3, true, 6);
  CHECK(world.log().append_own(old_coordinator.mutable_bytes(), LeaderEpoch(0)).error().code() ==
        Errc::kTransactionCoordinatorFenced);
  Buffer old_epoch = marker(1, 2, true, 8);
  CHECK(world.log().append_own(old_epoch.mutable_bytes(), LeaderEpoch(0)).error().code() ==
        Errc::kInvalidProducerEpoch);
}

TEST_CASE("a producer that was silent for producer.id.expiration.ms is forgotten by itself") {
  LogDirectoryOptions options = standard_options();
  options.producer_id_expiration = seconds(30);
  LogWorld world(1, options);
  REQUIRE(world.start());
  world.create();
  REQUIRE(produce(world.log(), records_of({"a"}, world.now().ms), by_producer(9, 0, 0)));
  CHECK(world.log().producers()->size() == 1);
  world.run_for(seconds(62));
  CHECK(world.log().producers()->size() == 0);
}

// Replication and truncation.

TEST_CASE(
    "a leader's batches are taken over with their offsets and epochs; a cut one is left out") {
  OneLog world;
  Buffer bytes =
      kafka::testing::build({.base_offset = Offset(10), .partition_leader_epoch = LeaderEpoch(6)},
                            {{.timestamp_ms = 1, .value = "a", .offset = 10},
                             {.timestamp_ms = 1, .value = "b", .offset = 14}});
  const Buffer next =
      kafka::testing::build({.base_offset = Offset(15), .partition_leader_epoch = LeaderEpoch(6)},
                            {{.timestamp_ms = 1, .value = "c", .offset = 15}});
  bytes.append(next.bytes().first(next.size() - 1));
  const auto appended = world.log().append_replicated(bytes);
  REQUIRE(appended.has_value());
  CHECK(world.log().log_end_offset() == Offset(15));
  CHECK(world.log().leader_epochs().epoch_at(Offset(12)) == LeaderEpoch(6));
  CHECK(read_records(world.log())->back().offset == 14);
  CHECK(world.log().append_replicated(bytes).error().code() == Errc::kCorruptMessage);
}

TEST_CASE("truncation cuts records, epochs and producer state, and tells who waits") {
  OneLog world({.segment_bytes = 300});
  for (int i = 0; i < 8; ++i) {
    REQUIRE(produce(world.log(), records_of({std::string(100, 'x')}), by_producer(9, 0, i),
                    LeaderEpoch(i / 3)));
  }
  std::optional<Result<>> waited;
  const auto wait = [](std::shared_ptr<PartitionLog> log,
                       std::optional<Result<>>* into) -> runtime::Task<> {
    *into = co_await runtime::as_result(log->durable(Offset(8)));
  };
  world.log().set_high_watermark_rule(HighWatermarkRule::kReplicated);
  world.node().spawn("wait", wait(world.directory().find(kOrders), &waited));
  REQUIRE(world.run(world.log().truncate_to(Offset(4))));
  CHECK(world.log().log_end_offset() == Offset(4));
  CHECK(world.log().leader_epochs().latest() == LeaderEpoch(1));
  CHECK(read_records(world.log())->size() == 4);
  CHECK(produce(world.log(), records_of({"y"}), by_producer(9, 0, 4))->first_offset == Offset(4));
  world.run_for(seconds(1));
  REQUIRE(waited);
  CHECK(waited->error().code() == Errc::kNotLeaderOrFollower);
  REQUIRE(world.restart());
  CHECK(values_of(*read_records(world.log(), Offset(4))) == std::vector<std::string>{"y"});
}

TEST_CASE("truncation into the middle of a batch removes the whole batch and the end follows") {
  OneLog world;
  REQUIRE(put(world.log(), {"a", "b"}));
  REQUIRE(put(world.log(), {"c", "d", "e"}));
  REQUIRE(world.run(world.log().truncate_to(Offset(4))));
  CHECK(values_of(*read_records(world.log())) == std::vector<std::string>{"a", "b"});
  REQUIRE(put(world.log(), {"f"}));
  CHECK(values_of(*read_records(world.log())) == std::vector<std::string>{"a", "b", "f"});
}

TEST_CASE("a log that starts anew somewhere else has that offset next") {
  OneLog world;
  REQUIRE(put(world.log(), {"a", "b"}));
  REQUIRE(world.run(world.log().truncate_fully_and_start_at(Offset(500))));
  CHECK(world.log().log_start_offset() == Offset(500));
  CHECK(put(world.log(), {"c"})->first_offset == Offset(500));
  REQUIRE(world.durable(world.log()));
  REQUIRE(world.crash());
  CHECK(world.log().log_start_offset() == Offset(500));
  CHECK(read_records(world.log(), Offset(500))->size() == 1);
}

// Retention.

TEST_CASE("segments whose largest timestamp is older than retention.ms go by themselves") {
  OneLog world(
      {.segment_bytes = 300, .retention_ms = seconds(60), .file_delete_delay_ms = seconds(5)});
  const int64_t now = world.now().ms;
  for (int i = 0; i < 4; ++i) {
    REQUIRE(put(world.log(), {std::string(150, 'x')}, now + i * 20'000));
  }
  REQUIRE(world.durable(world.log()));
  world.run_for(seconds(70));
  CHECK(world.log().log_start_offset() == Offset(1));
  world.run_for(seconds(20));
  CHECK(world.log().log_start_offset() == Offset(2));
  world.run_for(seconds(80));
  CHECK(world.log().log_start_offset() == Offset(4));  // the active one too
  CHECK(world.log().log_end_offset() == Offset(4));
  CHECK(world.files() == std::vector<std::string>{"00000000000000000004.log",
                                                  "00000000000000000004.snapshot",
                                                  "leader-epoch-checkpoint", "partition.metadata"});
  REQUIRE(world.crash());
  CHECK(world.log().log_start_offset() == Offset(4));
  CHECK(put(world.log(), {"y"}, world.now().ms)->first_offset == Offset(4));
}

TEST_CASE("removed segments keep a .deleted name until file.delete.delay.ms has passed") {
  OneLog world({.segment_bytes = 200, .file_delete_delay_ms = seconds(60)});
  for (int i = 0; i < 2; ++i) REQUIRE(put(world.log(), {std::string(100, 'x')}));
  REQUIRE(world.durable(world.log()));
  REQUIRE(world.log().delete_records_before(Offset(1)));
  world.run_for(seconds(30));
  CHECK(std::ranges::count(world.files(), "00000000000000000000.log.deleted") == 1);
  world.run_for(seconds(40));
  CHECK(std::ranges::count(world.files(), "00000000000000000000.log.deleted") == 0);
}

TEST_CASE("the oldest segments go while the rest has retention.bytes") {
  OneLog world({.segment_bytes = 300, .retention_bytes = 500});
  for (int i = 0; i < 10; ++i) REQUIRE(put(world.log(), {std::string(150, 'x')}));
  REQUIRE(world.durable(world.log()));
  world.run_for(seconds(5));
  CHECK(world.log().size_bytes() >= 500);
  CHECK(world.log().size_bytes() < 500 + 300);
  CHECK(world.log().log_start_offset() == Offset(7));
}

TEST_CASE("a lower retention takes effect when the settings change") {
  OneLog world({.segment_bytes = 300});
  for (int i = 0; i < 10; ++i) REQUIRE(put(world.log(), {std::string(150, 'x')}, world.now().ms));
  REQUIRE(world.durable(world.log()));
  world.run_for(seconds(5));
  CHECK(world.log().log_start_offset() == Offset(0));
  auto lower = std::make_shared<LogConfig>(world.log().config());
  lower->retention_ms = milliseconds(1);
  world.log().update_config(lower);
  world.run_for(seconds(5));
  CHECK(world.log().log_start_offset() == Offset(10));
}

TEST_CASE("nothing above the high watermark is removed") {
  OneLog world({.segment_bytes = 200, .retention_ms = milliseconds(1)});
  world.log().set_high_watermark_rule(HighWatermarkRule::kReplicated);
  for (int i = 0; i < 4; ++i) REQUIRE(put(world.log(), {std::string(100, 'x')}));
  world.run_for(seconds(10));
  CHECK(world.log().log_start_offset() == Offset(0));
  CHECK(world.log().delete_records_before(Offset(1)).error().code() == Errc::kOffsetOutOfRange);
  world.log().set_high_watermark(Offset(2));
  world.run_for(seconds(10));
  CHECK(world.log().log_start_offset() == Offset(2));
}

TEST_CASE("with an empty cleanup policy everything is kept") {
  OneLog world({.segment_bytes = 200, .cleanup_delete = false, .retention_ms = milliseconds(1)});
  for (int i = 0; i < 4; ++i) REQUIRE(put(world.log(), {std::string(100, 'x')}));
  REQUIRE(world.durable(world.log()));
  world.run_for(seconds(10));
  CHECK(world.log().log_start_offset() == Offset(0));
}

TEST_CASE("deleted records stay deleted after a crash") {
  OneLog world;
  REQUIRE(put(world.log(), {"a", "b", "c"}));
  REQUIRE(world.durable(world.log()));
  CHECK(world.log().delete_records_before(Offset(2)) == Offset(2));
  CHECK(world.log().delete_records_before(kNoOffset) == Offset(3));
  world.run_for(seconds(1));
  REQUIRE(world.crash());
  CHECK(world.log().log_start_offset() == Offset(3));
  CHECK(world.log().log_end_offset() == Offset(3));
}

// A disk that fails.

TEST_CASE("a full disk refuses appends and serves reads; with room again it goes on") {
  OneLog world;
  REQUIRE(put(world.log(), {"a"}));
  REQUIRE(world.durable(world.log()));
  world.disk().set_full(true);
  for (int i = 0; i < 3; ++i) {
    const auto refused = put(world.log(), {std::string(20'000, 'b')});
    REQUIRE(!refused);
    CHECK(refused.error().error.code() == Errc::kDiskFull);
  }
  CHECK(read_records(world.log(), Offset(0), ReadBound::kHighWatermark)->size() == 1);
  world.disk().set_full(false);
  CHECK(put(world.log(), {"c"})->first_offset == Offset(1));
  REQUIRE(world.durable(world.log()));
  REQUIRE(world.crash());
  CHECK(values_of(*read_records(world.log())) == std::vector<std::string>{"a", "c"});
}

/// What is told to a person, while it exists.
struct ToldLines final : LogSink {
  ToldLines() : before(install_log_sink(this)) {}
  ~ToldLines() override { install_log_sink(before); }
  void write(LogLevel, std::string_view, std::string_view line) override {
    lines.emplace_back(line);
  }
  int64_t count(std::string_view part) const {
    return std::ranges::count_if(lines, [&](const auto& line) { return line.contains(part); });
  }

  LogSink* before;
  std::vector<std::string> lines;
};

TEST_CASE("a full disk is told once, and that it is over, at most once a minute") {
  OneLog world;
  const auto fill_for_a_while = [&] {
    world.disk().set_full(true);
    for (int i = 0; i < 3; ++i) CHECK(!put(world.log(), {std::string(20'000, 'b')}));
    world.disk().set_full(false);
    for (int i = 0; i < 3; ++i) REQUIRE(put(world.log(), {"c"}));
  };
  const ToldLines told;
  REQUIRE(put(world.log(), {"a"}));
  fill_for_a_while();
  CHECK(told.count("cannot write to data directory data: ") == 1);
  CHECK(told.count("topic orders, partition 0: data/orders-0/") == 1);
  CHECK(told.count("data directory data can be written again") == 1);
  fill_for_a_while();
  CHECK(told.count("cannot write to data directory") == 1);
  world.run_for(seconds(61));
  REQUIRE(world.durable(world.log()));  // its loop takes note of the time
  fill_for_a_while();
  CHECK(told.count("cannot write to data directory") == 2);
  CHECK(told.count("can be written again") == 2);
}

TEST_CASE("what readers are refused for is told once a minute") {
  OneLog world;
  const ToldLines told;
  const auto report = [&](int64_t offset) {
    world.log().report_unreadable(
        Error(Errc::kCorruptMessage, fmt::format("offset {} is damaged", offset)));
    return told.count(fmt::format("offset {} is damaged", offset));
  };
  CHECK(report(3) == 1);
  CHECK(report(3) == 1);
  CHECK(report(4) == 1);
  world.run_for(seconds(61));
  REQUIRE(world.durable(world.log()));  // its loop takes note of the time
  CHECK(report(4) == 2);
}

TEST_CASE("a full disk at a roll leaves the old segment in use") {
  OneLog world({.segment_bytes = 400});
  for (int i = 0; i < 2; ++i) REQUIRE(put(world.log(), {std::string(100, 'x')}));
  REQUIRE(world.durable(world.log()));
  world.disk().set_full(true);
  CHECK(!put(world.log(), {std::string(100, 'y')}));
  CHECK(!put(world.log(), {std::string(100, 'y')}));
  world.disk().set_full(false);
  CHECK(put(world.log(), {std::string(100, 'z')})->first_offset == Offset(2));
  CHECK(read_records(world.log())->size() == 3);
  REQUIRE(world.restart());
  CHECK(read_records(world.log())->size() == 3);
}

TEST_CASE("a failed sync ends appends for good, tells who waits, and leaves no clean marker") {
  OneLog world;
  REQUIRE(put(world.log(), {"stable"}));
  REQUIRE(world.durable(world.log()));
  world.run_for(milliseconds(100));  // the file's name is stable too
  world.disk().fail_syncs(true);
  REQUIRE(put(world.log(), {"lost?"}));
  CHECK(world.durable(world.log()).error().code() == Errc::kKafkaStorageError);
  world.disk().fail_syncs(false);
  const auto refused = put(world.log(), {"after"});
  REQUIRE(!refused);
  CHECK(refused.error().error.code() == Errc::kKafkaStorageError);
  CHECK(world.log().high_watermark() == Offset(1));
  CHECK(read_records(world.log(), Offset(0), ReadBound::kHighWatermark)->size() == 1);
  REQUIRE(world.close());
  CHECK(!world.disk().info("data/.kafka_cleanshutdown"));
  REQUIRE(world.start());
  CHECK(read_records(world.log())->at(0).value == "stable");
  CHECK(put(world.log(), {"again"}).has_value());
}

}  // namespace
}  // namespace millrace::log
