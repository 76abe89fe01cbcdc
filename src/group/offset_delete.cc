// OffsetDelete: an administrator drops offsets nobody uses. Source: KIP-496.
#include "group/reply.h"
#include "group/requests.h"

namespace millrace::group {
namespace {

using Request = kafka::OffsetDeleteRequest;
using Response = kafka::OffsetDeleteResponse;

Errc check(const Shard& shard, const Request& request, const Group* group) {
  if (request.group_id.empty()) return Errc::kInvalidGroupId;
  const ForeignGroup* other = shard.foreign.find(request.group_id);
  if (other && !other->members.empty()) return Errc::kNonEmptyGroup;
  if (!group) return Errc::kGroupIdNotFound;
  // Of what other kinds of clients subscribe to nothing is known.
  if (!group->is(GroupState::kEmpty) && !group->is_consumer()) return Errc::kNonEmptyGroup;
  return Errc::kNone;
}

std::span<Response::Partition> erase(Shard& shard, Group& group, const Request::Topic& topic) {
  const Errc error = group.is_subscribed(topic.name) ? Errc::kGroupSubscribedToTopic : Errc::kNone;
  const auto partitions =
      shard.out.memory().make_array<Response::Partition>(topic.partitions.size());
  for (size_t p = 0; p < partitions.size(); ++p) {
    const PartitionIndex partition = topic.partitions[p].partition_index;
    partitions[p] = {partition, code(error)};
    const bool is_there = group.offsets().find(topic.name, partition) ||
                          group.offsets().is_pending(topic.name, partition);
    if (error == Errc::kNone && is_there) shard.erase_offset(group, topic.name, partition);
  }
  return partitions;
}

}  // namespace

void offset_delete(Shard& shard, const RequestContext& context, const Request& request) {
  Group* group = shard.find_offsets(request.group_id);
  const Errc error = check(shard, request, group);
  if (error != Errc::kNone)
    return shard.out.reply(context.token, Response{.error_code = code(error)});

  Arena& memory = shard.out.memory();
  const auto topics = memory.make_array<Response::Topic>(request.topics.size());
  for (size_t t = 0; t < topics.size(); ++t) {
    topics[t] = {.name = memory.copy(request.topics[t].name),
                 .partitions = erase(shard, *group, request.topics[t])};
  }
  shard.erase_if_void(*group);
  shard.out.reply(context.token, Response{.topics = topics});
}

}  // namespace millrace::group
