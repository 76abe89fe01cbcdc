// Metadata, v0 to v13: the brokers, and the topics asked for with their leaders.
//
// Promises: every broker is named by the listener the client came through. All topics are asked for
// by null, in v0 by an empty list. A topic that is named twice is answered once. Unknown topics are
// created where auto.create.topics.enable and the client allow it, and are there when the answer
// leaves. Differences: Kafka answers UNKNOWN_TOPIC_OR_PARTITION while it creates a topic and lets
// the client ask again. The controller named is this broker, where admin requests are served.
//
// Who asks for what is there, in the same words, gets the same bytes until the metadata changes
// (answer_cache.h).
#include <set>
#include <string>
#include <vector>

#include "broker/answer_cache.h"
#include "broker/api/authorized_operations.h"
#include "broker/api/handlers.h"
#include "broker/api/topic_answer.h"
#include "broker/auto_create.h"
#include "broker/node.h"
#include "broker/quorum.h"
#include "broker/request.h"
#include "broker/server.h"
#include "kafka/messages/metadata.h"
#include "metadata/topic_name.h"

namespace millrace::broker {
namespace {

using kafka::MetadataRequest;
using kafka::MetadataResponse;

constexpr int16_t kFirstVersionWithTopicIds = 10;
constexpr int16_t kFirstVersionByTopicId = 12;
constexpr int16_t kFirstVersionWithAuthorized = 8;
constexpr int16_t kLastVersionWithClusterAuthorized = 10;

// What is asked for, each thing once and in order.
struct Wanted {
  bool all = false;
  std::vector<std::string_view> names;
  std::vector<TopicId> ids;
  size_t malformed = 0;  ///< entries whose form the version does not allow
};

Wanted wanted_topics(const MetadataRequest& request, int16_t version) {
  Wanted wanted;
  wanted.all = !request.topics || (version == 0 && request.topics->empty());
  if (wanted.all) return wanted;
  std::set<std::string_view> names;
  std::set<TopicId> ids;
  for (const MetadataRequest::Topic& topic : *request.topics) {
    const bool by_id = !topic.topic_id.is_zero();
    if ((by_id && version < kFirstVersionByTopicId) || (!by_id && !topic.name)) {
      ++wanted.malformed;
    } else if (by_id) {
      if (ids.insert(topic.topic_id).second) wanted.ids.push_back(topic.topic_id);
    } else if (names.insert(*topic.name).second) {
      wanted.names.push_back(*topic.name);
    }
  }
  return wanted;
}

std::vector<std::string> to_create(const Wanted& wanted, const metadata::Image& image) {
  std::vector<std::string> names;
  for (const std::string_view name : wanted.names) {
    if (!image.find_topic(name) && metadata::check_topic_name(name)) names.emplace_back(name);
  }
  return names;
}

class MetadataAnswer {
 public:
  MetadataAnswer(Request& request, const MetadataRequest& wanted)
      : request_(request), wanted_(wanted), image_(request.node().quorum.image()) {}

  void fill_cluster(const runtime::Address& address) {
    const Node& node = request_.node();
    Arena& arena = request_.arena();
    answer_.brokers = arena.make_array<MetadataResponse::Broker>(1);
    answer_.brokers[0].node_id = node.id;
    answer_.brokers[0].host = arena.copy(address.host);
    answer_.brokers[0].port = address.port;
    if (request_.version() >= 1) {
      const auto rack = node.settings.get<"broker.rack">();
      if (rack) answer_.brokers[0].rack = arena.copy(*rack);
      answer_.controller_id = node.id;
    }
    if (request_.version() >= 2) answer_.cluster_id = node.cluster_id;
    if (wanted_.include_cluster_authorized_operations &&
        request_.version() <= kLastVersionWithClusterAuthorized) {
      answer_.cluster_authorized_operations = kClusterOperations;
    }
  }

  void fill_topics(const Wanted& wanted) {
    const size_t count = wanted.all ? image_.topics().size()
                                    : wanted.names.size() + wanted.ids.size() + wanted.malformed;
    topics_ = request_.arena().make_array<MetadataResponse::Topic>(count);
    if (wanted.all) {
      for (const auto& [name, id] : image_.topic_ids()) add(*image_.find_topic(id));
    }
    for (const std::string_view name : wanted.names) {
      const metadata::Topic* topic = image_.find_topic(name);
      topic ? add(*topic) : refuse(name, unknown_name(name));
    }
    for (const TopicId id : wanted.ids) {
      const metadata::Topic* topic = image_.find_topic(id);
      topic ? add(*topic) : refuse(id, Errc::kUnknownTopicId);
    }
    for (size_t i = 0; i < wanted.malformed; ++i) refuse("", Errc::kInvalidRequest);
    answer_.topics = topics_;
  }

  /// Whether everything that was asked for is there. What is missing may be created by the next who
  /// asks, and without any change of the metadata.
  bool complete() const { return complete_; }
  Result<Buffer> encode() const {
    Buffer encoded;
    kafka::Writer writer(encoded);
    TRY(answer_.encode(writer, request_.version()));
    return encoded;
  }

 private:
  static Errc unknown_name(std::string_view name) {
    return metadata::check_topic_name(name) ? Errc::kUnknownTopicOrPartition
                                            : Errc::kInvalidTopicException;
  }

  void add(const metadata::Topic& topic) {
    MetadataResponse::Topic& out = topics_[next_++];
    out.name = topic.name;
    if (request_.version() >= kFirstVersionWithTopicIds) out.topic_id = topic.id;
    if (request_.version() >= 1) out.is_internal = metadata::is_internal_topic(topic.name);
    if (wanted_.include_topic_authorized_operations &&
        request_.version() >= kFirstVersionWithAuthorized) {
      out.topic_authorized_operations = kTopicOperations;
    }
    out.partitions =
        request_.arena().make_array<MetadataResponse::Partition>(topic.partitions.size());
    size_t i = 0;
    for (const auto& [index, partition] : topic.partitions) {
      fill_partition(index, partition, image_, request_.arena(), out.partitions[i]);
      if (request_.version() < 7) out.partitions[i].leader_epoch = kNoLeaderEpoch;
      if (request_.version() < 5) out.partitions[i].offline_replicas = {};
      ++i;
    }
  }

  void refuse(std::string_view name, Errc why) {
    MetadataResponse::Topic& out = topics_[next_++];
    out.name = name;
    out.error_code = wire_code(why);
    complete_ = false;
  }
  void refuse(TopicId id, Errc why) {
    MetadataResponse::Topic& out = topics_[next_++];
    out.name = std::nullopt;
    out.topic_id = id;
    out.error_code = wire_code(why);
    complete_ = false;
  }

  Request& request_;
  const MetadataRequest& wanted_;
  const metadata::Image& image_;
  MetadataResponse answer_;
  std::span<MetadataResponse::Topic> topics_;
  size_t next_ = 0;
  bool complete_ = true;
};

}  // namespace

runtime::Task<> handle_metadata(Request* request) {
  Node& node = request->node();
  const runtime::Address address = node.server.advertised_to(request->connection());
  const AnswerCache::Question question{kafka::ApiKey::kMetadata, request->version(), address,
                                       request->body()};
  if (auto known = node.answer_cache.find(question, node.quorum.committed_offset())) {
    co_await request->answer_encoded(std::move(known));
    co_return;
  }
  const auto message = co_await request->decode<MetadataRequest>();
  const Wanted wanted = wanted_topics(message, request->version());
  if (message.allow_auto_topic_creation && node.settings.get<"auto.create.topics.enable">()) {
    std::vector<std::string> missing = to_create(wanted, node.quorum.image());
    // Whatever stands in the way, the answer below tells which topics there are.
    if (!missing.empty()) {
      (void)co_await as_result(auto_create_topics(&node, std::move(missing)));
    }
  }
  MetadataAnswer answer(*request, message);
  answer.fill_cluster(address);
  answer.fill_topics(wanted);
  Buffer encoded = co_await answer.encode();
  co_await request->answer_encoded(
      answer.complete()
          ? node.answer_cache.insert(question, node.quorum.committed_offset(), std::move(encoded))
          : std::make_shared<const Buffer>(std::move(encoded)));
}

}  // namespace millrace::broker
