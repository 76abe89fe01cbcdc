// What a broker demands of the batch in a Produce request before it appends it. A pure function:
// the log stamps and writes the batch afterwards. Not for batches of other brokers (followers take
// what the leader has: CRC and structure, see BatchCursor) nor for our own internal ones.
//
// How deep it looks. Kafka decompresses every batch and looks at every record. Here batches pass
// through, so the header and CRC are always checked and the records only where that is cheap or
// something depends on it:
//  - Uncompressed batches are walked (about 15 ns a record): lengths, counts, offsets, timestamps.
//  - Compressed batches are walked when the topic needs it (compaction wants keys, a lower limit of
//    timestamps is set), when the header shows a timestamp beyond the upper limit, or when
//    `walk` is kAlways. Otherwise header facts are believed: a producer that lies in count, offset
//    deltas or max timestamp behind a true CRC harms the readers of its own partition, who refuse
//    such a batch by the same walk (RecordCursor), and nobody else.
//
// Differences to Kafka on purpose. Offset deltas must be 0, 1, 2...: Kafka lets others pass when
// uncompressed and rewrites compressed ones. A producer may set neither LogAppendTime nor a delete
// horizon, whatever the topic's type: Kafka clears or keeps them.
#pragma once

#include <cstdint>
#include <expected>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"
#include "base/time.h"
#include "kafka/compression.h"
#include "kafka/record_batch.h"

namespace millrace::kafka {

/// When the records of a batch are looked at one by one, beyond what the other rules need.
enum class RecordWalk : uint8_t { kIfNeeded, kUncompressed, kAlways };

/// The topic's settings and the request's facts that matter here. Units in the names.
struct BatchRules {
  Timestamp now;
  TimestampType timestamp_type = TimestampType::kCreateTime;  ///< message.timestamp.type
  /// message.timestamp.before.max.ms and .after.max.ms; the largest number is no limit.
  int64_t timestamp_before_ms_max = std::numeric_limits<int64_t>::max();
  int64_t timestamp_after_ms_max = 3'600'000;
  int32_t message_bytes_max = 1'048'588;  ///< max.message.bytes
  bool keys_required = false;             ///< cleanup.policy holds compact
  bool zstd_allowed = true;               ///< Produce v7 and later
  RecordWalk walk = RecordWalk::kUncompressed;
  /// What a compressed batch may become while it is walked. Units: bytes.
  size_t decompressed_bytes_max = 256u << 20;
};

/// A batch that may be appended.
struct ProducedBatch {
  RecordBatchView batch;
  /// What set_timestamps() wants: now with LogAppendTime; else the largest of the records, if they
  /// were walked, or what the header says.
  Timestamp max_timestamp;
  /// The header's timestamps are not those: the log has to call set_timestamps().
  bool must_stamp;
  bool walked;  ///< the records were looked at one by one
  /// If walked: the records, decompressed; of a compressed batch they lie in `scratch`. What
  /// append_recompressed() wants when the topic has a compression.type of its own (walk = kAlways).
  Bytes records;
};

/// One record that breaks a rule, as Produce v8 and later reports it.
struct RecordError {
  int32_t batch_index;  ///< from 0
  std::string message;
};

/// Errors with many records named end here; the answer's own message tells how many there were.
inline constexpr size_t kRecordErrorsMax = 1000;

struct BatchRejection {
  Error error;
  std::vector<RecordError> record_errors;

  BatchRejection(Error why, std::vector<RecordError> records = {})  // NOLINT: an error is one
      : error(std::move(why)), record_errors(std::move(records)) {}
};

/// Checks the records field of one partition of a Produce request.
/// Shape: exactly one batch of format 2.
/// Errors: kCorruptMessage (size, CRC), kMessageTooLarge (over message_bytes_max, or over
///   decompressed_bytes_max), kUnsupportedCompressionType (unknown, or zstd from an old client),
///   kInvalidTimestamp, kInvalidRecord (everything else: a retry of the same bytes cannot help).
/// Bounds: O(bytes); allocates only for rejections and, into `scratch`, when it decompresses.
std::expected<ProducedBatch, BatchRejection> validate_produced_batch(Bytes records,
                                                                     const BatchRules& rules,
                                                                     Decompressor& decompressor,
                                                                     Buffer& scratch);

/// Kafka applies max.message.bytes again after it has recompressed a batch; so does the log.
/// Errors: kMessageTooLarge.
Result<> check_message_size(size_t batch_size, int32_t message_bytes_max);

}  // namespace millrace::kafka
