// StableOffsets: up to where a log is on stable storage. Two roads lead there: its segments are
// synced, or the journal has it.
//
//          flushed             journaled
//   |---------|---------bypass-----|------> log end
//                       ^ only in the segment: what the journal has behind it does not count
//                         before the segment is flushed beyond it
#pragma once

#include <algorithm>

#include "base/ids.h"

namespace millrace::log {

class StableOffsets {
 public:
  /// Below it the segments are stable: what recovery need not read.
  Offset flushed() const { return flushed_; }

  /// Below it nothing that happens to this machine takes anything away.
  Offset durable() const {
    const Offset journaled =
        bypass_end_ > flushed_ ? std::min(journaled_, bypass_begin_) : journaled_;
    const Offset durable = std::max(flushed_, journaled);
    return cut_ == kNoOffset ? durable : std::min(durable, cut_);
  }

  void flushed_to(Offset end) { flushed_ = std::max(flushed_, end); }
  void journaled_to(Offset end) { journaled_ = std::max(journaled_, end); }

  /// Batches went to the segment only.
  void bypassed(Offset first, Offset next) {
    if (bypass_end_ <= flushed_) bypass_begin_ = first;
    bypass_end_ = next;
  }

  void cut_to(Offset end) {
    flushed_ = std::min(flushed_, end);
    journaled_ = std::min(journaled_, end);
    bypass_end_ = std::min(bypass_end_, end);
    bypass_begin_ = std::min(bypass_begin_, end);
  }
  /// Until the journal says that the log was cut, what it holds could come back.
  void hold_at(Offset end) { cut_ = cut_ == kNoOffset ? end : std::min(cut_, end); }
  bool is_held() const { return cut_ != kNoOffset; }
  void cut_is_stable() { cut_ = kNoOffset; }

 private:
  Offset flushed_{0};
  Offset journaled_{0};
  Offset bypass_begin_{0};
  Offset bypass_end_{0};
  Offset cut_ = kNoOffset;
};

}  // namespace millrace::log
