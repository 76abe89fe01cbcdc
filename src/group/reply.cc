#include "group/reply.h"

#include <utility>

#include "base/check.h"

namespace millrace::group {

kafka::JoinGroupResponse joined(Shard& shard, const Group& group, const Member& member) {
  CHECK(group.is(GroupState::kCompletingRebalance) || group.is(GroupState::kStable));
  Arena& memory = shard.out.memory();
  kafka::JoinGroupResponse response = {.generation_id = group.generation(),
                                       .protocol_type = copy(group.protocol_type(), memory),
                                       .protocol_name = copy(group.protocol_name(), memory),
                                       .leader = memory.copy(*group.leader()),
                                       .member_id = memory.copy(member.id)};
  if (!group.is_leader(member)) return response;
  response.members = memory.make_array<kafka::JoinGroupResponse::Member>(group.size());
  size_t filled = 0;
  for (const auto& [id, each] : group.members()) {
    response.members[filled++] = {
        .member_id = memory.copy(id),
        .group_instance_id = copy(each.group_instance_id, memory),
        .metadata = memory.copy(as_bytes(each.find(*group.protocol_name())->metadata))};
  }
  return response;
}

kafka::JoinGroupResponse join_error(Errc error, std::string_view member_id) {
  return {.error_code = code(error), .member_id = member_id};
}

kafka::SyncGroupResponse assigned(Shard& shard, const Group& group, const Member& member) {
  Arena& memory = shard.out.memory();
  return {.protocol_type = copy(group.protocol_type(), memory),
          .protocol_name = copy(group.protocol_name(), memory),
          .assignment = memory.copy(as_bytes(member.assignment))};
}

kafka::SyncGroupResponse sync_error(Errc error) {
  return {.error_code = code(error)};
}

void answer_join(Shard& shard, Group& group, Member& member,
                 const kafka::JoinGroupResponse& response) {
  if (const auto parked = group.take_join(member)) shard.out.reply(parked->token, response);
}

void answer_sync(Shard& shard, Member& member, const kafka::SyncGroupResponse& response) {
  if (const auto parked = std::exchange(member.sync, std::nullopt))
    shard.out.reply(parked->token, response);
}

}  // namespace millrace::group
