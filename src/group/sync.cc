// SyncGroup: the leader brings the assignment, everybody takes theirs away.
#include <utility>

#include "group/rebalance.h"
#include "group/reply.h"
#include "group/requests.h"

namespace millrace::group {
namespace {

/// What the client knows of the group, where it says so (KIP-559), has to be true.
bool agrees(std::optional<std::string_view> said, const std::optional<std::string>& is) {
  return !said || !is || *said == *is;
}

Result<Member*> check(Shard& shard, const kafka::SyncGroupRequest& request) {
  if (request.group_id.empty()) return fail(Errc::kInvalidGroupId);
  Group* group = shard.find(request.group_id);
  if (!group) return fail(Errc::kUnknownMemberId);
  Member* member = TRY(group->identify(request.member_id, request.group_instance_id));
  if (request.generation_id != group->generation()) return fail(Errc::kIllegalGeneration);
  if (!agrees(request.protocol_type, group->protocol_type()) ||
      !agrees(request.protocol_name, group->protocol_name()))
    return fail(Errc::kInconsistentGroupProtocol);
  if (group->is(GroupState::kPreparingRebalance)) return fail(Errc::kRebalanceInProgress);
  return member;
}

/// The leader has decided; whom it forgot gets nothing.
void assign(Shard& shard, Group& group, const kafka::SyncGroupRequest& request, Now now) {
  for (auto& [id, member] : group.members()) member.assignment.clear();
  for (const auto& each : request.assignments) {
    if (Member* member = group.find(each.member_id)) member->assignment = as_text(each.assignment);
  }
  group.stabilize(now.wall);
  if (shard.record_group(group)) return answer_all_syncs(shard, group, Errc::kNone, now);

  for (auto& [id, member] : group.members()) member.assignment.clear();
  answer_all_syncs(shard, group, Errc::kUnknownServerError, now);
  begin_rebalance(
      shard, group,
      because(RebalanceCause::Trigger::kAssignmentTooLarge, *group.find(*group.leader())), now);
}

}  // namespace

void sync(Shard& shard, const RequestContext& context, const kafka::SyncGroupRequest& request) {
  const auto checked = check(shard, request);
  if (!checked) return shard.out.reply(context.token, sync_error(checked.error().code()));
  Group& group = *shard.find(request.group_id);
  Member& member = **checked;

  group.sync_arrived(member);
  if (!group.syncs_missing()) group.sync_timer.cancel();
  if (group.is(GroupState::kStable))
    return shard.out.reply(context.token, assigned(shard, group, member));

  // Its client asks again, so nobody waits for the answer to the first.
  answer_sync(shard, member, sync_error(Errc::kRebalanceInProgress));
  member.sync = Parked{context.token, context.version};
  if (group.is_leader(member)) assign(shard, group, request, context.now);
}

}  // namespace millrace::group
