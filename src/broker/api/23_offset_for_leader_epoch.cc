// OffsetForLeaderEpoch, v2 to v4: where the log of a leader epoch ends, so that a reader can find
// out what it has read that was never committed (KIP-101, KIP-320).
//
// Promises: answers with the largest epoch not above the one asked for and where the next one
// begins; with -1 and -1 when it is above all that are known.
#include "broker/api/handlers.h"
#include "broker/node.h"
#include "broker/request.h"
#include "broker/topics.h"
#include "kafka/messages/offset_for_leader_epoch.h"

namespace millrace::broker {
namespace {

using kafka::OffsetForLeaderEpochRequest;
using kafka::OffsetForLeaderEpochResponse;

Result<std::optional<log::LeaderEpochs::EndOffset>> end_of_epoch(
    Topic* topic, const OffsetForLeaderEpochRequest::Partition& wanted) {
  if (!topic) return fail(Errc::kUnknownTopicOrPartition);
  const std::shared_ptr<Partition> partition = TRY(topic->partition(wanted.partition));
  TRY(partition->check_leader_epoch(wanted.current_leader_epoch));
  return partition->log().end_offset_for_epoch(wanted.leader_epoch);
}

}  // namespace

runtime::Task<> handle_offset_for_leader_epoch(Request* request) {
  const auto wanted = co_await request->decode<OffsetForLeaderEpochRequest>();
  Arena& arena = request->arena();
  OffsetForLeaderEpochResponse answer;
  answer.topics = arena.make_array<OffsetForLeaderEpochResponse::Topic>(wanted.topics.size());
  for (size_t t = 0; t < wanted.topics.size(); ++t) {
    const auto& topic = wanted.topics[t];
    Topic* found = request->node().topics.find(topic.topic);
    answer.topics[t].topic = topic.topic;
    answer.topics[t].partitions =
        arena.make_array<OffsetForLeaderEpochResponse::Partition>(topic.partitions.size());
    for (size_t p = 0; p < topic.partitions.size(); ++p) {
      OffsetForLeaderEpochResponse::Partition& out = answer.topics[t].partitions[p];
      out.partition = topic.partitions[p].partition;
      const auto end = end_of_epoch(found, topic.partitions[p]);
      if (!end) {
        out.error_code = end.error().kafka_code();
      } else if (*end) {
        out.leader_epoch = (*end)->epoch;
        out.end_offset = (*end)->end_offset;
      }
    }
  }
  co_await request->answer(answer);
}

}  // namespace millrace::broker
