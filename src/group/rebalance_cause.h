// Why a group rebalanced: kept for each group, so that "who stopped my consumers?" has an answer.
// Not persisted: Kafka's records have no place for it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/ids.h"
#include "base/time.h"

namespace millrace::group {

struct RebalanceCause {
  enum class Trigger : uint8_t {
    kNone,                ///< none since this shard was loaded
    kMemberJoined,        ///< a member came that was not there before
    kMemberChanged,       ///< a member came back with other protocols or another subscription
    kLeaderRejoined,      ///< the leader asked for one: its topics' partitions changed, say
    kMemberReplaced,      ///< a static member came back under a new member id
    kMemberLeft,          ///< a member said goodbye, or somebody removed it
    kSessionExpired,      ///< a member was not heard of for its session timeout
    kSyncMissing,         ///< members joined, and never asked for their assignment
    kGroupTooLarge,       ///< the group was loaded with more members than group.max.size
    kAssignmentTooLarge,  ///< the leader's assignment does not fit into a record
  };
  static constexpr size_t kReasonBytesMax = 255;  // as long as Kafka's own client lets it be

  Trigger trigger = Trigger::kNone;
  std::string member_id;          ///< who caused it; with kSyncMissing the first of them
  std::string group_instance_id;  ///< empty for a dynamic member
  std::string client_id;
  std::string client_host;
  std::string client_reason;  ///< in the client's words (KIP-800), at most kReasonBytesMax

  Timestamp at;             ///< when the rebalance began
  Timestamp settled_at;     ///< when the group had its next generation; -1 while it has not
  GenerationId generation;  ///< the one it ended

  /// One sentence for a person: "member c-1 (client c at /10.0.0.7) left: shutting down".
  std::string sentence() const;
};

/// "member-left" and so on: for pages and metrics.
std::string_view name(RebalanceCause::Trigger trigger);

}  // namespace millrace::group
