// OffsetFetch: what a group has committed. Asks nobody who they are, and of an unknown group or
// partition says "nothing", so that a consumer can start.
#include <span>

#include "group/reply.h"
#include "group/requests.h"

namespace millrace::group {
namespace {

using Request = kafka::OffsetFetchRequest::Group;
using Response = kafka::OffsetFetchResponse;

/// Of a topic of the same name that was deleted since.
bool is_of_another_topic(const CommittedOffset& offset, TopicId asked) {
  return !offset.topic_id.is_zero() && !asked.is_zero() && offset.topic_id != asked;
}

class Fetch {
 public:
  Fetch(Shard& shard, const Group* group, bool require_stable)
      : memory_(shard.out.memory()), group_(group), require_stable_(require_stable) {}

  std::span<Response::GroupTopic> some(std::span<kafka::OffsetFetchRequest::GroupTopic> asked) {
    const auto topics = memory_.make_array<Response::GroupTopic>(asked.size());
    for (size_t t = 0; t < asked.size(); ++t) {
      const auto& topic = asked[t];
      topics[t] = {.name = memory_.copy(topic.name),
                   .topic_id = topic.topic_id,
                   .partitions = partitions(topic.partition_indexes.size())};
      for (size_t p = 0; p < topic.partition_indexes.size(); ++p)
        topics[t].partitions[p] = one(topic.name, topic.partition_indexes[p], topic.topic_id);
    }
    return topics;
  }

  std::span<Response::GroupTopic> all() {
    if (!group_) return {};
    const auto& committed = group_->offsets().topics();
    const auto topics = memory_.make_array<Response::GroupTopic>(committed.size());
    size_t t = 0;
    for (const auto& [name, offsets] : committed) {
      Response::GroupTopic& topic = topics[t++];
      topic = {.name = memory_.copy(name), .partitions = partitions(offsets.size())};
      size_t p = 0;
      for (const auto& [partition, offset] : offsets)
        topic.partitions[p++] = one(name, partition, TopicId());
    }
    return topics;
  }

 private:
  std::span<Response::GroupPartition> partitions(size_t count) {
    return memory_.make_array<Response::GroupPartition>(count);
  }

  Response::GroupPartition one(std::string_view topic, PartitionIndex partition, TopicId topic_id) {
    Response::GroupPartition response = {.partition_index = partition,
                                         .committed_offset = kNoOffset,
                                         .metadata = std::string_view()};
    if (!group_) return response;
    const Offsets& offsets = group_->offsets();
    if (require_stable_ && offsets.is_pending(topic, partition)) {
      response.error_code = code(Errc::kUnstableOffsetCommit);
      return response;
    }
    const CommittedOffset* offset = offsets.find(topic, partition);
    if (!offset || is_of_another_topic(*offset, topic_id)) return response;
    response.committed_offset = offset->offset;
    response.committed_leader_epoch = offset->leader_epoch;
    response.metadata = memory_.copy(offset->metadata);
    return response;
  }

  Arena& memory_;
  const Group* group_;
  bool require_stable_;
};

}  // namespace

void offset_fetch(Shard& shard, const RequestContext& context, const Request& request,
                  bool require_stable) {
  Fetch fetch(shard, shard.find_offsets(request.group_id), require_stable);
  Response::Group response = {.group_id = shard.out.memory().copy(request.group_id)};
  response.topics = request.topics ? fetch.some(*request.topics) : fetch.all();
  shard.out.reply(context.token, response);
}

}  // namespace millrace::group
