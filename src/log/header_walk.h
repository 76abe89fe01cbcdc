// HeaderWalk: from batch to batch through a segment's file, reading headers only, around what is
// known to be damaged. Not CRCs and not records: segment_scan.h.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "base/result.h"
#include "kafka/record_batch.h"
#include "log/damage.h"
#include "runtime/disk.h"

namespace millrace::log {

class HeaderWalk {
 public:
  /// Units: bytes, what is read at a time; the usual distance of index entries.
  static constexpr size_t kWindowBytes = 4096;

  enum class OnCold : uint8_t { kWait, kRefuse };

  /// Walks the bytes [from, to) of the segment that begins at offset `base`.
  /// Requires: `from` is where a batch begins; file and damage outlive the walk.
  HeaderWalk(runtime::File& file, int64_t from, int64_t to, Offset base,
             std::span<const Damage> damage = {}, OnCold on_cold = OnCold::kWait)
      : file_(file),
        next_position_(from),
        end_(to),
        damage_(damage),
        on_cold_(on_cold),
        base_(base),
        next_offset_(base) {}

  /// The next batch's header, or nullptr at the end. Valid until the next call.
  /// Errors: kCorruptMessage when what is there is no batch, reaches beyond `to` or has offsets
  /// that go back or are out of the segment's reach; kIo; kWouldBlock when it is not in memory and
  /// the walk is not to wait. position() is where.
  Result<const kafka::BatchHeaderView*> next();

  /// Where the batch just returned begins. Units: bytes
  int64_t position() const { return position_; }
  /// Where the one after it begins.
  int64_t next_position() const { return next_position_; }

 private:
  runtime::File& file_;
  int64_t position_ = 0;
  int64_t next_position_;
  int64_t end_;
  std::span<const Damage> damage_;
  OnCold on_cold_;
  Offset base_;
  Offset next_offset_;
  std::array<uint8_t, kWindowBytes> window_;
  int64_t window_position_ = 0;
  size_t window_size_ = 0;
  std::optional<kafka::BatchHeaderView> current_;
};

}  // namespace millrace::log
