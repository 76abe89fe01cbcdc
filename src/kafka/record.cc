#include "kafka/record.h"

#include <fmt/core.h>

#include "base/check.h"
#include "kafka/varint.h"

namespace millrace::kafka {
namespace {

// Reads a length and that many bytes; -1 is null. Returns what follows, or nullptr. Inlined by
// force: a walk spends its time here.
[[gnu::always_inline]] inline const uint8_t* read_nullable(const uint8_t* at, const uint8_t* end,
                                                           std::optional<Bytes>& field) {
  int32_t length = 0;
  at = read_varint(at, end, length);
  if (at == nullptr || length < -1 || length > end - at) [[unlikely]] {
    return nullptr;
  }
  if (length < 0) {
    field.reset();
    return at;
  }
  field = Bytes(at, static_cast<size_t>(length));
  return at + length;
}

const uint8_t* read_header(const uint8_t* at, const uint8_t* end, RecordHeader& header) {
  std::optional<Bytes> key;
  at = read_nullable(at, end, key);
  if (at == nullptr || !key) return nullptr;
  header.key = as_text(*key);
  return read_nullable(at, end, header.value);
}

}  // namespace

void RecordHeaders::Iterator::read() {
  if (left_ == 0) return;
  const uint8_t* end = rest_.data() + rest_.size();
  const uint8_t* next = read_header(rest_.data(), end, current_);
  CHECK(next != nullptr, "headers are checked when their record is read");
  rest_ = Bytes(next, end);
}

RecordCursor::RecordCursor(const BatchHeaderView& batch, Bytes records)
    : at_(records.data()),
      end_(records.data() + records.size()),
      base_offset_(batch.base_offset()),
      base_timestamp_(batch.base_timestamp().ms),
      last_offset_delta_(batch.last_offset_delta()),
      count_(batch.record_count()) {
  if (batch.timestamp_type() == TimestampType::kLogAppendTime) {
    append_time_ = batch.max_timestamp();
  }
}

const RecordView* RecordCursor::next() {
  if (index_ == count_ || problem_ != nullptr) [[unlikely]] {
    return stop_behind_last();
  }
  int32_t length = 0;
  const uint8_t* at = read_varint(at_, end_, length);
  if (at == nullptr) [[unlikely]] {
    return stop(at_ == end_ ? "it is missing" : "its length is malformed");
  }
  if (length <= 0 || length > end_ - at) [[unlikely]] {
    return stop("its length is impossible");
  }
  const uint8_t* const record_end = at + length;
  ++at;  // attributes

  int64_t timestamp_delta = 0;
  int32_t offset_delta = 0;
  at = read_varlong(at, record_end, timestamp_delta);
  if (at == nullptr) [[unlikely]]
    return stop("its timestamp delta is malformed");
  at = read_varint(at, record_end, offset_delta);
  if (at == nullptr) [[unlikely]]
    return stop("its offset delta is malformed");
  if (offset_delta <= previous_delta_ || offset_delta > last_offset_delta_) [[unlikely]] {
    return stop("its offset delta is out of order or beyond the batch's last");
  }
  at = read_nullable(at, record_end, current_.key);
  if (at == nullptr) [[unlikely]]
    return stop("its key is malformed");
  at = read_nullable(at, record_end, current_.value);
  if (at == nullptr) [[unlikely]]
    return stop("its value is malformed");
  at = read_headers(at, record_end);
  if (at == nullptr) [[unlikely]]
    return stop("its headers are malformed");
  if (at != record_end) [[unlikely]]
    return stop("its length does not match its fields");

  current_.offset = base_offset_ + offset_delta;
  // Java's arithmetic wraps; whoever cares about the range of a timestamp sees the result.
  current_.timestamp = append_time_.value_or(Timestamp{static_cast<int64_t>(
      static_cast<uint64_t>(base_timestamp_) + static_cast<uint64_t>(timestamp_delta))});
  previous_delta_ = offset_delta;
  at_ = at;
  ++index_;
  return &current_;
}

const uint8_t* RecordCursor::read_headers(const uint8_t* at, const uint8_t* end) {
  int32_t count = 0;
  at = read_varint(at, end, count);
  if (at == nullptr || count < 0) return nullptr;
  const uint8_t* const first = at;
  RecordHeader header;
  for (int32_t i = 0; i < count; ++i) {
    at = read_header(at, end, header);
    if (at == nullptr) return nullptr;
  }
  current_.headers = RecordHeaders(Bytes(first, at), count);
  return at;
}

const RecordView* RecordCursor::stop(const char* problem) {
  problem_ = problem;
  return nullptr;
}

const RecordView* RecordCursor::stop_behind_last() {
  if (problem_ == nullptr && at_ != end_) problem_ = "bytes follow the last record";
  return nullptr;
}

Result<> RecordCursor::end() const {
  if (problem_ == nullptr) return {};
  if (index_ == count_) {
    return fail(Errc::kCorruptMessage,
                fmt::format("{} bytes follow the last of {} records", end_ - at_, count_));
  }
  return fail(Errc::kCorruptMessage, fmt::format("record {} of {}: {}", index_, count_, problem_));
}

Result<Bytes> decompress_records(const RecordBatchView& batch, Decompressor& decompressor,
                                 Buffer& into, size_t bytes_max) {
  if (batch.codec() == Codec::kNone) return batch.payload();
  // A batch emptied by compaction has no payload, not an empty compressed one.
  if (batch.record_count() == 0 && batch.payload().empty()) return Bytes();
  TRY(decompressor.decompress(batch.codec(), batch.payload(), into, bytes_max));
  return into.bytes();
}

}  // namespace millrace::kafka
