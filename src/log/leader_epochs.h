// LeaderEpochs: which leader wrote which offsets of a partition (KIP-101). A value; its file is
// leader-epoch-checkpoint (checkpoint_file.h).
#pragma once

#include <optional>
#include <vector>

#include "base/ids.h"
#include "log/checkpoint_file.h"

namespace millrace::log {

class LeaderEpochs {
 public:
  LeaderEpochs() = default;
  /// Requires: epochs and offsets ascend.
  explicit LeaderEpochs(std::vector<EpochEntry> entries) : entries_(std::move(entries)) {}

  /// Notes that `epoch` begins at `start`. Entries that contradict it (a larger epoch, or one that
  /// begins later) go. Returns whether anything changed.
  bool assign(LeaderEpoch epoch, Offset start);

  /// kNoLeaderEpoch when nothing is known.
  LeaderEpoch latest() const;
  LeaderEpoch epoch_at(Offset offset) const;
  /// Where the known epochs begin, if any is known.
  std::optional<EpochEntry> earliest() const;

  /// The largest epoch not above `epoch`, and where the next one begins (`log_end` for the latest).
  /// Nothing when `epoch` is none or above all. Below all known epochs: `epoch` itself and the
  /// start of the first known one. Source: KIP-101, KIP-279.
  struct EndOffset {
    LeaderEpoch epoch;
    Offset end_offset;
    friend bool operator==(const EndOffset&, const EndOffset&) = default;
  };
  std::optional<EndOffset> end_offset_for(LeaderEpoch epoch, Offset log_end) const;

  /// Drops what lies at or above `end`. Returns whether anything changed.
  bool truncate_from_end(Offset end);
  /// Forgets what lies below `start`; the epoch that covers it now begins there. Returns whether
  /// anything changed.
  bool truncate_from_start(Offset start);
  void clear() { entries_.clear(); }

  const std::vector<EpochEntry>& entries() const { return entries_; }

 private:
  std::vector<EpochEntry> entries_;  // few: one per change of leader
};

}  // namespace millrace::log
