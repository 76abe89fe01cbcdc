// ListOffsets, v1 to v11: finds the offset of a time, or of a special time.
//
//   -1 latest (high watermark; last stable offset for read_committed)   -2 earliest
//   -3 of the largest timestamp (v7)   -4 earliest on this disk (v8)
//   -5 latest in tiered storage (v9)   -6 earliest not yet copied there (v11)
//
// Promises: what lies beyond what the reader may see is not found. Nothing found is offset -1
// without an error. A special time that the version does not have gets UNSUPPORTED_VERSION. A
// partition that is named twice gets INVALID_REQUEST. Without tiered storage -5 and -6 find
// nothing.
#include <map>

#include "broker/api/handlers.h"
#include "broker/node.h"
#include "broker/request.h"
#include "broker/topics.h"
#include "kafka/messages/list_offsets.h"

namespace millrace::broker {
namespace {

using kafka::ListOffsetsRequest;
using kafka::ListOffsetsResponse;

constexpr int64_t kLatest = -1;
constexpr int64_t kEarliest = -2;
constexpr int64_t kMaxTimestamp = -3;
constexpr int64_t kEarliestLocal = -4;
constexpr int64_t kLatestTiered = -5;
constexpr int64_t kEarliestPendingUpload = -6;
constexpr int8_t kReadCommitted = 1;

int16_t first_version_with(int64_t timestamp) {
  switch (timestamp) {
    case kMaxTimestamp:
      return 7;
    case kEarliestLocal:
      return 8;
    case kLatestTiered:
      return 9;
    case kEarliestPendingUpload:
      return 11;
    default:
      return 1;
  }
}

Result<std::optional<log::OffsetAtTime>> search(log::PartitionLog& log, Timestamp timestamp,
                                                log::ReadBound bound) {
  switch (timestamp.ms) {
    case kLatest:
      return log.latest(bound);
    case kEarliest:
    case kEarliestLocal:
      return log.earliest();
    case kLatestTiered:
    case kEarliestPendingUpload:
      return std::nullopt;
    default:
      break;
  }
  return timestamp.ms == kMaxTimestamp ? log.offset_of_max_timestamp(bound)
                                       : log.offset_for_timestamp(timestamp, bound);
}

Result<std::optional<log::OffsetAtTime>> answer_one(Topic* topic,
                                                    const ListOffsetsRequest::Partition& wanted,
                                                    int16_t version, log::ReadBound bound) {
  if (!topic) return fail(Errc::kUnknownTopicOrPartition);
  if (version < first_version_with(wanted.timestamp.ms)) return fail(Errc::kUnsupportedVersion);
  const std::shared_ptr<Partition> partition = TRY(topic->partition(wanted.partition_index));
  TRY(partition->check_leader_epoch(wanted.current_leader_epoch));
  return search(partition->log(), wanted.timestamp, bound);
}

}  // namespace

runtime::Task<> handle_list_offsets(Request* request) {
  const auto wanted = co_await request->decode<ListOffsetsRequest>();
  Arena& arena = request->arena();
  const log::ReadBound bound = wanted.replica_id >= BrokerId(0) ? log::ReadBound::kLogEnd
                               : wanted.isolation_level == kReadCommitted
                                   ? log::ReadBound::kLastStable
                                   : log::ReadBound::kHighWatermark;
  ListOffsetsResponse answer;
  answer.topics = arena.make_array<ListOffsetsResponse::Topic>(wanted.topics.size());
  std::map<std::pair<std::string_view, PartitionIndex>, int> times_named;
  for (const auto& topic : wanted.topics) {
    for (const auto& partition : topic.partitions) {
      ++times_named[{topic.name, partition.partition_index}];
    }
  }
  for (size_t t = 0; t < wanted.topics.size(); ++t) {
    const auto& topic = wanted.topics[t];
    Topic* found = request->node().topics.find(topic.name);
    answer.topics[t].name = topic.name;
    answer.topics[t].partitions =
        arena.make_array<ListOffsetsResponse::Partition>(topic.partitions.size());
    for (size_t p = 0; p < topic.partitions.size(); ++p) {
      ListOffsetsResponse::Partition& out = answer.topics[t].partitions[p];
      out.partition_index = topic.partitions[p].partition_index;
      if (times_named[{topic.name, out.partition_index}] > 1) {
        out.error_code = wire_code(Errc::kInvalidRequest);
        continue;
      }
      const auto at = answer_one(found, topic.partitions[p], request->version(), bound);
      if (!at) {
        out.error_code = at.error().kafka_code();
      } else if (*at) {
        out.timestamp = (*at)->timestamp;
        out.offset = (*at)->offset;
        if (request->version() >= 4) out.leader_epoch = (*at)->leader_epoch;
      }
    }
  }
  co_await request->answer(answer);
}

}  // namespace millrace::broker
