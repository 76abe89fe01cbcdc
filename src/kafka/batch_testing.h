// Batches for the tests of this folder and of those above it. Not for production code.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/check.h"
#include "base/random.h"
#include "kafka/record.h"
#include "kafka/record_batch.h"
#include "kafka/record_batch_builder.h"

namespace millrace::kafka::testing {

/// Requires: pairs of 0-9a-f.
inline Buffer from_hex(std::string_view hex) {
  const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  CHECK(hex.size() % 2 == 0);
  Buffer bytes;
  for (size_t i = 0; i < hex.size(); i += 2) {
    *bytes.extend(1) = static_cast<uint8_t>(digit(hex[i]) << 4 | digit(hex[i + 1]));
  }
  return bytes;
}

/// A record that owns what it holds.
struct OwnedRecord {
  int64_t timestamp_ms = 0;
  std::optional<std::string> key;
  std::optional<std::string> value;
  std::vector<std::pair<std::string, std::optional<std::string>>> headers;
  int64_t offset = 0;  ///< where it stands, or is to stand

  friend bool operator==(const OwnedRecord&, const OwnedRecord&) = default;
};

inline std::optional<Bytes> view_of(const std::optional<std::string>& text) {
  if (!text) return std::nullopt;
  return as_bytes(*text);
}
inline std::optional<std::string> text_of(const std::optional<Bytes>& bytes) {
  if (!bytes) return std::nullopt;
  return std::string(as_text(*bytes));
}

inline OwnedRecord owned(const RecordView& record) {
  OwnedRecord copy{.timestamp_ms = record.timestamp.ms,
                   .key = text_of(record.key),
                   .value = text_of(record.value),
                   .offset = record.offset.value};
  for (const RecordHeader& header : record.headers) {
    copy.headers.emplace_back(header.key, text_of(header.value));
  }
  return copy;
}

/// Builds one batch; a record stands at its own offset, the first at or behind the base offset.
inline Buffer build(const BatchOptions& options, const std::vector<OwnedRecord>& records) {
  Compressor compressor;
  RecordBatchBuilder builder(compressor);
  builder.begin(options);
  for (const OwnedRecord& record : records) {
    std::vector<RecordHeader> headers;
    headers.reserve(record.headers.size());
    for (const auto& [key, value] : record.headers) {
      headers.push_back({.key = key, .value = view_of(value)});
    }
    const auto delta = static_cast<int32_t>(record.offset - options.base_offset.value);
    CHECK(builder
              .append_at(delta, {.timestamp = {record.timestamp_ms},
                                 .key = view_of(record.key),
                                 .value = view_of(record.value),
                                 .headers = headers})
              .has_value());
  }
  auto batch = builder.finish();
  CHECK(batch.has_value());
  return Buffer(*batch);
}

/// The records of one batch, or the error.
inline Result<std::vector<OwnedRecord>> read(Bytes bytes, size_t bytes_max = 64 << 20) {
  Decompressor decompressor;
  Buffer buffer;
  const RecordBatchView batch = TRY(parse_batch(bytes));
  TRY(verify_crc(batch));
  RecordCursor records(batch, TRY(decompress_records(batch, decompressor, buffer, bytes_max)));
  std::vector<OwnedRecord> all;
  all.reserve(static_cast<size_t>(std::min(batch.record_count(), 10'000)));
  while (const RecordView* record = records.next()) all.push_back(owned(*record));
  TRY(records.end());
  return all;
}

inline std::optional<std::string> random_field(Random& random) {
  if (random.chance(0.15)) return std::nullopt;
  std::string text(random.below(uint64_t{1} << random.below(10)), 'x');
  for (char& c : text) c = static_cast<char>(random.below(random.chance(0.5) ? 4 : 256));
  return text;
}

/// One to a few hundred records with offsets from `base_offset` on, with gaps or without.
inline std::vector<OwnedRecord> random_records(Random& random, int64_t base_offset, bool gaps) {
  std::vector<OwnedRecord> records(1 + random.below(uint64_t{1} << random.below(9)));
  int64_t offset = base_offset;
  for (OwnedRecord& record : records) {
    if (gaps && random.chance(0.3)) offset += random.between(1, 1000);
    record.offset = offset++;
    record.timestamp_ms = 1'700'000'000'000 + random.between(-100, 100'000);
    record.key = random_field(random);
    record.value = random_field(random);
    for (uint64_t n = random.chance(0.3) ? random.below(4) : 0; n > 0; --n) {
      record.headers.emplace_back(random_field(random).value_or("h"), random_field(random));
    }
  }
  return records;
}

}  // namespace millrace::kafka::testing
