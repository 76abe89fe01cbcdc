// OffsetCommit, v2 to v10: stores how far a group has read.
//
// Promises: the answer comes when the commit is on stable storage. Partitions that do not exist are
// refused one by one (UNKNOWN_TOPIC_OR_PARTITION; UNKNOWN_TOPIC_ID from v10) and the rest is
// stored.
#include "broker/api/by_group.h"
#include "broker/api/handlers.h"
#include "broker/quorum.h"
#include "kafka/messages/offset_commit.h"
#include "metadata/image.h"

namespace millrace::broker {
namespace {

using kafka::OffsetCommitRequest;
using kafka::OffsetCommitResponse;

constexpr int16_t kFirstVersionWithTopicIds = 10;

// Splits a commit in what exists and what does not, and puts the two answers together again.
class Commit {
 public:
  Commit(Request& request, const OffsetCommitRequest& wanted)
      : request_(request),
        wanted_(wanted),
        by_id_(request.version() >= kFirstVersionWithTopicIds),
        errors_(wanted.topics.size()) {}

  /// The part that exists, with names and ids. Empty topics when there is none.
  OffsetCommitRequest existing() {
    Arena& arena = request_.arena();
    OffsetCommitRequest part = wanted_;
    part.topics = arena.make_array<OffsetCommitRequest::Topic>(wanted_.topics.size());
    size_t count = 0;
    for (size_t t = 0; t < wanted_.topics.size(); ++t) {
      OffsetCommitRequest::Topic topic = wanted_.topics[t];
      split(t, topic);
      if (!topic.partitions.empty()) part.topics[count++] = topic;
    }
    part.topics = part.topics.first(count);
    return part;
  }

  /// Errors as found here, else as the coordinator says; in the order of the request.
  OffsetCommitResponse join(const OffsetCommitResponse* stored) const {
    Arena& arena = request_.arena();
    OffsetCommitResponse answer;
    answer.topics = arena.make_array<OffsetCommitResponse::Topic>(wanted_.topics.size());
    size_t next = 0;  // of the topics that were stored
    for (size_t t = 0; t < wanted_.topics.size(); ++t) {
      const OffsetCommitRequest::Topic& topic = wanted_.topics[t];
      OffsetCommitResponse::Topic& out = answer.topics[t];
      (by_id_ ? void(out.topic_id = topic.topic_id) : void(out.name = topic.name));
      out.partitions = arena.make_array<OffsetCommitResponse::Partition>(topic.partitions.size());
      size_t kept = 0;
      for (size_t p = 0; p < topic.partitions.size(); ++p) {
        const Errc error = errors_[t][p];
        out.partitions[p].partition_index = topic.partitions[p].partition_index;
        out.partitions[p].error_code = error != Errc::kNone
                                           ? wire_code(error)
                                           : stored->topics[next].partitions[kept++].error_code;
      }
      if (kept > 0) ++next;
    }
    return answer;
  }

  /// All with one error.
  OffsetCommitResponse refuse(Errc why) {
    for (size_t t = 0; t < wanted_.topics.size(); ++t) {
      errors_[t].assign(wanted_.topics[t].partitions.size(), why);
    }
    return join(nullptr);
  }

 private:
  // Leaves in `topic` the partitions that exist.
  void split(size_t t, OffsetCommitRequest::Topic& topic) {
    const metadata::Image& image = request_.node().quorum.image();
    const metadata::Topic* known =
        by_id_ ? image.find_topic(topic.topic_id) : image.find_topic(topic.name);
    const auto kept =
        request_.arena().make_array<OffsetCommitRequest::Partition>(topic.partitions.size());
    size_t count = 0;
    for (const OffsetCommitRequest::Partition& partition : topic.partitions) {
      Errc error = Errc::kNone;
      if (!known) {
        error = by_id_ ? Errc::kUnknownTopicId : Errc::kUnknownTopicOrPartition;
      } else if (!known->find(partition.partition_index)) {
        error = Errc::kUnknownTopicOrPartition;
      } else {
        kept[count++] = partition;
      }
      errors_[t].push_back(error);
    }
    topic.partitions = kept.first(count);
    if (!known) return;
    topic.name = known->name;
    topic.topic_id = known->id;
  }

  Request& request_;
  const OffsetCommitRequest& wanted_;
  bool by_id_;
  std::vector<std::vector<Errc>> errors_;  // by topic and partition, as in the request
};

}  // namespace

runtime::Task<> handle_offset_commit(Request* request) {
  const auto wanted = co_await request->decode<OffsetCommitRequest>();
  Commit commit(*request, wanted);
  const Result<std::shared_ptr<GroupShard>> shard =
      co_await as_result(request->node().groups.shard_for(wanted.group_id));
  if (!shard) {
    co_await request->answer(commit.refuse(shard.error().code()));
    co_return;
  }
  const OffsetCommitRequest existing = commit.existing();
  if (existing.topics.empty()) {
    co_await request->answer(commit.join(nullptr));
    co_return;
  }
  GroupCall call(*shard, *request);
  call.coordinator().commit_offsets(call.context(), existing);
  const group::AnyResponse* reply = co_await call.reply();
  co_await request->answer(commit.join(&std::get<OffsetCommitResponse>(*reply)));
}

}  // namespace millrace::broker
