// DeleteRecords, v0 to v2: moves the start of a log, so that what lies before it is gone.
//
// Promises: offset -1 means the high watermark; nothing above it can be deleted. Only topics whose
// cleanup.policy holds delete (POLICY_VIOLATION), and none of the internal ones.
// Differences: with one replica the answer waits for nobody, so timeout.ms is not used.
#include <fmt/core.h>

#include "broker/api/handlers.h"
#include "broker/node.h"
#include "broker/request.h"
#include "broker/topics.h"
#include "kafka/messages/delete_records.h"
#include "metadata/topic_name.h"

namespace millrace::broker {
namespace {

using kafka::DeleteRecordsRequest;
using kafka::DeleteRecordsResponse;

Result<Offset> delete_records(const Topic* topic, const DeleteRecordsRequest::Partition& wanted) {
  if (!topic) return fail(Errc::kUnknownTopicOrPartition);
  if (metadata::is_internal_topic(topic->name())) {
    return fail(Errc::kInvalidTopicException, fmt::format("{} is kept by brokers", topic->name()));
  }
  const std::shared_ptr<Partition> partition = TRY(topic->partition(wanted.partition_index));
  if (!partition->log().config().cleanup_delete) {
    return fail(Errc::kPolicyViolation, "cleanup.policy does not hold delete");
  }
  return partition->log().delete_records_before(wanted.offset);
}

}  // namespace

runtime::Task<> handle_delete_records(Request* request) {
  const auto wanted = co_await request->decode<DeleteRecordsRequest>();
  Arena& arena = request->arena();
  DeleteRecordsResponse answer;
  answer.topics = arena.make_array<DeleteRecordsResponse::Topic>(wanted.topics.size());
  for (size_t t = 0; t < wanted.topics.size(); ++t) {
    const auto& topic = wanted.topics[t];
    const Topic* found = request->node().topics.find(topic.name);
    answer.topics[t].name = topic.name;
    answer.topics[t].partitions =
        arena.make_array<DeleteRecordsResponse::Partition>(topic.partitions.size());
    for (size_t p = 0; p < topic.partitions.size(); ++p) {
      DeleteRecordsResponse::Partition& out = answer.topics[t].partitions[p];
      out.partition_index = topic.partitions[p].partition_index;
      const Result<Offset> low = delete_records(found, topic.partitions[p]);
      out.low_watermark = low ? *low : kNoOffset;
      out.error_code = low ? 0 : low.error().kafka_code();
    }
  }
  co_await request->answer(answer);
}

}  // namespace millrace::broker
