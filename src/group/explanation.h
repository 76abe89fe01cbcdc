// What a group is doing and whom it waits for: the answer to "where did it stop, and why?".
// A snapshot for pages and commands; nothing in it is part of Kafka's protocol.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/time.h"
#include "group/group_state.h"
#include "group/rebalance_cause.h"

namespace millrace::group {

struct Explanation {
  /// One member, as far as it matters for what the group waits for.
  struct Member {
    std::string member_id;
    std::string group_instance_id;  ///< empty for a dynamic member
    std::string client_id;
    std::string client_host;
    MonoTime session_ends;  ///< when it is given up unless it is heard of; kNever while it waits
  };
  static constexpr size_t kMembersMax = 100;  ///< named in one list; the counts are of all

  std::string group_id;
  GroupState state = GroupState::kEmpty;
  Timestamp state_since;
  GenerationId generation;
  std::string protocol_type;
  std::string protocol_name;
  std::string leader;  ///< member id
  size_t members = 0;
  size_t offsets = 0;  ///< partitions with a committed offset

  /// Whom the group waits for: in Preparing, members that have not joined again; after it, members
  /// that have not asked for their assignment, the leader first: without it nobody gets any.
  std::vector<Member> awaited;
  size_t awaited_count = 0;
  size_t ids_handed_out = 0;            ///< to clients that have not come back with them yet
  std::optional<MonoTime> waits_until;  ///< then the group goes on without the awaited

  RebalanceCause last_rebalance;
};

class Group;
Explanation explain(const Group& group);

}  // namespace millrace::group
