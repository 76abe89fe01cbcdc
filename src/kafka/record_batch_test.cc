#include "kafka/record_batch.h"

#include <limits>

#include "base/testing.h"
#include "kafka/batch_testing.h"

namespace millrace::kafka {
namespace {

namespace layout = batch_layout;

using testing::build;
using testing::OwnedRecord;

Buffer some_batch(int64_t base_offset = 0, std::string value = "stream") {
  return build({.base_offset = Offset(base_offset)},
               {{.timestamp_ms = 1000, .key = "mill", .value = value, .offset = base_offset},
                {.timestamp_ms = 1002, .key = "race", .value = value, .offset = base_offset + 1},
                {.timestamp_ms = 1001, .value = value, .offset = base_offset + 2}});
}

Buffer concatenated(const std::vector<Buffer>& batches) {
  Buffer all;
  for (const Buffer& batch : batches) all.append(batch);
  return all;
}

template <class T>
Buffer with(Buffer batch, size_t position, T value) {
  store_be<T>(batch.data() + position, value);
  return batch;
}

Errc refusal(Bytes bytes) {
  auto batch = parse_batch(bytes);
  return batch ? Errc::kNone : batch.error().code();
}

TEST_CASE("the header's fields are read from where Kafka puts them") {
  Buffer batch = some_batch();
  for (size_t i = 17; i < kBatchHeaderSize; ++i) batch.data()[i] = static_cast<uint8_t>(i);
  batch = with<int64_t>(std::move(batch), 0, 70);
  batch = with<int32_t>(std::move(batch), 12, 12);
  const BatchHeaderView header = *parse_batch_header(batch);
  CHECK(header.base_offset() == Offset(70));
  CHECK(header.size() == batch.size());
  CHECK(header.partition_leader_epoch() == LeaderEpoch(12));
  CHECK(header.crc() == 0x11121314);
  CHECK(header.attributes() == 0x1516);
  CHECK(header.codec() == Codec{6});
  CHECK(header.is_transactional());
  CHECK_FALSE(header.is_control());
  CHECK(header.timestamp_type() == TimestampType::kCreateTime);
  CHECK_FALSE(header.delete_horizon().has_value());
  CHECK(header.last_offset_delta() == 0x1718191a);
  CHECK(header.last_offset() == Offset(70 + 0x1718191a));
  CHECK(header.base_timestamp().ms == 0x1b1c1d1e1f202122);
  CHECK(header.max_timestamp().ms == 0x232425262728292a);
  CHECK(header.producer_id().value == 0x2b2c2d2e2f303132);
  CHECK(header.producer_epoch().value == 0x3334);
  CHECK(header.base_sequence() == 0x35363738);
  CHECK(header.record_count() == 0x393a3b3c);
}

TEST_CASE("sequence numbers go on at 0 after 2^31 - 1") {
  constexpr int32_t kMax = std::numeric_limits<int32_t>::max();
  CHECK(sequence_after(0, 0) == 0);
  CHECK(sequence_after(5, 3) == 8);
  CHECK(sequence_after(kMax, 0) == kMax);
  CHECK(sequence_after(kMax, 1) == 0);
  CHECK(sequence_after(kMax - 1, 3) == 1);
  CHECK(sequence_after(kMax, kMax) == kMax - 1);

  const Buffer batch = build(
      {.producer_id = ProducerId(1), .producer_epoch = ProducerEpoch(0), .base_sequence = kMax - 1},
      {{.offset = 0}, {.offset = 1}, {.offset = 2}, {.offset = 3}});
  CHECK(parse_batch(batch)->last_sequence() == 1);
  CHECK(parse_batch(some_batch())->last_sequence() == kNoSequence);
}

TEST_CASE("a header is enough to learn the size; a batch must be whole") {
  const Buffer batch = some_batch();
  CHECK(parse_batch_header(batch.bytes().first(kBatchHeaderSize))->size() == batch.size());
  for (size_t size = 0; size < batch.size(); ++size) {
    CAPTURE(size);
    REQUIRE(refusal(batch.bytes().first(size)) == Errc::kCorruptMessage);
  }
  CHECK(refusal(batch) == Errc::kNone);
}

TEST_CASE("a header that lies is refused, whatever its CRC says") {
  const auto lying = [](size_t position, auto value) {
    return refusal(with<decltype(value)>(some_batch(), position, value));
  };
  CHECK(lying(layout::kBatchLength, int32_t{-1}) == Errc::kCorruptMessage);
  CHECK(lying(layout::kBatchLength, int32_t{0}) == Errc::kCorruptMessage);
  CHECK(lying(layout::kBatchLength, int32_t{48}) == Errc::kCorruptMessage);
  CHECK(lying(layout::kBatchLength, int32_t{49}) == Errc::kNone);
  CHECK(lying(layout::kBatchLength, std::numeric_limits<int32_t>::max()) == Errc::kCorruptMessage);
  CHECK(lying(layout::kMagic, int8_t{3}) == Errc::kCorruptMessage);
  CHECK(lying(layout::kMagic, int8_t{-2}) == Errc::kCorruptMessage);
  CHECK(lying(layout::kRecordCount, int32_t{-1}) == Errc::kCorruptMessage);
  CHECK(lying(layout::kLastOffsetDelta, int32_t{-1}) == Errc::kCorruptMessage);
  CHECK(lying(layout::kLastOffsetDelta, std::numeric_limits<int32_t>::min()) ==
        Errc::kCorruptMessage);
  CHECK(lying(layout::kBaseOffset, int64_t{-1}) == Errc::kCorruptMessage);
  CHECK(lying(layout::kBaseOffset, std::numeric_limits<int64_t>::max() - 3) == Errc::kNone);
  CHECK(lying(layout::kBaseOffset, std::numeric_limits<int64_t>::max() - 2) ==
        Errc::kCorruptMessage);
}

TEST_CASE("message formats before v2 are recognised and refused by name") {
  for (const int8_t magic : {int8_t{0}, int8_t{1}}) {
    auto batch = parse_batch(with<int8_t>(some_batch(), layout::kMagic, magic));
    REQUIRE_FALSE(batch.has_value());
    CHECK(batch.error().code() == Errc::kUnsupportedForMessageFormat);
    CHECK(batch.error().detail().find(magic == 0 ? "format 0" : "format 1") != std::string::npos);
  }
  // The smallest message of format 0: shorter than a v2 header.
  const Buffer old = testing::from_hex(
      "00000000000000000000000e00000000"
      "0000"
      "ffffffff"
      "ffffffff");
  CHECK(refusal(old) == Errc::kUnsupportedForMessageFormat);
  BatchCursor batches(old);
  CHECK(batches.next() == nullptr);
  CHECK(batches.end() == BatchEnd::kCorrupt);
  CHECK(batches.problem().code() == Errc::kUnsupportedForMessageFormat);
}

TEST_CASE("every single flipped bit from the attributes on breaks the CRC") {
  Buffer batch = some_batch();
  CHECK(verify_crc(*parse_batch(batch)).has_value());
  for (size_t bit = layout::kCrc * 8; bit < batch.size() * 8; ++bit) {
    batch.data()[bit / 8] ^= uint8_t{1} << bit % 8;
    if (auto parsed = parse_batch(batch)) {
      auto verified = verify_crc(*parsed);
      REQUIRE_FALSE(verified.has_value());
      REQUIRE(verified.error().code() == Errc::kCorruptMessage);
    }
    batch.data()[bit / 8] ^= uint8_t{1} << bit % 8;
  }
}

TEST_CASE("offset and leader epoch are patched outside the CRC") {
  Buffer batch = some_batch();
  set_base_offset(batch.mutable_bytes(), Offset(1'234'567'890'123));
  set_partition_leader_epoch(batch.mutable_bytes(), LeaderEpoch(17));
  const RecordBatchView view = *parse_batch(batch);
  CHECK(verify_crc(view).has_value());
  CHECK(view.base_offset() == Offset(1'234'567'890'123));
  CHECK(view.next_offset() == Offset(1'234'567'890'126));
  CHECK(view.partition_leader_epoch() == LeaderEpoch(17));
  CHECK(testing::read(batch)->at(2).offset == 1'234'567'890'125);
}

TEST_CASE("stamping the append time changes every record's time and keeps the CRC true") {
  Buffer batch = some_batch();
  // The header is enough: the rest may lie elsewhere.
  set_log_append_time(batch.mutable_bytes().first(kBatchHeaderSize), Timestamp{777'000});
  const RecordBatchView view = *parse_batch(batch);
  CHECK(verify_crc(view).has_value());
  CHECK(view.timestamp_type() == TimestampType::kLogAppendTime);
  CHECK(view.max_timestamp() == Timestamp{777'000});
  CHECK(view.base_timestamp() == Timestamp{1000});
  for (const OwnedRecord& record : *testing::read(batch)) CHECK(record.timestamp_ms == 777'000);

  set_timestamps(batch.mutable_bytes(), TimestampType::kCreateTime, Timestamp{1002});
  CHECK(equal(batch, some_batch()));
}

TEST_CASE("stamping does not bless damage") {
  Buffer batch = some_batch();
  batch.data()[batch.size() - 1] ^= 4;
  set_log_append_time(batch.mutable_bytes(), Timestamp{777'000});
  CHECK_FALSE(verify_crc(*parse_batch(batch)).has_value());
}

TEST_CASE("a cursor walks batches and tells a clean end from a cut and from corruption") {
  const std::vector<Buffer> three = [] {
    std::vector<Buffer> batches;
    batches.push_back(some_batch(10));
    batches.push_back(some_batch(20, std::string(500, 'x')));
    batches.push_back(some_batch(30));
    return batches;
  }();
  const Buffer all = concatenated(three);
  const size_t third = three[0].size() + three[1].size();

  SUBCASE("clean") {
    BatchCursor batches(all);
    for (const int64_t offset : {10, 20, 30}) {
      const RecordBatchView* batch = batches.next();
      REQUIRE(batch != nullptr);
      CHECK(batch->base_offset() == Offset(offset));
    }
    CHECK(batches.next() == nullptr);
    CHECK(batches.next() == nullptr);
    CHECK(batches.end() == BatchEnd::kClean);
    CHECK(batches.position() == all.size());
  }
  SUBCASE("nothing at all is clean") {
    BatchCursor batches{Bytes()};
    CHECK(batches.next() == nullptr);
    CHECK(batches.end() == BatchEnd::kClean);
  }
  SUBCASE("cut anywhere") {
    for (size_t size = third + 1; size < all.size(); ++size) {
      CAPTURE(size);
      BatchCursor batches(all.bytes().first(size));
      REQUIRE(batches.next() != nullptr);
      REQUIRE(batches.next() != nullptr);
      REQUIRE(batches.next() == nullptr);
      REQUIRE(batches.end() == BatchEnd::kTruncated);
      REQUIRE(batches.position() == third);
    }
  }
  SUBCASE("damaged") {
    Buffer damaged(all.bytes());
    damaged.data()[three[0].size() + 300] ^= 1;
    BatchCursor batches(damaged);
    REQUIRE(batches.next() != nullptr);
    REQUIRE(batches.next() == nullptr);
    CHECK(batches.next() == nullptr);
    CHECK(batches.end() == BatchEnd::kCorrupt);
    CHECK(batches.position() == three[0].size());
    CHECK(batches.problem().code() == Errc::kCorruptMessage);
    CHECK(batches.problem().detail().find("byte " + std::to_string(three[0].size())) == 0);

    BatchCursor trusting(damaged, CrcCheck::kSkip);
    int count = 0;
    while (trusting.next() != nullptr) ++count;
    CHECK(count == 3);
    CHECK(trusting.end() == BatchEnd::kClean);
  }
  SUBCASE("zeros of a preallocated file") {
    Buffer padded(all.bytes());
    padded.append(std::vector<uint8_t>(100, 0));
    BatchCursor batches(padded);
    while (batches.next() != nullptr) {
    }
    CHECK(batches.end() == BatchEnd::kCorrupt);
    CHECK(batches.position() == all.size());
  }
}

TEST_CASE("a cursor over damaged bytes ends, and gives only batches that were written") {
  constexpr uint64_t kSeed = 41;
  INFO("seed " << kSeed);
  Random random(kSeed);
  for (int round = 0; round < 2000; ++round) {
    std::vector<Buffer> written;
    for (uint64_t n = 1 + random.below(4); n > 0; --n) {
      written.push_back(
          some_batch(static_cast<int64_t>(n) * 100, std::string(random.below(60), 'v')));
    }
    Buffer all = concatenated(written);
    if (random.chance(0.5)) all.resize(random.below(all.size() + 1));
    for (uint64_t flips = random.below(4); flips > 0 && !all.empty(); --flips) {
      all.data()[random.below(all.size())] ^= uint8_t{1} << random.below(8);
    }
    BatchCursor batches(all);
    size_t reached = 0;
    while (const RecordBatchView* batch = batches.next()) {
      reached += batch->size();
      // Only what the CRC does not cover can differ.
      const Bytes covered = batch->bytes().subspan(layout::kCrc);
      REQUIRE(std::ranges::any_of(written, [&](const Buffer& original) {
        return equal(covered, original.bytes().subspan(layout::kCrc));
      }));
    }
    REQUIRE(batches.position() == reached);
    REQUIRE((batches.end() == BatchEnd::kClean) == (reached == all.size()));
  }
}

}  // namespace
}  // namespace millrace::kafka
