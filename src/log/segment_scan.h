// SegmentScan: reads a segment's file from end to end and believes nothing: every batch's CRC is
// checked, offsets must ascend, and where bytes are no batch it looks for the next place that is
// one. For recovery, compaction and rebuilding indexes. Not for reading by offset: segment.h.
#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/result.h"
#include "kafka/record_batch.h"
#include "log/damage.h"
#include "runtime/disk.h"

namespace millrace::log {

/// The offsets that a segment, or a part of it, may hold: [first, end).
struct SegmentOffsets {
  Offset first;
  Offset end{INT64_MAX};

  /// What its indexes can tell, as 32 bits from its base on.
  static SegmentOffsets from(Offset base) {
    constexpr int64_t kReach = int64_t{INT32_MAX} + 1;
    return {base, base.value > INT64_MAX - kReach ? Offset(INT64_MAX) : base + kReach};
  }
};

class SegmentScan {
 public:
  enum class Found : uint8_t { kBatch, kDamage, kEnd };

  /// Scans the bytes [from, to), where a batch with other offsets than `offsets` is damage.
  /// Requires: the file outlives the scan.
  SegmentScan(runtime::File& file, int64_t from, int64_t to, SegmentOffsets offsets,
              kafka::CrcCheck crc = kafka::CrcCheck::kVerify);

  /// Of batches that end at `offset` or before only the headers are read: they were stable once.
  /// What has rotted since is perhaps not found, and if it is, then not where it begins.
  void trust_below(Offset offset) { trusted_ = offset; }

  /// Goes on to the next batch or damage.
  /// Errors: kIo.
  Result<Found> next();

  /// Requires: the last next() found a batch. Valid until the next call.
  const kafka::BatchHeaderView& header() const { return *header_; }
  /// The whole batch, read into memory. Requires: as above. Valid until the next call.
  Result<kafka::RecordBatchView> batch();
  /// Requires: the last next() found damage.
  const Damage& damage() const { return damage_; }

  int64_t position() const { return position_; }            ///< of what was found
  int64_t next_position() const { return next_position_; }  ///< behind it
  Offset next_offset() const { return expected_; }          ///< behind all batches so far

 private:
  Result<Bytes> at_least(int64_t position, size_t wanted, int64_t ahead = kWindowBytes);
  Result<bool> check_header(int64_t position);
  Result<std::optional<Error>> check(int64_t position);
  Result<std::optional<Error>> check_in_place(int64_t position);
  Result<Found> found_damage(Error why);
  Result<int64_t> resync(int64_t from);
  Result<int64_t> next_whole(int64_t at);

  static constexpr int64_t kWindowBytes = 256 << 10;

  runtime::File& file_;
  int64_t end_;
  int64_t position_ = 0;
  int64_t next_position_;
  Offset expected_;
  Offset offsets_end_;
  kafka::CrcCheck crc_;
  Offset trusted_{0};
  int64_t trusted_bytes_ = 0;  // of the last batch that was
  Buffer window_;
  int64_t window_position_ = 0;
  std::optional<kafka::BatchHeaderView> header_;
  Damage damage_;
};

}  // namespace millrace::log
