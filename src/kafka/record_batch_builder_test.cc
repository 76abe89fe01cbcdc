#include "kafka/record_batch_builder.h"

#include "base/testing.h"
#include "kafka/batch_testing.h"

namespace millrace::kafka {
namespace {

using testing::build;
using testing::OwnedRecord;

Record plain(std::string_view value, int64_t timestamp_ms = 0) {
  return {.timestamp = {timestamp_ms}, .value = as_bytes(value)};
}

TEST_CASE("a builder makes one batch after another, the second knowing nothing of the first") {
  Compressor compressor;
  RecordBatchBuilder builder(compressor);
  builder.begin({.base_offset = Offset(7), .producer_id = ProducerId(1), .transactional = true});
  REQUIRE(builder.append(plain("first", 99)).has_value());
  REQUIRE(builder.finish().has_value());

  builder.begin({});
  CHECK(builder.empty());
  CHECK(builder.size_uncompressed() == kBatchHeaderSize);
  REQUIRE(builder.append(plain("second", 5)).has_value());
  REQUIRE(builder.append(plain("third", 4)).has_value());
  const std::vector<OwnedRecord> expected = {{.timestamp_ms = 5, .value = "second", .offset = 0},
                                             {.timestamp_ms = 4, .value = "third", .offset = 1}};
  CHECK(equal(*builder.finish(), build({}, expected)));
}

TEST_CASE("the size is known exactly without a codec and learnt with one") {
  const std::string value(1000, 'v');
  Compressor compressor;
  RecordBatchBuilder builder(compressor);
  builder.begin({});
  for (int i = 0; i < 300; ++i) {
    const size_t before = builder.size_uncompressed();
    REQUIRE(builder.append(plain(value)).has_value());
    REQUIRE(builder.size_uncompressed() - before <=
            RecordBatchBuilder::record_size_max(plain(value)));
  }
  CHECK(builder.size_estimate() == builder.size_uncompressed());
  CHECK(builder.finish()->size() == builder.size_uncompressed());

  size_t estimate = 0;
  size_t size = 0;
  for (int batch = 0; batch < 40; ++batch) {
    builder.begin({.codec = Codec::kLz4});
    for (int i = 0; i < 300; ++i) REQUIRE(builder.append(plain(value)).has_value());
    estimate = builder.size_estimate();
    size = builder.finish()->size();
    if (batch == 0) CHECK(estimate > builder.size_uncompressed());
  }
  CHECK(estimate >= size);
  CHECK(estimate < size * 2);
}

TEST_CASE("every option reaches the header and comes back by options_like") {
  const BatchOptions options = {.base_offset = Offset(1000),
                                .partition_leader_epoch = LeaderEpoch(8),
                                .codec = Codec::kGzip,
                                .timestamp_type = TimestampType::kLogAppendTime,
                                .log_append_time = {123'456},
                                .producer_id = ProducerId(77),
                                .producer_epoch = ProducerEpoch(3),
                                .base_sequence = 55,
                                .transactional = true,
                                .control = true,
                                .delete_horizon = Timestamp{99'999}};
  const Buffer batch = build(options, {{.timestamp_ms = 1, .key = "k", .offset = 1004}});
  const BatchOptions back = options_like(*parse_batch(batch));
  CHECK(back.base_offset == options.base_offset);
  CHECK(back.partition_leader_epoch == options.partition_leader_epoch);
  CHECK(back.codec == options.codec);
  CHECK(back.timestamp_type == options.timestamp_type);
  CHECK(back.log_append_time == options.log_append_time);
  CHECK(back.producer_id == options.producer_id);
  CHECK(back.producer_epoch == options.producer_epoch);
  CHECK(back.base_sequence == options.base_sequence);
  CHECK(back.transactional);
  CHECK(back.control);
  CHECK(back.delete_horizon == options.delete_horizon);
  CHECK(testing::read(batch)->at(0).timestamp_ms == 123'456);
}

TEST_CASE("what compaction keeps of a batch keeps its offsets, times, headers and last sequence") {
  constexpr uint64_t kSeed = 61;
  INFO("seed " << kSeed);
  Random random(kSeed);
  Compressor compressor;
  Decompressor decompressor;
  Buffer buffer;
  RecordBatchBuilder builder(compressor);
  for (int round = 0; round < 200; ++round) {
    const auto all = testing::random_records(random, 500, true);
    const Buffer before = build({.base_offset = Offset(500),
                                 .codec = Codec(random.below(kCodecCount)),
                                 .producer_id = ProducerId(9),
                                 .producer_epoch = ProducerEpoch(0),
                                 .base_sequence = 2'147'483'000},
                                all);
    const RecordBatchView view = *parse_batch(before);
    BatchOptions options = options_like(view);
    if (random.chance(0.5)) options.delete_horizon = Timestamp{1'800'000'000'000};
    builder.begin(options);
    std::vector<OwnedRecord> kept;
    RecordCursor records(view, *decompress_records(view, decompressor, buffer, 64 << 20));
    while (const RecordView* record = records.next()) {
      if (random.chance(0.5)) continue;
      kept.push_back(testing::owned(*record));
      REQUIRE(builder.copy(*record).has_value());
    }
    Buffer after;
    if (kept.empty()) {
      append_empty_batch(options, view.last_offset_delta(), view.max_timestamp(), after);
    } else {
      builder.set_last_offset_delta(view.last_offset_delta());
      after.append(*builder.finish());
    }
    REQUIRE(*testing::read(after) == kept);
    const RecordBatchView smaller = *parse_batch(after);
    REQUIRE(smaller.base_offset() == view.base_offset());
    REQUIRE(smaller.next_offset() == view.next_offset());
    REQUIRE(smaller.last_sequence() == view.last_sequence());
    if (!kept.empty()) REQUIRE(smaller.delete_horizon() == options.delete_horizon);
  }
}

TEST_CASE("recompressing changes the codec and nothing else") {
  constexpr uint64_t kSeed = 62;
  INFO("seed " << kSeed);
  Random random(kSeed);
  Compressor compressor;
  Decompressor decompressor;
  Buffer buffer;
  for (int round = 0; round < 200; ++round) {
    const auto records = testing::random_records(random, 40, false);
    const auto in = [&](Codec codec) {
      return build({.base_offset = Offset(40),
                    .partition_leader_epoch = LeaderEpoch(2),
                    .codec = codec,
                    .producer_id = ProducerId(5),
                    .producer_epoch = ProducerEpoch(1),
                    .base_sequence = 3},
                   records);
    };
    const Codec from = Codec(random.below(kCodecCount));
    const Codec to = Codec(random.below(kCodecCount));
    const Buffer batch = in(from);
    const RecordBatchView view = *parse_batch(batch);
    Buffer out(as_bytes("before"));
    REQUIRE(append_recompressed(view, *decompress_records(view, decompressor, buffer, 64 << 20), to,
                                kStandardLevel, compressor, out)
                .has_value());
    REQUIRE(equal(out.bytes().subspan(6), in(to)));
  }
}

TEST_CASE("a record too large for any batch is refused and leaves the batch as it was") {
  Compressor compressor;
  RecordBatchBuilder builder(compressor);
  builder.begin({});
  REQUIRE(builder.append(plain("small")).has_value());
  const size_t size = builder.size_uncompressed();
  // A view over more than there is: its size alone must be enough to refuse it.
  const uint8_t byte = 0;
  auto refused = builder.append({.value = Bytes(&byte, kBatchSizeMax - size)});
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code() == Errc::kMessageTooLarge);
  CHECK(builder.size_uncompressed() == size);
  CHECK(testing::read(*builder.finish())->size() == 1);
}

TEST_CASE("a level the codec does not have is refused when the batch is finished") {
  Compressor compressor;
  RecordBatchBuilder builder(compressor);
  builder.begin({.codec = Codec::kZstd, .level = 23});
  REQUIRE(builder.append(plain("x")).has_value());
  CHECK(builder.finish().error().code() == Errc::kInvalidSetting);
}

}  // namespace
}  // namespace millrace::kafka
