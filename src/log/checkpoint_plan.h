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
  /// With a journal most recovery points are in its frames too.
  CheckpointPlan(runtime::Loop& loop, const Intervals& intervals, runtime::WaitQueue& earlier,
                 bool has_journal)
      : loop_(loop),
        intervals_(intervals),
        earlier_(earlier),
        bytes_above_max_(int64_t{has_journal ? 1024 : 256} << 20) {
    due_.fill(kNever);
  }

  /// Something changed: the file is written within its interval.
  void want(Checkpoint which) { want_by(which, loop_.now() + intervals_[size_t(which)]); }
  void want_now(Checkpoint which) { want_by(which, loop_.now()); }
  /// So many bytes more are stable and lie above the recovery points on disk. A crash has them read
  /// again, so they are not left to grow.
  void want_recovery_point(int64_t bytes) {
    bytes_above_ += bytes;
    if (bytes_above_ < bytes_above_max_) {
      want(Checkpoint::kRecoveryPoint);
    } else {
      want_now(Checkpoint::kRecoveryPoint);
    }
  }
  void done(Checkpoint which) {
    due_[size_t(which)] = kNever;
    if (which == Checkpoint::kRecoveryPoint) bytes_above_ = 0;
  }
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
  int64_t bytes_above_ = 0;
  int64_t bytes_above_max_;
};

}  // namespace millrace::log
