#include "client/consumer_protocol.h"

#include <algorithm>

#include "base/arena.h"
#include "kafka/records/embedded/consumer_protocol_assignment.h"
#include "kafka/records/embedded/consumer_protocol_subscription.h"

namespace millrace::client {
namespace {

using kafka::ConsumerProtocolAssignment;
using kafka::ConsumerProtocolSubscription;

constexpr int16_t kWritten = 3;  // of the subscription: with generation and rack

// Partitions grouped by topic, as both blobs have them.
template <class PerTopic>
std::span<PerTopic> group_by_topic(const std::vector<TopicPartition>& partitions, Arena& arena) {
  std::map<std::string_view, std::vector<PartitionIndex>> topics;
  for (const TopicPartition& p : partitions) topics[p.topic].push_back(p.partition);
  auto result = arena.make_array<PerTopic>(topics.size());
  size_t i = 0;
  for (const auto& [topic, indexes] : topics) {
    result[i].topic = topic;
    result[i].partitions = arena.copy_array(indexes);
    ++i;
  }
  return result;
}

template <class PerTopic>
std::vector<TopicPartition> ungroup(std::span<PerTopic> topics) {
  std::vector<TopicPartition> result;
  for (const PerTopic& topic : topics) {
    for (const PartitionIndex index : topic.partitions) {
      result.push_back({std::string(topic.topic), index});
    }
  }
  std::sort(result.begin(), result.end());
  return result;
}

template <class Message>
Buffer encode(const Message& message, int16_t version) {
  Buffer out;
  kafka::Writer writer(out);
  writer.write(version);
  CHECK(message.encode(writer, version).has_value());
  return out;
}

template <class Message>
Result<Message> decode(Bytes blob, Arena& arena) {
  kafka::Reader reader(blob);
  int16_t version = 0;
  if (!reader.read(version)) {
    return fail(Errc::kInvalidRequest, "a consumer protocol blob too short for its version");
  }
  if (version < 0)
    return fail(Errc::kInvalidRequest, "a consumer protocol blob of a negative version");
  return Message::decode(reader, std::min(version, Message::kVersionMax), arena);
}

}  // namespace

Buffer encode_subscription(const MemberSubscription& member) {
  Arena arena;
  ConsumerProtocolSubscription message;
  message.topics = arena.make_array<std::string_view>(member.topics.size());
  for (size_t i = 0; i < member.topics.size(); ++i) message.topics[i] = member.topics[i];
  message.owned_partitions =
      group_by_topic<ConsumerProtocolSubscription::TopicPartition>(member.owned, arena);
  message.generation_id = GenerationId(member.generation);
  return encode(message, kWritten);
}

Result<MemberSubscription> decode_subscription(Bytes blob) {
  Arena arena;
  const auto message = TRY(decode<ConsumerProtocolSubscription>(blob, arena));
  MemberSubscription member;
  for (const std::string_view topic : message.topics) member.topics.emplace_back(topic);
  member.owned = ungroup(message.owned_partitions);
  member.generation = message.generation_id.value;
  return member;
}

Buffer encode_assignment(const std::vector<TopicPartition>& partitions) {
  Arena arena;
  ConsumerProtocolAssignment message;
  message.assigned_partitions =
      group_by_topic<ConsumerProtocolAssignment::TopicPartition>(partitions, arena);
  return encode(message, 0);
}

Result<std::vector<TopicPartition>> decode_assignment(Bytes blob) {
  if (blob.empty()) return std::vector<TopicPartition>();
  Arena arena;
  const auto message = TRY(decode<ConsumerProtocolAssignment>(blob, arena));
  return ungroup(message.assigned_partitions);
}

}  // namespace millrace::client
