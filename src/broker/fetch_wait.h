// FetchWait: one parked fetch: what it waits for, and its being woken by exactly that. Nothing
// scans: a partition tells its watchers when something can be read. Not reading: see fetch.h.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/time.h"
#include "broker/partition.h"
#include "runtime/task.h"
#include "runtime/wait.h"

namespace millrace::broker {

class FetchWait;

/// All fetches that are parked, for whoever asks why they wait.
class FetchWaits {
 public:
  FetchWaits() = default;
  FetchWaits(const FetchWaits&) = delete;
  FetchWaits& operator=(const FetchWaits&) = delete;

  size_t size() const { return size_; }
  /// The longest waiting last. Lifetime: until the next turn.
  std::vector<const FetchWait*> list() const;

 private:
  friend class FetchWait;
  FetchWait* first_ = nullptr;
  size_t size_ = 0;
};

class FetchWait {
 public:
  struct Facts {
    std::string who;  ///< "Fetch v12 from client "a" at 10.0.0.7:4711"
    MonoTime since;
    MonoTime deadline;
    int64_t bytes_min = 1;
    int64_t bytes_ready = 0;  ///< kept up to date by the owner
  };

  FetchWait(FetchWaits& all, Facts facts);
  FetchWait(const FetchWait&) = delete;
  FetchWait& operator=(const FetchWait&) = delete;
  ~FetchWait();

  /// Wakes when the partition shows something beyond `end`, or is gone. `target` is the owner's
  /// number for it. Bounds: as many watches as the fetch has partitions.
  void watch(Partition& partition, size_t target, Offset end, log::ReadBound bound);

  /// Until a watched partition has changed or the deadline has come; false at the deadline.
  runtime::Wait changed() { return woken_.wait_until(facts_.deadline); }
  /// The targets that have changed since the last call, each once.
  std::vector<size_t> take_changed();
  /// What target `target` shows now, so that it wakes for more than that only.
  void set_end(size_t target, Offset end);

  Facts& facts() { return facts_; }
  const Facts& facts() const { return facts_; }
  size_t partition_count() const { return watches_.size(); }
  /// "waits for 1000 bytes in 12 partitions, 0 are ready, at most 300 ms more".
  std::string describe(MonoTime now) const;

 private:
  friend class FetchWaits;

  struct Watch final : PartitionWatcher {
    void on_partition_change(const Partition& partition) override;
    FetchWait* wait = nullptr;
    size_t target = 0;
    Offset end;
    log::ReadBound bound = log::ReadBound::kHighWatermark;
    bool noted = false;
  };

  FetchWaits& all_;
  FetchWait* next_ = nullptr;
  FetchWait** link_;
  Facts facts_;
  std::deque<Watch> watches_;  // by target
  std::vector<size_t> changed_;
  runtime::WaitQueue woken_;
};

/// How far a reader with this bound may read now.
Offset visible_end(const log::PartitionLog& log, log::ReadBound bound);

}  // namespace millrace::broker
