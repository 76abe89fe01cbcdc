#include "broker/auto_create.h"

#include <fmt/core.h>

#include <vector>

#include "base/logging.h"
#include "broker/quorum.h"
#include "kafka/messages/create_topics.h"
#include "metadata/topic_name.h"

namespace millrace::broker {
namespace {

using kafka::CreateTopicsRequest;
using kafka::CreateTopicsResponse;

int16_t bounded_factor(int64_t wanted, const metadata::Image& image) {
  return static_cast<int16_t>(
      std::clamp<int64_t>(wanted, 1, std::max<int64_t>(1, std::ssize(image.brokers()))));
}

CreateTopicsRequest::Topic offsets_topic(const Node& node, Arena& arena) {
  const Settings& settings = node.settings;
  CreateTopicsRequest::Topic topic;
  topic.name = metadata::kOffsetsTopic;
  topic.num_partitions = static_cast<int32_t>(settings.get<"offsets.topic.num.partitions">());
  topic.replication_factor =
      bounded_factor(settings.get<"offsets.topic.replication.factor">(), node.quorum.image());
  topic.configs = arena.make_array<CreateTopicsRequest::Config>(3);
  topic.configs[0] = {.name = "cleanup.policy", .value = "compact"};
  topic.configs[1] = {.name = "compression.type", .value = "producer"};
  topic.configs[2] = {
      .name = "segment.bytes",
      .value = arena.copy(fmt::format("{}", settings.get<"offsets.topic.segment.bytes">()))};
  return topic;
}

// Waits until what the request leads to can be used. The reply's texts live until then.
runtime::Task<> create(Node* node, CreateTopicsRequest request, Arena* arena) {
  const auto outcome = node->quorum.controller().create_topics(request, *arena);
  Error refused(Errc::kNone);
  for (const CreateTopicsResponse::Topic& topic : outcome.reply.topics) {
    const Errc code = errc_from_kafka(topic.error_code);
    if (code == Errc::kNone || code == Errc::kTopicAlreadyExists) continue;
    refused = Error(code, fmt::format("{}: {}", topic.name, topic.error_message.value_or("")));
    LOG_INFO("broker", "a topic was asked for that cannot be created: {}", refused.message());
  }
  const Offset end = co_await node->quorum.append(outcome.records);
  co_await node->quorum.committed(end);
  if (refused.code() != Errc::kNone) co_await fail(std::move(refused));
}

}  // namespace

runtime::Task<> auto_create_topics(Node* node, std::vector<std::string> names) {
  Arena arena;
  CreateTopicsRequest request;
  request.topics = arena.make_array<CreateTopicsRequest::Topic>(names.size());
  for (size_t i = 0; i < names.size(); ++i) {
    request.topics[i].name = names[i];
    request.topics[i].num_partitions = -1;  // num.partitions
    request.topics[i].replication_factor =
        bounded_factor(node->settings.get<"default.replication.factor">(), node->quorum.image());
  }
  const Result<> created = co_await as_result(create(node, request, &arena));
  if (!created && created.error().code() == Errc::kKafkaStorageError) co_await created;
}

runtime::Task<> ensure_internal_topic(Node* node, std::string_view name) {
  if (node->quorum.image().find_topic(name)) co_return;
  CHECK(name == metadata::kOffsetsTopic);
  Arena arena;
  CreateTopicsRequest request;
  request.topics = arena.make_array<CreateTopicsRequest::Topic>(1);
  request.topics[0] = offsets_topic(*node, arena);
  co_await create(node, request, &arena);
}

}  // namespace millrace::broker
