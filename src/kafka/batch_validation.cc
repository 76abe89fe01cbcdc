#include "kafka/batch_validation.h"

#include <fmt/core.h>

#include <algorithm>

#include "kafka/record.h"

namespace millrace::kafka {
namespace {

std::unexpected<Error> invalid(std::string detail) {
  return fail(Errc::kInvalidRecord, std::move(detail));
}

// The topic's limits as points in time, both allowed.
struct TimestampLimits {
  static constexpr int64_t kUnlimited = std::numeric_limits<int64_t>::max();

  bool apply;  // to CreateTime only
  bool has_oldest;
  Timestamp oldest;
  Timestamp newest;

  explicit TimestampLimits(const BatchRules& rules)
      : apply(rules.timestamp_type == TimestampType::kCreateTime),
        has_oldest(apply && rules.timestamp_before_ms_max != kUnlimited),
        oldest{has_oldest ? saturating_add(rules.now.ms, -rules.timestamp_before_ms_max)
                          : std::numeric_limits<int64_t>::min()},
        newest{saturating_add(rules.now.ms, rules.timestamp_after_ms_max)} {}

  bool allow(Timestamp timestamp) const {
    return !apply || timestamp == kNoTimestamp || (timestamp >= oldest && timestamp <= newest);
  }
};

Result<RecordBatchView> exactly_one_batch(Bytes records) {
  if (records.empty()) return invalid("the partition's data holds no record batch");
  auto batch = parse_batch(records);
  if (!batch) {
    // Kafka's code for it in Produce; the other one tells clients that the broker is too old.
    const bool old = batch.error().code() == Errc::kUnsupportedForMessageFormat;
    return old ? invalid(batch.error().detail()) : batch;
  }
  if (batch->size() != records.size()) {
    return invalid(fmt::format("{} bytes follow the record batch; a partition takes one at a time",
                               records.size() - batch->size()));
  }
  return batch;
}

Result<> check_offsets(const RecordBatchView& batch) {
  if (batch.base_offset() != Offset(0)) {
    return invalid(
        fmt::format("the base offset is {}; producers send 0", batch.base_offset().value));
  }
  if (batch.record_count() <= 0 || batch.record_count() - 1 != batch.last_offset_delta()) {
    return invalid(fmt::format("{} records, but a last offset delta of {}", batch.record_count(),
                               batch.last_offset_delta()));
  }
  return {};
}

Result<> check_codec(const RecordBatchView& batch, const BatchRules& rules) {
  const auto number = static_cast<int>(batch.codec());
  if (number >= kCodecCount) {
    return fail(Errc::kUnsupportedCompressionType, fmt::format("codec number {}", number));
  }
  if (batch.codec() == Codec::kZstd && !rules.zstd_allowed) {
    return fail(Errc::kUnsupportedCompressionType, "zstd needs Produce version 7");
  }
  return {};
}

Result<> check_producer(const RecordBatchView& batch) {
  if (!batch.has_producer_id()) {
    if (batch.is_transactional()) return invalid("a transactional batch without a producer id");
    return {};
  }
  if (batch.base_sequence() < 0 || batch.producer_epoch().value < 0) {
    return invalid(fmt::format("producer id {} with epoch {} and base sequence {}",
                               batch.producer_id().value, batch.producer_epoch().value,
                               batch.base_sequence()));
  }
  return {};
}

Result<> check_kind(const RecordBatchView& batch) {
  if (batch.is_control()) return invalid("clients may not write control records");
  if (batch.timestamp_type() == TimestampType::kLogAppendTime) {
    return fail(Errc::kInvalidTimestamp, "producers may not set the timestamp type LogAppendTime");
  }
  if (batch.delete_horizon()) return invalid("producers may not set a delete horizon");
  return {};
}

// Everything the header alone can tell.
Result<RecordBatchView> check_header(Bytes records, const BatchRules& rules) {
  const RecordBatchView batch = TRY(exactly_one_batch(records));
  TRY(check_message_size(batch.size(), rules.message_bytes_max));
  TRY(verify_crc(batch));
  TRY(check_kind(batch));
  TRY(check_offsets(batch));
  TRY(check_codec(batch, rules));
  TRY(check_producer(batch));
  return batch;
}

bool must_walk(const RecordBatchView& batch, const BatchRules& rules,
               const TimestampLimits& limits) {
  if (rules.keys_required || limits.has_oldest || !limits.allow(batch.max_timestamp())) return true;
  if (rules.walk == RecordWalk::kIfNeeded) return false;
  return rules.walk == RecordWalk::kAlways || batch.codec() == Codec::kNone;
}

// Collects the records that break a rule of the topic.
class RecordErrors {
 public:
  void add(int32_t batch_index, Errc code, std::string message) {
    ++count_;
    if (code == Errc::kInvalidTimestamp) code_ = code;
    if (errors_.size() < kRecordErrorsMax) errors_.push_back({batch_index, std::move(message)});
  }
  bool empty() const { return count_ == 0; }

  BatchRejection rejection() && {
    std::string detail = fmt::format("{} records are refused, the first is record {}: {}", count_,
                                     errors_[0].batch_index, errors_[0].message);
    return {Error(code_, std::move(detail)), std::move(errors_)};
  }

 private:
  std::vector<RecordError> errors_;
  int32_t count_ = 0;
  Errc code_ = Errc::kInvalidRecord;  // one bad timestamp makes it Kafka's other code
};

void check_record(const RecordView& record, int32_t index, const BatchRules& rules,
                  const TimestampLimits& limits, RecordErrors& errors) {
  if (rules.keys_required && !record.key) [[unlikely]] {
    errors.add(index, Errc::kInvalidRecord, "a compacted topic takes no record without a key");
  } else if (!limits.allow(record.timestamp)) [[unlikely]] {
    errors.add(index, Errc::kInvalidTimestamp,
               fmt::format("timestamp {} is outside {} to {}", record.timestamp.ms,
                           limits.oldest.ms, limits.newest.ms));
  }
}

// The CRC was right: what is wrong inside is as the producer built it, and a retry cannot help.
Error as_invalid_record(const Error& error) {
  if (error.code() != Errc::kCorruptMessage) return error;
  return Error(Errc::kInvalidRecord, error.detail());
}

// Gives the largest timestamp.
std::expected<Timestamp, BatchRejection> walk_records(const RecordBatchView& batch, Bytes records,
                                                      const BatchRules& rules,
                                                      const TimestampLimits& limits) {
  RecordCursor cursor(batch, records);
  RecordErrors errors;
  Timestamp max_timestamp = kNoTimestamp;
  // The cursor wants offset deltas to rise and not to pass the last; with as many records as deltas
  // they are 0, 1, 2 and so on.
  while (const RecordView* record = cursor.next()) {
    check_record(*record, cursor.index() - 1, rules, limits, errors);
    max_timestamp = std::max(max_timestamp, record->timestamp);
  }
  if (auto end = cursor.end(); !end) {
    const int32_t index = std::min(cursor.index(), batch.record_count() - 1);
    return std::unexpected(
        BatchRejection(as_invalid_record(end.error()), {{index, end.error().detail()}}));
  }
  if (!errors.empty()) return std::unexpected(std::move(errors).rejection());
  return max_timestamp;
}

}  // namespace

std::expected<ProducedBatch, BatchRejection> validate_produced_batch(Bytes records,
                                                                     const BatchRules& rules,
                                                                     Decompressor& decompressor,
                                                                     Buffer& scratch) {
  const RecordBatchView batch = TRY(check_header(records, rules));
  const TimestampLimits limits(rules);
  ProducedBatch produced{.batch = batch,
                         .max_timestamp = batch.max_timestamp(),
                         .must_stamp = false,
                         .walked = must_walk(batch, rules, limits),
                         .records = {}};
  if (produced.walked) {
    const auto payload =
        decompress_records(batch, decompressor, scratch, rules.decompressed_bytes_max);
    if (!payload) return std::unexpected<BatchRejection>(as_invalid_record(payload.error()));
    const auto max_timestamp = walk_records(batch, *payload, rules, limits);
    if (!max_timestamp) return std::unexpected(max_timestamp.error());
    produced.max_timestamp = *max_timestamp;
    produced.records = *payload;
  }
  if (rules.timestamp_type == TimestampType::kLogAppendTime) produced.max_timestamp = rules.now;
  produced.must_stamp = rules.timestamp_type != batch.timestamp_type() ||
                        produced.max_timestamp != batch.max_timestamp();
  return produced;
}

Result<> check_message_size(size_t batch_size, int32_t message_bytes_max) {
  if (batch_size <= static_cast<size_t>(std::max(message_bytes_max, 0))) return {};
  return fail(Errc::kMessageTooLarge, fmt::format("a batch of {} bytes; max.message.bytes is {}",
                                                  batch_size, message_bytes_max));
}

}  // namespace millrace::kafka
