// The file `quorum-state` beside the metadata log: what a member of the quorum must remember of
// elections across restarts. One line of JSON, as Kafka writes it.
// Pure: the host writes it to a temporary file, syncs and renames, before it acts on what it says.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/result.h"

namespace millrace::metadata {

struct QuorumState {
  /// 0 while kraft.version is 0 (the voters are configured), 1 afterwards (the voters are records).
  int16_t data_version = 0;
  BrokerId leader = kNoBroker;  ///< of leader_epoch; none while nobody is known to lead
  LeaderEpoch leader_epoch{0};
  BrokerId voted = kNoBroker;    ///< whom this node gave its vote in leader_epoch
  Uuid voted_directory;          ///< data version 1 only
  std::vector<BrokerId> voters;  ///< data version 0 only
  friend bool operator==(const QuorumState&, const QuorumState&) = default;
};

/// Requires: data_version 0 or 1.
std::string format_quorum_state(const QuorumState& state);

/// Errors: kCorruptFile for anything but such a line; kNewerFormat for a data version above 1.
Result<QuorumState> parse_quorum_state(std::string_view text);

}  // namespace millrace::metadata
