// Heartbeat: a member is alive, and learns whether it has to join again.
#include "group/rebalance.h"
#include "group/reply.h"
#include "group/requests.h"

namespace millrace::group {
namespace {

Errc serve(Shard& shard, const kafka::HeartbeatRequest& request, Now now) {
  if (request.group_id.empty()) return Errc::kInvalidGroupId;
  Group* group = shard.find(request.group_id);
  if (!group) return Errc::kUnknownMemberId;
  const auto member = group->identify(request.member_id, request.group_instance_id);
  if (!member) return member.error().code();
  if (request.generation_id != group->generation()) return Errc::kIllegalGeneration;
  restart_session(**member, now);
  // In Completing it is fine: the member has joined, and its sync will tell it more.
  return group->is(GroupState::kPreparingRebalance) ? Errc::kRebalanceInProgress : Errc::kNone;
}

}  // namespace

void heartbeat(Shard& shard, const RequestContext& context,
               const kafka::HeartbeatRequest& request) {
  const Errc error = serve(shard, request, context.now);
  shard.out.reply(context.token, kafka::HeartbeatResponse{.error_code = code(error)});
}

}  // namespace millrace::group
