// How a group comes from one generation to the next: waiting for joins, closing the join phase,
// and what time brings about. Who asks for a rebalance is in join.cc, sync.cc, leave.cc.
#pragma once

#include <string_view>

#include "group/group.h"
#include "group/shard.h"

namespace millrace::group {

/// Why `member` makes the group rebalance; `client_reason` in the client's words (KIP-800).
RebalanceCause because(RebalanceCause::Trigger trigger, const Member& member,
                       std::string_view client_reason = {});

/// Sees to it that the group is in Preparing: whoever waits for an assignment is told to join
/// again. The first generation after Empty gathers members for a while; later ones wait for the
/// members there are, up to the longest of their rebalance timeouts.
/// When one is under way already, nothing happens and its cause stays.
void begin_rebalance(Shard& shard, Group& group, RebalanceCause cause, Now now);

/// Closes the join phase if everybody has joined and nobody else is being gathered.
void complete_join_if_ready(Shard& shard, Group& group, Now now);

/// Takes a member out of the group and answers what it has parked. What that means for the group
/// is the caller's next step.
void remove_member(Shard& shard, Group& group, Member& member, Errc to_parked);

/// The session of a member starts over.
void restart_session(Member& member, Now now);

/// To whoever waits in Completing: its assignment, or why it gets none.
void answer_all_syncs(Shard& shard, Group& group, Errc error, Now now);

// Alarms

void on_session_alarm(Shard& shard, std::string_view group_id, std::string_view member_id, Now now);
void on_join_alarm(Shard& shard, std::string_view group_id, Now now);
void on_sync_alarm(Shard& shard, std::string_view group_id, Now now);

}  // namespace millrace::group
