// DeleteRecords, v0 to v2: moves the start of a log, so that what lies before it is gone.
//
// Promises: offset -1 means the high watermark; nothing above it can be deleted. Only topics whose
// cleanup.policy holds delete (POLICY_VIOLATION), and none of the internal ones. What is answered
// to be gone stays gone, whatever happens to the machine: the answer waits for the disk, at most
// timeout.ms (REQUEST_TIMED_OUT; the records are gone then, too, unless the server crashes soon).
// Differences: Kafka answers before the new log start is on disk, and a crash brings records back.
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

// A log start that has moved and is perhaps not on the disk yet.
struct Moved {
  std::shared_ptr<Partition> partition;
  Offset start;
  DeleteRecordsResponse::Partition* answer;
};

Result<Moved> delete_records(Topic* topic, const DeleteRecordsRequest::Partition& wanted) {
  if (!topic) return fail(Errc::kUnknownTopicOrPartition);
  if (metadata::is_internal_topic(topic->name())) {
    return fail(Errc::kInvalidTopicException, fmt::format("{} is kept by brokers", topic->name()));
  }
  const std::shared_ptr<Partition> partition = TRY(topic->partition(wanted.partition_index));
  if (!partition->log().config().cleanup_delete) {
    return fail(Errc::kPolicyViolation, "cleanup.policy does not hold delete");
  }
  const Offset start = TRY(partition->log().delete_records_before(wanted.offset));
  return Moved{partition, start, nullptr};
}

void refuse(DeleteRecordsResponse::Partition& answer, const Error& error) {
  answer.low_watermark = kNoOffset;
  answer.error_code = error.kafka_code();
}

}  // namespace

runtime::Task<> handle_delete_records(Request* request) {
  const auto wanted = co_await request->decode<DeleteRecordsRequest>();
  Arena& arena = request->arena();
  DeleteRecordsResponse answer;
  std::vector<Moved> moved;
  answer.topics = arena.make_array<DeleteRecordsResponse::Topic>(wanted.topics.size());
  for (size_t t = 0; t < wanted.topics.size(); ++t) {
    const auto& topic = wanted.topics[t];
    Topic* found = request->node().topics.find(topic.name);
    answer.topics[t].name = topic.name;
    answer.topics[t].partitions =
        arena.make_array<DeleteRecordsResponse::Partition>(topic.partitions.size());
    for (size_t p = 0; p < topic.partitions.size(); ++p) {
      DeleteRecordsResponse::Partition& out = answer.topics[t].partitions[p];
      out.partition_index = topic.partitions[p].partition_index;
      Result<Moved> done = delete_records(found, topic.partitions[p]);
      if (!done) {
        refuse(out, done.error());
        continue;
      }
      out.low_watermark = done->start;
      moved.push_back(*std::move(done));
      moved.back().answer = &out;
    }
  }
  const MonoTime deadline =
      request->node().env.loop.now() + milliseconds(std::max(0, wanted.timeout_ms));
  for (const Moved& one : moved) {
    const std::shared_ptr<log::PartitionLog> log = one.partition->shared_log();
    const Result<> stable = co_await as_result(log->log_start_durable(one.start, deadline));
    if (!stable) refuse(*one.answer, stable.error());
  }
  co_await request->answer(answer);
}

}  // namespace millrace::broker
