#include "kafka/batch_validation.h"

#include <limits>

#include "base/testing.h"
#include "kafka/batch_testing.h"
#include "kafka/crc32c.h"

namespace millrace::kafka {
namespace {

namespace layout = batch_layout;

using testing::build;
using testing::OwnedRecord;

constexpr int64_t kNow = 1'700'000'000'000;
constexpr int64_t kHour = 3'600'000;

BatchRules rules() {
  return {.now = {kNow}};
}

std::vector<OwnedRecord> three(int64_t timestamp_ms = kNow) {
  return {{.timestamp_ms = timestamp_ms, .key = "a", .value = "1", .offset = 0},
          {.timestamp_ms = timestamp_ms + 2, .key = "b", .value = "2", .offset = 1},
          {.timestamp_ms = timestamp_ms + 1, .key = "c", .offset = 2}};
}

Buffer sealed(Buffer batch) {
  store_be32(batch.data() + layout::kCrc, crc32c(batch.bytes().subspan(layout::kAttributes)));
  return batch;
}

// Changes one field and makes the CRC fit.
template <class T>
Buffer lying(Buffer batch, size_t position, std::type_identity_t<T> value) {
  store_be<T>(batch.data() + position, value);
  return sealed(std::move(batch));
}

struct Outcome {
  Errc code = Errc::kNone;
  std::string detail;
  std::vector<RecordError> record_errors;
  bool walked = false;
  bool must_stamp = false;
  int64_t max_timestamp_ms = 0;
};

Outcome validate(Bytes bytes, const BatchRules& rules = kafka::rules()) {
  Decompressor decompressor;
  Buffer scratch;
  auto produced = validate_produced_batch(bytes, rules, decompressor, scratch);
  if (!produced) {
    return {.code = produced.error().error.code(),
            .detail = produced.error().error.detail(),
            .record_errors = produced.error().record_errors};
  }
  CHECK(equal(produced->batch.bytes(), bytes));
  return {.walked = produced->walked,
          .must_stamp = produced->must_stamp,
          .max_timestamp_ms = produced->max_timestamp.ms};
}

TEST_CASE("an honest batch passes with every codec, only the uncompressed one walked") {
  for (int codec = 0; codec < kCodecCount; ++codec) {
    const Outcome outcome = validate(build({.codec = Codec(codec)}, three()));
    CAPTURE(outcome.detail);
    CHECK(outcome.code == Errc::kNone);
    CHECK(outcome.walked == (codec == 0));
    CHECK_FALSE(outcome.must_stamp);
    CHECK(outcome.max_timestamp_ms == kNow + 2);
  }
}

TEST_CASE("how deep it looks is a rule") {
  const auto walked = [](Codec codec, RecordWalk walk) {
    BatchRules rules = kafka::rules();
    rules.walk = walk;
    return validate(build({.codec = codec}, three()), rules).walked;
  };
  CHECK_FALSE(walked(Codec::kNone, RecordWalk::kIfNeeded));
  CHECK_FALSE(walked(Codec::kLz4, RecordWalk::kIfNeeded));
  CHECK(walked(Codec::kNone, RecordWalk::kUncompressed));
  CHECK_FALSE(walked(Codec::kLz4, RecordWalk::kUncompressed));
  CHECK(walked(Codec::kNone, RecordWalk::kAlways));
  CHECK(walked(Codec::kLz4, RecordWalk::kAlways));
}

TEST_CASE("there must be exactly one whole batch of format 2") {
  const Buffer batch = build({}, three());
  CHECK(validate({}).code == Errc::kInvalidRecord);
  Buffer two(batch.bytes());
  two.append(batch);
  CHECK(validate(two).code == Errc::kInvalidRecord);
  for (size_t size = 1; size < batch.size(); ++size) {
    REQUIRE(validate(batch.bytes().first(size)).code == Errc::kCorruptMessage);
  }
  Buffer old(batch.bytes());
  old.data()[layout::kMagic] = 1;
  CHECK(validate(old).code == Errc::kInvalidRecord);
  CHECK(validate(old).detail.find("format 1") != std::string::npos);
}

TEST_CASE("a batch with a wrong CRC is corrupt, which a client retries") {
  Buffer batch = build({}, three());
  batch.data()[batch.size() - 1] ^= 1;
  CHECK(validate(batch).code == Errc::kCorruptMessage);
}

TEST_CASE("size is limited by max.message.bytes, header included") {
  const Buffer batch = build({}, three());
  BatchRules exact = rules();
  exact.message_bytes_max = static_cast<int32_t>(batch.size());
  CHECK(validate(batch, exact).code == Errc::kNone);
  --exact.message_bytes_max;
  CHECK(validate(batch, exact).code == Errc::kMessageTooLarge);
}

TEST_CASE("headers no producer may send are refused behind a true CRC") {
  CHECK(validate(lying<int64_t>(build({}, three()), layout::kBaseOffset, 1)).code ==
        Errc::kInvalidRecord);
  CHECK(validate(lying<int32_t>(build({}, three()), layout::kRecordCount, 0)).code ==
        Errc::kInvalidRecord);
  CHECK(validate(lying<int32_t>(build({}, three()), layout::kRecordCount, 2)).code ==
        Errc::kInvalidRecord);
  CHECK(validate(lying<int32_t>(build({}, three()), layout::kLastOffsetDelta, 3)).code ==
        Errc::kInvalidRecord);
  CHECK(validate(lying<int16_t>(build({}, three()), layout::kAttributes, 5)).code ==
        Errc::kUnsupportedCompressionType);
  CHECK(validate(build({.control = true}, {{.key = "0000", .offset = 0}})).code ==
        Errc::kInvalidRecord);
  CHECK(validate(build({.delete_horizon = Timestamp{kNow}}, three())).code == Errc::kInvalidRecord);
  CHECK(validate(build({.timestamp_type = TimestampType::kLogAppendTime, .log_append_time = {kNow}},
                       three()))
            .code == Errc::kInvalidTimestamp);
  Buffer empty;
  append_empty_batch({}, 0, {kNow}, empty);
  CHECK(validate(empty).code == Errc::kInvalidRecord);
}

TEST_CASE("zstd needs a client that is new enough") {
  const Buffer batch = build({.codec = Codec::kZstd}, three());
  BatchRules old = rules();
  old.zstd_allowed = false;
  CHECK(validate(batch, old).code == Errc::kUnsupportedCompressionType);
  CHECK(validate(build({.codec = Codec::kLz4}, three()), old).code == Errc::kNone);
}

TEST_CASE("producer id, epoch and sequence must make sense together") {
  const auto code = [](int64_t id, int16_t epoch, int32_t sequence, bool transactional) {
    return validate(build({.producer_id = ProducerId(id),
                           .producer_epoch = ProducerEpoch(epoch),
                           .base_sequence = sequence,
                           .transactional = transactional},
                          three()))
        .code;
  };
  CHECK(code(-1, -1, -1, false) == Errc::kNone);
  CHECK(code(7, 0, 0, false) == Errc::kNone);
  CHECK(code(7, 0, 2'147'483'647, true) == Errc::kNone);
  CHECK(code(7, 0, -1, false) == Errc::kInvalidRecord);
  CHECK(code(7, -1, 0, false) == Errc::kInvalidRecord);
  CHECK(code(-1, -1, -1, true) == Errc::kInvalidRecord);
}

TEST_CASE("a compacted topic names every record without a key, compressed or not") {
  BatchRules compacted = rules();
  compacted.keys_required = true;
  compacted.walk = RecordWalk::kIfNeeded;
  std::vector<OwnedRecord> records = three();
  for (int codec = 0; codec < kCodecCount; ++codec) {
    CHECK(validate(build({.codec = Codec(codec)}, records), compacted).code == Errc::kNone);
  }
  records[0].key = std::nullopt;
  records[1].key = "";  // empty is a key
  records[2].key = std::nullopt;
  for (int codec = 0; codec < kCodecCount; ++codec) {
    const Outcome outcome = validate(build({.codec = Codec(codec)}, records), compacted);
    CHECK(outcome.code == Errc::kInvalidRecord);
    REQUIRE(outcome.record_errors.size() == 2);
    CHECK(outcome.record_errors[0].batch_index == 0);
    CHECK(outcome.record_errors[1].batch_index == 2);
    CHECK(outcome.detail.find("2 records") == 0);
  }
}

TEST_CASE("errors of records end at a bound, their number does not") {
  BatchRules compacted = rules();
  compacted.keys_required = true;
  std::vector<OwnedRecord> records(1500);
  for (size_t i = 0; i < records.size(); ++i) {
    records[i] = {.timestamp_ms = kNow, .offset = static_cast<int64_t>(i)};
  }
  const Outcome outcome = validate(build({}, records), compacted);
  CHECK(outcome.record_errors.size() == kRecordErrorsMax);
  CHECK(outcome.detail.find("1500 records") == 0);
}

TEST_CASE("timestamps too far ahead are refused by record, at the limit they pass") {
  for (int codec = 0; codec < kCodecCount; ++codec) {
    const BatchOptions options = {.codec = Codec(codec)};
    CHECK(validate(build(options, three(kNow + kHour - 2))).code == Errc::kNone);
    const Outcome outcome = validate(build(options, three(kNow + kHour - 1)));
    CHECK(outcome.code == Errc::kInvalidTimestamp);
    REQUIRE(outcome.record_errors.size() == 1);
    CHECK(outcome.record_errors[0].batch_index == 1);
  }
  BatchRules unlimited = rules();
  unlimited.timestamp_after_ms_max = std::numeric_limits<int64_t>::max();
  const int64_t last = std::numeric_limits<int64_t>::max() - 2;
  CHECK(validate(build({}, three(last)), unlimited).code == Errc::kNone);
}

TEST_CASE("timestamps too old are refused where the topic has a limit, -1 never") {
  const Buffer old = build({.codec = Codec::kGzip}, three(kNow - 2 * kHour));
  CHECK(validate(old).code == Errc::kNone);
  BatchRules limited = rules();
  limited.timestamp_before_ms_max = kHour;
  const Outcome outcome = validate(old, limited);
  CHECK(outcome.code == Errc::kInvalidTimestamp);
  CHECK(outcome.record_errors.size() == 3);
  CHECK(validate(build({}, three(kNow - kHour)), limited).code == Errc::kNone);
  CHECK(validate(build({}, {{.timestamp_ms = -1, .key = "k", .offset = 0}}), limited).code ==
        Errc::kNone);
}

TEST_CASE("a topic with LogAppendTime has no limits and wants the batch stamped with now") {
  BatchRules append_time = rules();
  append_time.timestamp_type = TimestampType::kLogAppendTime;
  append_time.timestamp_before_ms_max = 0;
  for (const int64_t timestamp : {int64_t{0}, kNow, kNow + 10 * kHour}) {
    const Outcome outcome = validate(build({.codec = Codec::kLz4}, three(timestamp)), append_time);
    CHECK(outcome.code == Errc::kNone);
    CHECK(outcome.must_stamp);
    CHECK_FALSE(outcome.walked);
    CHECK(outcome.max_timestamp_ms == kNow);
  }
}

TEST_CASE("a max timestamp that is not the records' is corrected if seen, and seen if it matters") {
  for (const int64_t claim : {kNow - 5, kNow + 50}) {
    const Outcome outcome =
        validate(lying<int64_t>(build({}, three()), layout::kMaxTimestamp, claim));
    CHECK(outcome.code == Errc::kNone);
    CHECK(outcome.must_stamp);
    CHECK(outcome.max_timestamp_ms == kNow + 2);
  }
  // Compressed, a claim within the limits is believed; one beyond them is looked into.
  const auto compressed = [](int64_t claim) {
    return validate(
        lying<int64_t>(build({.codec = Codec::kZstd}, three()), layout::kMaxTimestamp, claim));
  };
  CHECK_FALSE(compressed(kNow + 50).walked);
  const Outcome far = compressed(kNow + 2 * kHour);
  CHECK(far.walked);
  CHECK(far.code == Errc::kNone);
  CHECK(far.max_timestamp_ms == kNow + 2);
}

TEST_CASE("records that lie behind a true CRC are refused by index; compressed ones by rule") {
  // One record more than there is.
  const auto with_count = [](Codec codec, int32_t count) {
    Buffer batch = build({.codec = codec}, three());
    store_be32(batch.data() + layout::kLastOffsetDelta, static_cast<uint32_t>(count - 1));
    return lying<int32_t>(std::move(batch), layout::kRecordCount, count);
  };
  const Outcome more = validate(with_count(Codec::kNone, 4));
  CHECK(more.code == Errc::kInvalidRecord);
  REQUIRE(more.record_errors.size() == 1);
  CHECK(more.record_errors[0].batch_index == 3);
  CHECK(validate(with_count(Codec::kNone, 2)).code == Errc::kInvalidRecord);

  BatchRules always = rules();
  always.walk = RecordWalk::kAlways;
  CHECK(validate(with_count(Codec::kSnappy, 4)).code == Errc::kNone);
  CHECK(validate(with_count(Codec::kSnappy, 4), always).code == Errc::kInvalidRecord);
  CHECK(validate(with_count(Codec::kSnappy, 2), always).code == Errc::kInvalidRecord);
}

TEST_CASE("garbage instead of compressed records is final, a bomb too large") {
  BatchRules always = rules();
  always.walk = RecordWalk::kAlways;
  always.decompressed_bytes_max = 1'000'000;
  for (const Codec codec : {Codec::kGzip, Codec::kSnappy, Codec::kLz4, Codec::kZstd}) {
    Buffer garbage = build({.codec = codec}, three());
    std::memset(garbage.data() + kBatchHeaderSize, 0xee, garbage.size() - kBatchHeaderSize);
    CHECK(validate(sealed(std::move(garbage)), always).code == Errc::kInvalidRecord);

    const Buffer bomb =
        build({.codec = codec},
              {{.timestamp_ms = kNow, .value = std::string(2'000'000, '\0'), .offset = 0}});
    CHECK(validate(bomb, always).code == Errc::kMessageTooLarge);
    CHECK(validate(bomb).code == Errc::kNone);
  }
}

TEST_CASE("damaged batches are refused or whole, never worse, whatever the rules") {
  constexpr uint64_t kSeed = 71;
  INFO("seed " << kSeed);
  Random random(kSeed);
  int refused = 0;
  for (int round = 0; round < 3000; ++round) {
    auto records = testing::random_records(random, 0, false);
    Buffer batch = build({.codec = Codec(random.below(kCodecCount))}, records);
    for (uint64_t flips = random.below(4); flips > 0; --flips) {
      batch.data()[random.below(batch.size())] ^= uint8_t{1} << random.below(8);
    }
    if (random.chance(0.8)) batch = sealed(std::move(batch));
    BatchRules any = rules();
    any.walk = RecordWalk(random.below(3));
    any.keys_required = random.chance(0.2);
    any.timestamp_before_ms_max = random.chance(0.2) ? 50 : any.timestamp_before_ms_max;
    const Outcome outcome = validate(batch, any);
    if (outcome.code != Errc::kNone) {
      ++refused;
      continue;
    }
    if (outcome.walked) REQUIRE(testing::read(batch).has_value());
  }
  CHECK(refused > 500);
}

}  // namespace
}  // namespace millrace::kafka
