#include "bench/load/topics.h"

#include <unistd.h>

#include "bench/load/batch.h"
#include "bench/load/meter.h"
#include "kafka/messages/create_topics.h"
#include "kafka/messages/delete_topics.h"
#include "kafka/messages/list_offsets.h"
#include "kafka/messages/produce.h"

namespace millrace::bench {
namespace {

constexpr int32_t kTimeoutMs = 120'000;  // Kafka takes its time for thousands of partitions
constexpr useconds_t kRetryAfterUs = 2000;
constexpr int64_t kLatest = -1;

}  // namespace

std::string describe_code(int16_t kafka_code, std::string_view where) {
  const ErrorInfo& info = error_info(errc_from_kafka(kafka_code));
  return fmt::format("{}: {} ({}): {}", where, info.kafka_name, kafka_code, info.sentence);
}

void create_topics(Conversation& with, const std::vector<TopicWish>& wishes) {
  Arena arena;
  kafka::CreateTopicsRequest request{.timeout_ms = kTimeoutMs};
  request.topics = arena.make_array<kafka::CreateTopicsRequest::Topic>(wishes.size());
  for (size_t i = 0; i < wishes.size(); ++i) {
    auto& topic = request.topics[i];
    topic.name = wishes[i].name;
    topic.num_partitions = wishes[i].partitions;
    topic.replication_factor = 1;
    topic.configs = arena.make_array<kafka::CreateTopicsRequest::Config>(wishes[i].configs.size());
    for (size_t c = 0; c < wishes[i].configs.size(); ++c) {
      topic.configs[c] = {.name = wishes[i].configs[c].first, .value = wishes[i].configs[c].second};
    }
  }
  const auto answer = with.ask<kafka::CreateTopicsResponse>(request, kCreateTopicsVersion);
  for (const auto& topic : answer.topics) {
    if (topic.error_code == 0) continue;
    if (topic.error_code == error_info(Errc::kTopicAlreadyExists).kafka_code) continue;
    give_up(describe_code(topic.error_code, fmt::format("creating {}", topic.name)));
  }
}

void delete_topics(Conversation& with, const std::vector<std::string>& names) {
  std::vector<std::string_view> views(names.begin(), names.end());
  const kafka::DeleteTopicsRequest request{.topic_names = views, .timeout_ms = kTimeoutMs};
  const auto answer = with.ask<kafka::DeleteTopicsResponse>(request, kDeleteTopicsVersion);
  for (const auto& topic : answer.responses) {
    if (topic.error_code != 0) {
      give_up(describe_code(topic.error_code, fmt::format("deleting {}", topic.name.value_or(""))));
    }
  }
}

Result<> produce_one(Conversation& with, const std::string& topic, int32_t partition) {
  const Buffer batch = make_batch({.records = 1, .value_bytes = 8, .keyed = true});
  kafka::ProduceRequest::Partition records{.index = PartitionIndex(partition),
                                           .records = kafka::Records(batch.bytes())};
  kafka::ProduceRequest::Topic named{.name = topic, .partition_data = {&records, 1}};
  const kafka::ProduceRequest request{
      .acks = -1, .timeout_ms = kTimeoutMs, .topic_data = {&named, 1}};
  const auto answer = TRY(with.try_ask<kafka::ProduceResponse>(request, kProduceVersion));
  if (answer.responses.size() != 1 || answer.responses[0].partition_responses.size() != 1) {
    return fail(Errc::kInvalidRequest, "an answer to one batch that names another number of them");
  }
  const int16_t code = answer.responses[0].partition_responses[0].error_code;
  if (code != 0) return fail(errc_from_kafka(code), fmt::format("{}-{}", topic, partition));
  return {};
}

void ready_partitions(Conversation& with, const std::string& topic, int32_t partitions,
                      int64_t give_up_ns) {
  for (int32_t p = 0; p < partitions; ++p) {
    while (true) {
      const Result<> done = produce_one(with, topic, p);
      if (done.has_value()) break;
      if (!done.error().info().retriable || done.error().code() == Errc::kClosed ||
          now_ns() > give_up_ns) {
        give_up(done.error().message());
      }
      usleep(kRetryAfterUs);
    }
  }
}

std::vector<Offset> end_offsets(Conversation& with, const std::string& topic, int32_t partitions) {
  Arena arena;
  kafka::ListOffsetsRequest::Topic named{.name = topic};
  named.partitions =
      arena.make_array<kafka::ListOffsetsRequest::Partition>(static_cast<size_t>(partitions));
  for (int32_t p = 0; p < partitions; ++p) {
    named.partitions[static_cast<size_t>(p)] = {.partition_index = PartitionIndex(p),
                                                .timestamp = Timestamp{kLatest}};
  }
  const kafka::ListOffsetsRequest request{.replica_id = kNoBroker, .topics = {&named, 1}};
  const auto answer = with.ask<kafka::ListOffsetsResponse>(request, kListOffsetsVersion);
  std::vector<Offset> ends(static_cast<size_t>(partitions));
  for (const auto& found : answer.topics) {
    for (const auto& partition : found.partitions) {
      const auto index = static_cast<size_t>(partition.partition_index.value);
      if (partition.error_code != 0) {
        give_up(describe_code(partition.error_code, fmt::format("the end of {}-{}", topic, index)));
      }
      if (index < ends.size()) ends[index] = partition.offset;
    }
  }
  return ends;
}

}  // namespace millrace::bench
