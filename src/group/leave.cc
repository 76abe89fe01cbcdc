// LeaveGroup: members say goodbye, or an administrator removes them, several at once since v3.
#include <optional>
#include <span>
#include <utility>

#include "group/rebalance.h"
#include "group/reply.h"
#include "group/requests.h"

namespace millrace::group {
namespace {

using Identity = kafka::LeaveGroupRequest::Member;
using MemberResponse = kafka::LeaveGroupResponse::Member;

constexpr int16_t kFirstVersionOfMany = 3;

std::span<Identity> leaving(const RequestContext& context, const kafka::LeaveGroupRequest& request,
                            Arena& memory) {
  if (context.version >= kFirstVersionOfMany) return request.members;
  const auto only = memory.make_array<Identity>(1);
  only[0].member_id = request.member_id;
  return only;
}

/// Without a member id the static name alone says who: that is how administrators remove members.
Result<Member*> find(Group& group, const Identity& identity) {
  if (!identity.member_id.empty())
    return group.identify(identity.member_id, identity.group_instance_id);
  Member* member =
      identity.group_instance_id ? group.find_static(*identity.group_instance_id) : nullptr;
  if (!member) return fail(Errc::kUnknownMemberId);
  return member;
}

class Leave {
 public:
  Leave(Shard& shard, Now now, Group* group) : shard_(shard), now_(now), group_(group) {}

  Errc one(const Identity& identity) {
    if (!group_) return Errc::kUnknownMemberId;
    if (group_->is_pending(identity.member_id)) {
      group_->remove_pending(identity.member_id);
      return Errc::kNone;
    }
    const auto member = find(*group_, identity);
    if (!member) return member.error().code();
    if (!cause_)
      cause_ =
          because(RebalanceCause::Trigger::kMemberLeft, **member, identity.reason.value_or(""));
    remove_member(shard_, *group_, **member, Errc::kUnknownMemberId);
    return Errc::kNone;
  }

  /// What it means for those who stay.
  void finish() {
    if (!group_) return;
    if (cause_) begin_rebalance(shard_, *group_, std::move(*cause_), now_);
    complete_join_if_ready(shard_, *group_, now_);
    shard_.erase_if_void(*group_);
  }

 private:
  Shard& shard_;
  Now now_;
  Group* group_;
  std::optional<RebalanceCause> cause_;
};

}  // namespace

void leave(Shard& shard, const RequestContext& context, const kafka::LeaveGroupRequest& request) {
  kafka::LeaveGroupResponse response;
  if (request.group_id.empty()) {
    response.error_code = code(Errc::kInvalidGroupId);
    return shard.out.reply(context.token, response);
  }
  Arena& memory = shard.out.memory();
  const auto identities = leaving(context, request, memory);
  const auto results = memory.make_array<MemberResponse>(identities.size());
  Leave leave(shard, context.now, shard.find(request.group_id));
  for (size_t i = 0; i < identities.size(); ++i) {
    const Identity& who = identities[i];
    results[i].member_id = memory.copy(who.member_id);
    results[i].group_instance_id = copy(who.group_instance_id, memory);
    results[i].error_code = code(leave.one(who));
  }
  leave.finish();
  if (context.version >= kFirstVersionOfMany) {
    response.members = results;
  } else {
    response.error_code = results[0].error_code;
  }
  shard.out.reply(context.token, response);
}

}  // namespace millrace::group
