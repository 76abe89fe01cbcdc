// CheckpointPlan: which of a data directory's checkpoint files are behind what the logs know, and
// by when they are to be written. While nothing changes nothing is due.
#pragma once

#include <array>
#include <cstdint>

#include "base/time.h"
#include "runtime/loop.h"
#include "runtime/wait.h"

namespace millrace::log {

enum class Checkpoint : uint8_t { kRecoveryPoint, kLogStart, kHighWatermark, kCleaner };
inline constexpr size_t kCheckpointCount = 4;

class CheckpointPlan {
 public:
  using Intervals = std::array<Duration, kCheckpointCount>;

  /// `earlier` is woken when next() has become earlier.
  CheckpointPlan(runtime::Loop& loop, const Intervals& intervals, runtime::WaitQueue& earlier)
      : loop_(loop), intervals_(intervals), earlier_(earlier) {
    due_.fill(kNever);
  }

  /// Something changed: the file is written within its interval.
  void want(Checkpoint which) { want_by(which, loop_.now() + intervals_[size_t(which)]); }
  void want_now(Checkpoint which) { want_by(which, loop_.now()); }
  void done(Checkpoint which) { due_[size_t(which)] = kNever; }
  bool wanted(Checkpoint which) const { return due_[size_t(which)] != kNever; }
  bool is_due(Checkpoint which) const { return due_[size_t(which)] <= loop_.now(); }
  MonoTime next() const {
    MonoTime first = kNever;
    for (const MonoTime due : due_) first = due < first ? due : first;
    return first;
  }

 private:
  void want_by(Checkpoint which, MonoTime when) {
    MonoTime& due = due_[size_t(which)];
    if (due <= when) return;
    due = when;
    earlier_.wake_all();
  }

  runtime::Loop& loop_;
  Intervals intervals_;
  runtime::WaitQueue& earlier_;
  std::array<MonoTime, kCheckpointCount> due_;
};

}  // namespace millrace::log
