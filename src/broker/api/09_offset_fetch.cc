// OffsetFetch, v1 to v10: what groups have committed; from v8 for several groups at once.
//
// Promises: a partition without a commit is offset -1 without an error. From v10 topics are named
// by id: an unknown one gets UNKNOWN_TOPIC_ID, and "all topics" leaves out those that are gone.
#include <vector>

#include "broker/api/by_group.h"
#include "broker/api/handlers.h"
#include "broker/quorum.h"
#include "kafka/messages/offset_fetch.h"
#include "metadata/image.h"

namespace millrace::broker {
namespace {

using kafka::OffsetFetchRequest;
using kafka::OffsetFetchResponse;

constexpr int16_t kFirstVersionWithGroups = 8;
constexpr int16_t kFirstVersionWithTopicIds = 10;
constexpr int16_t kFirstVersionWithTopError = 2;

// Before v8 a request is about one group; here it becomes the later form.
OffsetFetchRequest::Group only_group(const OffsetFetchRequest& wanted, Arena& arena) {
  OffsetFetchRequest::Group group;
  group.group_id = wanted.group_id;
  group.topics = std::nullopt;
  if (!wanted.topics) return group;
  group.topics = arena.make_array<OffsetFetchRequest::GroupTopic>(wanted.topics->size());
  for (size_t i = 0; i < wanted.topics->size(); ++i) {
    (*group.topics)[i].name = (*wanted.topics)[i].name;
    (*group.topics)[i].partition_indexes = (*wanted.topics)[i].partition_indexes;
  }
  return group;
}

// Ids become names on the way to the coordinator, and ids again on the way back.
class Translation {
 public:
  explicit Translation(Request& request)
      : request_(request), image_(request.node().quorum.image()) {}

  OffsetFetchRequest::Group to_names(const OffsetFetchRequest::Group& wanted) {
    OffsetFetchRequest::Group named = wanted;
    if (!wanted.topics) return named;
    const auto topics =
        request_.arena().make_array<OffsetFetchRequest::GroupTopic>(wanted.topics->size());
    size_t count = 0;
    for (const OffsetFetchRequest::GroupTopic& topic : *wanted.topics) {
      const metadata::Topic* known = image_.find_topic(topic.topic_id);
      if (!known) {
        unknown_.push_back(topic);
        continue;
      }
      topics[count] = topic;
      topics[count++].name = request_.arena().copy(known->name);
    }
    named.topics = topics.first(count);
    return named;
  }

  OffsetFetchResponse::Group to_ids(const OffsetFetchResponse::Group& found) const {
    Arena& arena = request_.arena();
    OffsetFetchResponse::Group out = found;
    out.topics =
        arena.make_array<OffsetFetchResponse::GroupTopic>(found.topics.size() + unknown_.size());
    size_t count = 0;
    for (const OffsetFetchResponse::GroupTopic& topic : found.topics) {
      const metadata::Topic* known = image_.find_topic(topic.name);
      if (!known) continue;
      out.topics[count].topic_id = known->id;
      out.topics[count++].partitions = topic.partitions;
    }
    for (const OffsetFetchRequest::GroupTopic& topic : unknown_) {
      out.topics[count++] = refused(topic);
    }
    out.topics = out.topics.first(count);
    return out;
  }

 private:
  OffsetFetchResponse::GroupTopic refused(const OffsetFetchRequest::GroupTopic& topic) const {
    OffsetFetchResponse::GroupTopic out;
    out.topic_id = topic.topic_id;
    out.partitions = request_.arena().make_array<OffsetFetchResponse::GroupPartition>(
        topic.partition_indexes.size());
    for (size_t i = 0; i < out.partitions.size(); ++i) {
      out.partitions[i].partition_index = topic.partition_indexes[i];
      out.partitions[i].committed_offset = kNoOffset;
      out.partitions[i].error_code = wire_code(Errc::kUnknownTopicId);
    }
    return out;
  }

  Request& request_;
  const metadata::Image& image_;
  std::vector<OffsetFetchRequest::GroupTopic> unknown_;
};

// A version-less copy: fields that the version has not must be at their defaults.
OffsetFetchResponse::Group without_ids(const OffsetFetchResponse::Group& found, Arena& arena) {
  OffsetFetchResponse::Group out = found;
  out.topics = arena.make_array<OffsetFetchResponse::GroupTopic>(found.topics.size());
  for (size_t i = 0; i < found.topics.size(); ++i) {
    out.topics[i].name = found.topics[i].name;
    out.topics[i].partitions = found.topics[i].partitions;
  }
  return out;
}

// The one group's answer in the form before v8, where each partition carries the group's error if
// v1 has no place for it at the top.
OffsetFetchResponse flat(const OffsetFetchRequest::Group& wanted,
                         const OffsetFetchResponse::Group& found, Request& request) {
  Arena& arena = request.arena();
  OffsetFetchResponse answer;
  if (found.error_code != 0 && request.version() >= kFirstVersionWithTopError) {
    answer.error_code = found.error_code;
    return answer;
  }
  if (found.error_code != 0) {
    const auto asked = wanted.topics.value_or(std::span<OffsetFetchRequest::GroupTopic>());
    answer.topics = arena.make_array<OffsetFetchResponse::Topic>(asked.size());
    for (size_t t = 0; t < asked.size(); ++t) {
      answer.topics[t].name = asked[t].name;
      answer.topics[t].partitions =
          arena.make_array<OffsetFetchResponse::Partition>(asked[t].partition_indexes.size());
      for (size_t p = 0; p < asked[t].partition_indexes.size(); ++p) {
        answer.topics[t].partitions[p] = {.partition_index = asked[t].partition_indexes[p],
                                          .committed_offset = kNoOffset,
                                          .error_code = found.error_code};
      }
    }
    return answer;
  }
  answer.topics = arena.make_array<OffsetFetchResponse::Topic>(found.topics.size());
  for (size_t t = 0; t < found.topics.size(); ++t) {
    answer.topics[t].name = found.topics[t].name;
    answer.topics[t].partitions =
        arena.make_array<OffsetFetchResponse::Partition>(found.topics[t].partitions.size());
    for (size_t p = 0; p < found.topics[t].partitions.size(); ++p) {
      const OffsetFetchResponse::GroupPartition& from = found.topics[t].partitions[p];
      OffsetFetchResponse::Partition& to = answer.topics[t].partitions[p];
      to.partition_index = from.partition_index;
      to.committed_offset = from.committed_offset;
      if (request.version() >= 5) to.committed_leader_epoch = from.committed_leader_epoch;
      to.metadata = from.metadata;
      to.error_code = from.error_code;
    }
  }
  return answer;
}

runtime::Task<OffsetFetchResponse::Group> fetch_group(Request* request,
                                                      OffsetFetchRequest::Group wanted,
                                                      bool require_stable) {
  const bool by_id = request->version() >= kFirstVersionWithTopicIds;
  const Result<std::shared_ptr<GroupShard>> shard =
      co_await as_result(request->node().groups.shard_for(wanted.group_id));
  if (!shard) {
    OffsetFetchResponse::Group refused;
    refused.group_id = wanted.group_id;
    refused.error_code = shard.error().kafka_code();
    co_return refused;
  }
  Translation translation(*request);
  const OffsetFetchRequest::Group named = by_id ? translation.to_names(wanted) : wanted;
  GroupCall call(*shard, *request);
  call.coordinator().fetch_offsets(call.context(), named, require_stable);
  const group::AnyResponse* reply = co_await call.reply();
  const auto& found = std::get<OffsetFetchResponse::Group>(*reply);
  request->keep(call.memory());
  co_return by_id ? translation.to_ids(found) : without_ids(found, request->arena());
}

}  // namespace

runtime::Task<> handle_offset_fetch(Request* request) {
  const auto wanted = co_await request->decode<OffsetFetchRequest>();
  if (request->version() < kFirstVersionWithGroups) {
    const OffsetFetchRequest::Group group = only_group(wanted, request->arena());
    const OffsetFetchResponse::Group found =
        co_await fetch_group(request, group, wanted.require_stable);
    co_await request->answer(flat(group, found, *request));
    co_return;
  }
  OffsetFetchResponse answer;
  answer.groups = request->arena().make_array<OffsetFetchResponse::Group>(wanted.groups.size());
  for (size_t i = 0; i < wanted.groups.size(); ++i) {
    answer.groups[i] = co_await fetch_group(request, wanted.groups[i], wanted.require_stable);
  }
  co_await request->answer(answer);
}

}  // namespace millrace::broker
