// DeleteGroups: an administrator removes groups without members, offsets and all. Source: KIP-229.
#include "group/reply.h"
#include "group/requests.h"

namespace millrace::group {
namespace {

Errc delete_one(Shard& shard, std::string_view group_id) {
  Group* group = shard.find(group_id);
  // The other kinds have records that only their own coordinator can count.
  if (!group)
    return shard.foreign.find(group_id) ? Errc::kInconsistentGroupProtocol : Errc::kGroupIdNotFound;
  if (!group->is(GroupState::kEmpty)) return Errc::kNonEmptyGroup;
  shard.erase_group(*group);
  return Errc::kNone;
}

}  // namespace

void delete_groups(Shard& shard, const RequestContext& context,
                   const kafka::DeleteGroupsRequest& request) {
  Arena& memory = shard.out.memory();
  const auto results =
      memory.make_array<kafka::DeleteGroupsResponse::Group>(request.groups_names.size());
  for (size_t g = 0; g < results.size(); ++g) {
    const std::string_view group_id = request.groups_names[g];
    results[g] = {memory.copy(group_id), code(delete_one(shard, group_id))};
  }
  shard.out.reply(context.token, kafka::DeleteGroupsResponse{.results = results});
}

}  // namespace millrace::group
