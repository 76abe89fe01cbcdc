#include "kafka/record.h"

#include "base/testing.h"
#include "kafka/batch_testing.h"
#include "kafka/control_record.h"
#include "kafka/varint.h"

namespace millrace::kafka {
namespace {

using testing::build;
using testing::OwnedRecord;

// A batch whose records are exactly `records`, whatever they say; count and last offset delta too.
Buffer batch_of(std::string_view records, int32_t count, int32_t last_offset_delta) {
  Buffer batch = build({}, {{.offset = 0}});
  batch.resize(kBatchHeaderSize);
  batch.append(as_bytes(records));
  store_be32(batch.data() + batch_layout::kBatchLength,
             static_cast<uint32_t>(batch.size() - batch_layout::kBeforeLength));
  store_be32(batch.data() + batch_layout::kRecordCount, static_cast<uint32_t>(count));
  store_be32(batch.data() + batch_layout::kLastOffsetDelta,
             static_cast<uint32_t>(last_offset_delta));
  return batch;
}

// A record from its parts behind the length: length, attributes, timestamp delta 0, offset delta.
std::string record(int32_t offset_delta, std::string_view rest) {
  uint8_t room[kVarintBytesMax];
  const auto put = [&](std::string& to, int32_t value) {
    to.append(reinterpret_cast<char*>(room), write_varint(room, value) - room);
  };
  std::string body(2, '\0');
  put(body, offset_delta);
  body += rest;
  std::string whole;
  put(whole, static_cast<int32_t>(body.size()));
  return whole + body;
}

using std::string_literals::operator""s;
using std::string_view_literals::operator""sv;
constexpr auto kEmptyFields = "\x01\x01\x00"sv;  // null, null, no headers

// "" for a walk that ends well, else the detail of the error.
std::string walk(const Buffer& batch) {
  const RecordBatchView view = *parse_batch(batch);
  RecordCursor records(view, view.payload());
  while (records.next() != nullptr) {
  }
  CHECK(records.next() == nullptr);
  auto end = records.end();
  if (end) return "";
  CHECK(end.error().code() == Errc::kCorruptMessage);
  return end.error().detail();
}

TEST_CASE("null and empty keys, values and header values stay apart") {
  const std::vector<OwnedRecord> records = {
      {.timestamp_ms = 5, .offset = 0},
      {.timestamp_ms = 5, .key = "", .value = "", .offset = 1},
      {.timestamp_ms = 5, .headers = {{"", std::nullopt}, {"a", ""}, {"a", "b"}}, .offset = 2}};
  CHECK(*testing::read(build({}, records)) == records);
}

TEST_CASE("headers are iterated as often as one likes, and copied as they stand") {
  const Buffer batch =
      build({}, {{.headers = {{"trace", "1"}, {"empty", std::nullopt}}, .offset = 0}});
  const RecordBatchView view = *parse_batch(batch);
  RecordCursor records(view, view.payload());
  const RecordHeaders headers = records.next()->headers;
  CHECK(headers.size() == 2);
  for (int round = 0; round < 2; ++round) {
    auto header = headers.begin();
    CHECK(header->key == "trace");
    CHECK(as_text(*header->value) == "1");
    ++header;
    CHECK(header->key == "empty");
    CHECK_FALSE(header->value.has_value());
    ++header;
    CHECK(header == headers.end());
  }
  CHECK(headers.encoded().size() == 7 + 1 + 1 + 6);
}

TEST_CASE("records whose fields do not fit are refused with their number and the reason") {
  CHECK(walk(batch_of(record(0, kEmptyFields), 1, 0)).empty());

  CHECK(walk(batch_of("", 1, 0)) == "record 0 of 1: it is missing");
  CHECK(walk(batch_of("\x80", 1, 0)) == "record 0 of 1: its length is malformed");
  CHECK(walk(batch_of("\x00"sv, 1, 0)) == "record 0 of 1: its length is impossible");
  CHECK(walk(batch_of("\x01"sv, 1, 0)) == "record 0 of 1: its length is impossible");
  CHECK(walk(batch_of("\x0e\x00\x00\x00\x01\x01"sv, 1, 0)) ==
        "record 0 of 1: its length is impossible");
  CHECK(walk(batch_of("\x02\x00"sv, 1, 0)) == "record 0 of 1: its timestamp delta is malformed");
  CHECK(walk(batch_of("\x04\x00\x00"sv, 1, 0)) == "record 0 of 1: its offset delta is malformed");
  CHECK(walk(batch_of(record(0, "\x03\x01\x00"sv), 1, 0)) == "record 0 of 1: its key is malformed");
  CHECK(walk(batch_of(record(0, "\x0a\x01\x00"sv), 1, 0)) == "record 0 of 1: its key is malformed");
  CHECK(walk(batch_of(record(0, "\x01\x04\x00"sv), 1, 0)) ==
        "record 0 of 1: its value is malformed");
  CHECK(walk(batch_of(record(0, "\x01\x01"sv), 1, 0)) ==
        "record 0 of 1: its headers are malformed");
  CHECK(walk(batch_of(record(0, "\x01\x01\x01"sv), 1, 0)) ==
        "record 0 of 1: its headers are malformed");
  CHECK(walk(batch_of(record(0, "\x01\x01\x02\x01\x00"sv), 1, 0)) ==
        "record 0 of 1: its headers are malformed");  // a null header key
  CHECK(walk(batch_of(record(0, "\x01\x01\xfe\xff\xff\xff\x0f"sv), 1, 0)) ==
        "record 0 of 1: its headers are malformed");
  CHECK(walk(batch_of(record(0, "\x01\x01\x00\x00"sv), 1, 0)) ==
        "record 0 of 1: its length does not match its fields");
}

TEST_CASE("counts and offsets that lie are refused") {
  const std::string two = record(0, kEmptyFields) + record(1, kEmptyFields);
  CHECK(walk(batch_of(two, 2, 1)).empty());
  CHECK(walk(batch_of(two, 3, 2)) == "record 2 of 3: it is missing");
  CHECK(walk(batch_of(two, 1, 1)) == "7 bytes follow the last of 1 records");
  CHECK(walk(batch_of(two, 0, 1)) == "14 bytes follow the last of 0 records");
  CHECK(walk(batch_of(two + "\x00"s, 2, 1)) == "1 bytes follow the last of 2 records");

  const auto order = "its offset delta is out of order or beyond the batch's last"s;
  const auto offsets = [](int32_t first, int32_t second, int32_t last) {
    return walk(batch_of(record(first, kEmptyFields) + record(second, kEmptyFields), 2, last));
  };
  CHECK(offsets(0, 1, 0) == "record 1 of 2: " + order);
  CHECK(offsets(0, 0, 1) == "record 1 of 2: " + order);
  CHECK(offsets(1, 0, 1) == "record 1 of 2: " + order);
  CHECK(offsets(-1, 0, 1) == "record 0 of 2: " + order);
  CHECK(offsets(3, 70, 100).empty());
}

TEST_CASE("records of every shape come back through every codec, with gaps and without") {
  constexpr uint64_t kSeed = 51;
  INFO("seed " << kSeed);
  Random random(kSeed);
  for (int round = 0; round < 400; ++round) {
    const auto base = static_cast<int64_t>(random.below(uint64_t{1} << 62));
    const std::vector<OwnedRecord> records =
        testing::random_records(random, base, random.chance(0.5));
    const Buffer batch =
        build({.base_offset = Offset(base), .codec = Codec(random.below(kCodecCount))}, records);
    CAPTURE(round);
    const auto read = testing::read(batch);
    REQUIRE(read.has_value());
    REQUIRE(*read == records);

    const RecordBatchView view = *parse_batch(batch);
    REQUIRE(view.last_offset().value == records.back().offset);
    REQUIRE(view.max_timestamp().ms ==
            std::ranges::max(records, {}, &OwnedRecord::timestamp_ms).timestamp_ms);
  }
}

TEST_CASE("damage that a forged CRC hides is still found or harmless, and never reads outside") {
  constexpr uint64_t kSeed = 52;
  INFO("seed " << kSeed);
  Random random(kSeed);
  int refused = 0;
  for (int round = 0; round < 4000; ++round) {
    const auto records = testing::random_records(random, 0, false);
    // Exactly as much memory as the batch has, for the address sanitizer to see.
    Buffer batch(build({.codec = Codec(random.below(kCodecCount))}, records).bytes());
    for (uint64_t flips = 1 + random.below(3); flips > 0; --flips) {
      const size_t at = batch_layout::kLastOffsetDelta +
                        random.below(batch.size() - batch_layout::kLastOffsetDelta);
      batch.data()[at] ^= uint8_t{1} << random.below(8);
    }
    auto view = parse_batch(batch);
    if (!view) continue;
    Decompressor decompressor;
    Buffer buffer;
    auto bytes = decompress_records(*view, decompressor, buffer, 1 << 20);
    if (!bytes) {
      ++refused;
      continue;
    }
    RecordCursor cursor(*view, *bytes);
    int32_t count = 0;
    int64_t previous = -1;
    while (const RecordView* record = cursor.next()) {
      REQUIRE(record->offset.value > previous);
      REQUIRE(record->offset <= view->last_offset());
      previous = record->offset.value;
      for (const RecordHeader& header : record->headers)
        REQUIRE(header.key.size() <= bytes->size());
      ++count;
    }
    if (cursor.end().has_value()) REQUIRE(count == view->record_count());
    refused += cursor.end().has_value() ? 0 : 1;
  }
  CHECK(refused > 1000);
}

TEST_CASE("a bomb inside a batch is refused at the limit") {
  const Buffer batch =
      build({.codec = Codec::kZstd}, {{.value = std::string(5'000'000, '\0'), .offset = 0}});
  CHECK(batch.size() < 2000);
  auto read = testing::read(batch, 1'000'000);
  REQUIRE_FALSE(read.has_value());
  CHECK(read.error().code() == Errc::kMessageTooLarge);
  CHECK(testing::read(batch, 6'000'000).has_value());
}

TEST_CASE("a control record of unknown type is named, a malformed key is refused") {
  const auto parse = [](std::optional<std::string> key) {
    const Buffer batch = build({.control = true}, {{.key = std::move(key), .offset = 0}});
    const RecordBatchView view = *parse_batch(batch);
    RecordCursor records(view, view.payload());
    return parse_control_record_key(*records.next());
  };
  CHECK(parse("\x00\x00\x00\x02"s) == ControlRecordType::kLeaderChange);
  CHECK(parse("\x00\x01\x00\x63new"s) == ControlRecordType{99});
  CHECK(parse("\x00\x00\x00"s).error().code() == Errc::kCorruptMessage);
  CHECK(parse("\xff\xff\x00\x00"s).error().code() == Errc::kCorruptMessage);
  CHECK(parse(std::nullopt).error().code() == Errc::kCorruptMessage);
}

}  // namespace
}  // namespace millrace::kafka
