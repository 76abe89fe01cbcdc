#include "group/explanation.h"

#include "group/group.h"

namespace millrace::group {
namespace {

Explanation::Member seen(const Member& member) {
  return {.member_id = member.id,
          .group_instance_id = member.group_instance_id.value_or(""),
          .client_id = member.client_id,
          .client_host = member.client_host,
          .session_ends = member.session.deadline()};
}

bool is_awaited(const Group& group, const Member& member) {
  return group.is(GroupState::kPreparingRebalance) ? !member.join : member.sync_missing;
}

void await(Explanation& explanation, const Member& member) {
  if (explanation.awaited_count++ < Explanation::kMembersMax)
    explanation.awaited.push_back(seen(member));
}

void list_awaited(Explanation& explanation, const Group& group) {
  for (const bool leader_now : {true, false}) {
    for (const auto& [id, member] : group.members()) {
      if (is_awaited(group, member) && group.is_leader(member) == leader_now)
        await(explanation, member);
    }
  }
}

}  // namespace

Explanation explain(const Group& group) {
  Explanation explanation = {.group_id = group.id(),
                             .state = group.state(),
                             .state_since = group.state_since(),
                             .generation = group.generation(),
                             .protocol_type = group.protocol_type().value_or(""),
                             .protocol_name = group.protocol_name().value_or(""),
                             .leader = group.leader().value_or(""),
                             .members = group.size(),
                             .offsets = group.offsets().size(),
                             .ids_handed_out = group.pending_size(),
                             .last_rebalance = group.last_rebalance()};
  list_awaited(explanation, group);
  const Timer& timer =
      group.is(GroupState::kPreparingRebalance) ? group.join_timer : group.sync_timer;
  if (timer.deadline() != kNever) explanation.waits_until = timer.deadline();
  return explanation;
}

}  // namespace millrace::group
