// OffsetCommit: who may commit, and what is written.
#include <span>
#include <utility>

#include "group/java_text.h"
#include "group/rebalance.h"
#include "group/reply.h"
#include "group/requests.h"

namespace millrace::group {
namespace {

using Request = kafka::OffsetCommitRequest;
using Response = kafka::OffsetCommitResponse;

constexpr int16_t kFirstVersionThatNamesMissingGroups = 9;  // KIP-848

/// A commit by somebody who is no member: a tool, or a consumer that assigns itself. It passes only
/// while the group has no members whose work it could undo.
bool is_simple(const Request& request) {
  return request.generation_id_or_member_epoch < 0;
}

Errc check_no_group(const Shard& shard, const RequestContext& context, const Request& request) {
  if (is_simple(request))
    return shard.groups.size() < shard.config.groups_max ? Errc::kNone : Errc::kPolicyViolation;
  return context.version >= kFirstVersionThatNamesMissingGroups ? Errc::kGroupIdNotFound
                                                                : Errc::kIllegalGeneration;
}

/// Its members are with a coordinator of their kind; we know only that there are some.
Errc check_foreign(const ForeignGroup& group, const Request& request) {
  return is_simple(request) && group.members.empty() ? Errc::kNone : Errc::kUnknownMemberId;
}

Errc check_group(Group& group, const Request& request, Now now) {
  if (is_simple(request)) {
    if (group.is(GroupState::kEmpty)) return Errc::kNone;
    if (request.member_id.empty() && !request.group_instance_id) return Errc::kUnknownMemberId;
  }
  const auto member = group.identify(request.member_id, request.group_instance_id);
  if (!member) return member.error().code();
  if (request.generation_id_or_member_epoch != group.generation().value)
    return Errc::kIllegalGeneration;
  // It has the new generation already and not yet its assignment: what it commits is from before.
  // In Preparing that is just what it should do.
  if (group.is(GroupState::kCompletingRebalance)) return Errc::kRebalanceInProgress;
  restart_session(**member, now);
  return Errc::kNone;
}

bool is_too_large(const Shard& shard, const Request::Partition& partition) {
  const auto max = static_cast<size_t>(shard.config.offset_metadata_max);
  const std::string_view metadata = partition.committed_metadata.value_or("");
  return metadata.size() > max && utf16_length(metadata) > max;
}

/// The reply's topics, all partitions with `error`.
std::span<Response::Topic> mirror(const Request& request, Errc error, Arena& memory) {
  const auto topics = memory.make_array<Response::Topic>(request.topics.size());
  for (size_t t = 0; t < topics.size(); ++t) {
    const Request::Topic& asked = request.topics[t];
    topics[t] = {.name = memory.copy(asked.name),
                 .topic_id = asked.topic_id,
                 .partitions = memory.make_array<Response::Partition>(asked.partitions.size())};
    for (size_t p = 0; p < asked.partitions.size(); ++p)
      topics[t].partitions[p] = {asked.partitions[p].partition_index, code(error)};
  }
  return topics;
}

CommittedOffset offset_of(const Request& request, const Request::Topic& topic,
                          const Request::Partition& partition, Now now) {
  CommittedOffset offset = {.offset = partition.committed_offset,
                            .leader_epoch = partition.committed_leader_epoch,
                            .metadata = std::string(partition.committed_metadata.value_or("")),
                            .committed_at = now.wall,
                            .topic_id = topic.topic_id};
  if (request.retention_time_ms >= 0) {
    offset.expires_at = now.wall + milliseconds(request.retention_time_ms);
    // The one version of the record that has an expiry has no place for these.
    offset.leader_epoch = kNoLeaderEpoch;
    offset.topic_id = TopicId();
  }
  return offset;
}

/// Writes what fits; marks in the reply what does not.
void commit(Shard& shard, Group& group, const Request& request, std::span<Response::Topic> topics,
            Now now) {
  for (size_t t = 0; t < topics.size(); ++t) {
    const Request::Topic& topic = request.topics[t];
    for (size_t p = 0; p < topic.partitions.size(); ++p) {
      const Request::Partition& partition = topic.partitions[p];
      if (is_too_large(shard, partition)) {
        topics[t].partitions[p].error_code = code(Errc::kOffsetMetadataTooLarge);
      } else {
        shard.commit_offset(group, topic.name, partition.partition_index,
                            offset_of(request, topic, partition, now));
      }
    }
  }
}

Errc check(Shard& shard, const RequestContext& context, const Request& request) {
  if (const ForeignGroup* other = shard.foreign.find(request.group_id))
    return check_foreign(*other, request);
  if (Group* group = shard.find(request.group_id)) return check_group(*group, request, context.now);
  return check_no_group(shard, context, request);
}

}  // namespace

void offset_commit(Shard& shard, const RequestContext& context, const Request& request) {
  const Errc error = check(shard, context, request);
  const auto topics = mirror(request, error, shard.out.memory());
  if (error == Errc::kNone) {
    Group* group = shard.find_offsets(request.group_id);
    if (!group) group = &shard.create(request.group_id, context.now.wall);
    commit(shard, *group, request, topics, context.now);
    shard.forget_if_void(*group);
  }
  shard.out.reply(context.token, Response{.topics = topics});
}

}  // namespace millrace::group
