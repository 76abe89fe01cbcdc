// A record batch, Kafka's format v2, as a view over its bytes: read in place, patched in place.
// Not the records inside (record.h), not making batches (record_batch_builder.h), and not what a
// broker demands of a producer's batch (batch_validation.h).
#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"
#include "kafka/compression.h"

namespace millrace::kafka {

/// Where each field of the header is. All are big-endian; batch length counts what follows it, the
/// CRC-32C covers what follows it, and the codec compresses what follows the header.
namespace batch_layout {
inline constexpr size_t kBaseOffset = 0;             // int64
inline constexpr size_t kBatchLength = 8;            // int32
inline constexpr size_t kPartitionLeaderEpoch = 12;  // int32
inline constexpr size_t kMagic = 16;                 // int8, 2
inline constexpr size_t kCrc = 17;                   // uint32
inline constexpr size_t kAttributes = 21;            // int16, see batch_attributes
inline constexpr size_t kLastOffsetDelta = 23;       // int32
inline constexpr size_t kBaseTimestamp = 27;         // int64
inline constexpr size_t kMaxTimestamp = 35;          // int64
inline constexpr size_t kProducerId = 43;            // int64
inline constexpr size_t kProducerEpoch = 51;         // int16
inline constexpr size_t kBaseSequence = 53;          // int32
inline constexpr size_t kRecordCount = 57;           // int32
inline constexpr size_t kRecords = 61;

static_assert(kBatchLength == kBaseOffset + sizeof(int64_t));
static_assert(kPartitionLeaderEpoch == kBatchLength + sizeof(int32_t));
static_assert(kMagic == kPartitionLeaderEpoch + sizeof(int32_t));
static_assert(kCrc == kMagic + sizeof(int8_t));
static_assert(kAttributes == kCrc + sizeof(uint32_t));
static_assert(kLastOffsetDelta == kAttributes + sizeof(int16_t));
static_assert(kBaseTimestamp == kLastOffsetDelta + sizeof(int32_t));
static_assert(kMaxTimestamp == kBaseTimestamp + sizeof(int64_t));
static_assert(kProducerId == kMaxTimestamp + sizeof(int64_t));
static_assert(kProducerEpoch == kProducerId + sizeof(int64_t));
static_assert(kBaseSequence == kProducerEpoch + sizeof(int16_t));
static_assert(kRecordCount == kBaseSequence + sizeof(int32_t));
static_assert(kRecords == kRecordCount + sizeof(int32_t));

/// Bytes that batch length does not count.
inline constexpr size_t kBeforeLength = kPartitionLeaderEpoch;
}  // namespace batch_layout

/// The attributes of a batch. Bits 7 to 15 mean nothing yet.
namespace batch_attributes {
inline constexpr uint16_t kCodecMask = 0x07;
inline constexpr uint16_t kLogAppendTime = 0x08;
inline constexpr uint16_t kTransactional = 0x10;
inline constexpr uint16_t kControl = 0x20;
inline constexpr uint16_t kDeleteHorizon = 0x40;
}  // namespace batch_attributes

inline constexpr size_t kBatchHeaderSize = batch_layout::kRecords;
inline constexpr int8_t kBatchMagic = 2;
inline constexpr int32_t kNoSequence = -1;

/// What the timestamps of a batch's records tell.
enum class TimestampType : uint8_t {
  kCreateTime = 0,     ///< what the producer set
  kLogAppendTime = 1,  ///< when the broker appended: all records have the batch's max timestamp
};

/// The sequence number `records` after `sequence`; the number after 2^31 - 1 is 0.
/// Requires: sequence >= 0, records >= 0.
constexpr int32_t sequence_after(int32_t sequence, int32_t records) {
  const int64_t sum = int64_t{sequence} + records;
  return static_cast<int32_t>(sum > INT32_MAX ? sum - INT32_MAX - 1 : sum);
}

/// The header of a batch whose records may not be at hand (an index scan reads just headers).
/// A view: valid as long as the bytes are.
class BatchHeaderView {
 public:
  Offset base_offset() const { return Offset(at<int64_t>(batch_layout::kBaseOffset)); }
  /// Units: bytes, of header and records.
  size_t size() const {
    return batch_layout::kBeforeLength + at<uint32_t>(batch_layout::kBatchLength);
  }
  LeaderEpoch partition_leader_epoch() const {
    return LeaderEpoch(at<int32_t>(batch_layout::kPartitionLeaderEpoch));
  }
  uint32_t crc() const { return at<uint32_t>(batch_layout::kCrc); }

  uint16_t attributes() const { return at<uint16_t>(batch_layout::kAttributes); }
  Codec codec() const { return Codec(attributes() & batch_attributes::kCodecMask); }
  TimestampType timestamp_type() const {
    return has(batch_attributes::kLogAppendTime) ? TimestampType::kLogAppendTime
                                                 : TimestampType::kCreateTime;
  }
  bool is_transactional() const { return has(batch_attributes::kTransactional); }
  bool is_control() const { return has(batch_attributes::kControl); }
  /// When compaction may drop the batch's tombstones or marker (KIP-534). It is kept in place of
  /// the base timestamp, and the records' timestamps count from it all the same.
  std::optional<Timestamp> delete_horizon() const {
    if (!has(batch_attributes::kDeleteHorizon)) return std::nullopt;
    return base_timestamp();
  }

  /// Offsets have gaps after compaction: never derive the next offset from the count.
  int32_t last_offset_delta() const { return at<int32_t>(batch_layout::kLastOffsetDelta); }
  Offset last_offset() const { return base_offset() + last_offset_delta(); }
  Offset next_offset() const { return last_offset().next(); }

  Timestamp base_timestamp() const { return {at<int64_t>(batch_layout::kBaseTimestamp)}; }
  Timestamp max_timestamp() const { return {at<int64_t>(batch_layout::kMaxTimestamp)}; }

  ProducerId producer_id() const { return ProducerId(at<int64_t>(batch_layout::kProducerId)); }
  bool has_producer_id() const { return producer_id() > kNoProducerId; }
  ProducerEpoch producer_epoch() const {
    return ProducerEpoch(at<int16_t>(batch_layout::kProducerEpoch));
  }
  int32_t base_sequence() const { return at<int32_t>(batch_layout::kBaseSequence); }
  /// kNoSequence when the batch has none, as control batches have not.
  int32_t last_sequence() const {
    const int32_t first = base_sequence();
    return first < 0 ? kNoSequence : sequence_after(first, last_offset_delta());
  }

  int32_t record_count() const { return at<int32_t>(batch_layout::kRecordCount); }

 protected:
  friend Result<BatchHeaderView> parse_batch_header(Bytes);

  BatchHeaderView() = default;
  explicit BatchHeaderView(const uint8_t* start) : start_(start) {}

  template <class T>
  T at(size_t position) const {
    return load_be<T>(start_ + position);
  }
  bool has(uint16_t attribute) const { return (attributes() & attribute) != 0; }

  const uint8_t* start_ = nullptr;
};

/// A whole batch. A view: valid as long as the bytes are.
class RecordBatchView : public BatchHeaderView {
 public:
  /// Header and records, exactly.
  Bytes bytes() const { return {start_, size()}; }
  /// What follows the header: the records, or their compressed form.
  Bytes payload() const { return bytes().subspan(kBatchHeaderSize); }

 private:
  friend Result<RecordBatchView> parse_batch(Bytes);
  friend class BatchCursor;

  RecordBatchView() = default;
  explicit RecordBatchView(const uint8_t* start) : BatchHeaderView(start) {}
};

/// Reads the header at the start of `bytes`; what follows the header may be missing.
/// A header that passes has magic 2, a size of at least its own, a count and a last offset delta of
/// at least 0, and offsets that are numbers. Whether the CRC is right and the codec known, it does
/// not say.
/// Errors: kUnsupportedForMessageFormat (magic 0 or 1), kCorruptMessage.
Result<BatchHeaderView> parse_batch_header(Bytes bytes);

/// Reads the batch at the start of `bytes`; others may follow.
/// Errors: as above, and kCorruptMessage when the batch is cut off.
Result<RecordBatchView> parse_batch(Bytes bytes);

/// Errors: kCorruptMessage, with both checksums.
/// Runs: as crc32c().
Result<> verify_crc(const RecordBatchView& batch);

/// Patches in place. Offset and epoch are outside the CRC; the others carry the CRC over the change
/// (crc32c_replace), so that bytes damaged since they were verified stay detectable.
/// Requires: `batch` begins with the header of a parsed batch; its records are not looked at.
void set_base_offset(MutableBytes batch, Offset offset);
void set_partition_leader_epoch(MutableBytes batch, LeaderEpoch epoch);
void set_timestamps(MutableBytes batch, TimestampType type, Timestamp max_timestamp);
inline void set_log_append_time(MutableBytes batch, Timestamp now) {
  set_timestamps(batch, TimestampType::kLogAppendTime, now);
}

enum class CrcCheck : uint8_t { kVerify, kSkip };

/// How a walk over batches ended.
enum class BatchEnd : uint8_t {
  kClean,      ///< right behind a batch, or nothing was there
  kTruncated,  ///< in a batch that goes on beyond the bytes: normal at the end of a Fetch response
  kCorrupt,    ///< at bytes that are no batch, or one of a format before v2
};

/// Walks batches laid one behind another: a Fetch response, a piece of a segment.
class BatchCursor {
 public:
  explicit BatchCursor(Bytes batches, CrcCheck crc = CrcCheck::kVerify)
      : batches_(batches), crc_(crc) {}

  /// The next batch, or nullptr at the end. Valid until the next call.
  const RecordBatchView* next();

  /// Units: bytes; how far whole and valid batches reach. After the end, where the bytes begin that
  /// are not a batch.
  size_t position() const { return position_; }

  /// Requires: next() has returned nullptr.
  BatchEnd end() const { return end_; }
  /// What is wrong and where, when end() is not kClean.
  const Error& problem() const { return problem_; }

 private:
  const RecordBatchView* stop(BatchEnd end, const Error& why);

  Bytes batches_;
  size_t position_ = 0;
  RecordBatchView current_;
  CrcCheck crc_;
  BatchEnd end_ = BatchEnd::kClean;
  Error problem_{Errc::kNone};
};

}  // namespace millrace::kafka
