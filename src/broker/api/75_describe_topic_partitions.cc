// DescribeTopicPartitions, v0: topics with their partitions, page by page.
//
// Promises: topics come by rising name; no more partitions than response_partition_limit and
// max.request.partition.size.limit; the cursor of an answer is where the next request goes on.
// Source: KIP-966.
#include <set>
#include <string>

#include "broker/api/authorized_operations.h"
#include "broker/api/handlers.h"
#include "broker/api/topic_answer.h"
#include "broker/node.h"
#include "broker/quorum.h"
#include "broker/request.h"
#include "kafka/messages/describe_topic_partitions.h"
#include "metadata/topic_name.h"

namespace millrace::broker {
namespace {

using kafka::DescribeTopicPartitionsRequest;
using kafka::DescribeTopicPartitionsResponse;

class Page {
 public:
  Page(Request& request, const DescribeTopicPartitionsRequest& wanted)
      : request_(request), image_(request.node().quorum.image()) {
    const int64_t limit = request.node().settings.get<"max.request.partition.size.limit">();
    left_ = std::clamp<int64_t>(wanted.response_partition_limit, 1, std::max<int64_t>(1, limit));
  }

  /// False once the page is full; the cursor then says where.
  bool add(std::string_view name, PartitionIndex from) {
    const metadata::Topic* topic = image_.find_topic(name);
    if (!topic) {
      refuse(name);
      return true;
    }
    const auto begin = topic->partitions.lower_bound(from);
    if (left_ == 0 && begin != topic->partitions.end()) {
      set_cursor(name, begin->first);
      return false;
    }
    std::vector<DescribeTopicPartitionsResponse::Partition> partitions;
    auto next = begin;
    for (; next != topic->partitions.end() && left_ > 0; ++next, --left_) {
      DescribeTopicPartitionsResponse::Partition& out = partitions.emplace_back();
      fill_partition(next->first, next->second, image_, request_.arena(), out);
      out.eligible_leader_replicas = request_.arena().copy_array(next->second.elr);
      out.last_known_elr = request_.arena().copy_array(next->second.last_known_elr);
    }
    DescribeTopicPartitionsResponse::Topic& out = topics_.emplace_back();
    out.name = name;
    out.topic_id = topic->id;
    out.is_internal = metadata::is_internal_topic(name);
    out.topic_authorized_operations = kTopicOperations;
    out.partitions = request_.arena().copy_array(partitions);
    if (next == topic->partitions.end()) return true;
    set_cursor(name, next->first);
    return false;
  }

  Result<> send() {
    answer_.topics = request_.arena().copy_array(topics_);
    return request_.answer(answer_);
  }

 private:
  void set_cursor(std::string_view name, PartitionIndex partition) {
    answer_.next_cursor.emplace();
    answer_.next_cursor->topic_name = name;
    answer_.next_cursor->partition_index = partition;
  }

  void refuse(std::string_view name) {
    DescribeTopicPartitionsResponse::Topic& out = topics_.emplace_back();
    out.name = name;
    out.error_code = wire_code(metadata::check_topic_name(name) ? Errc::kUnknownTopicOrPartition
                                                                : Errc::kInvalidTopicException);
  }

  Request& request_;
  const metadata::Image& image_;
  int64_t left_;
  std::vector<DescribeTopicPartitionsResponse::Topic> topics_;
  DescribeTopicPartitionsResponse answer_;
};

// In order, each once; all topics when none is named.
std::set<std::string_view> wanted_names(const DescribeTopicPartitionsRequest& wanted,
                                        const metadata::Image& image) {
  std::set<std::string_view> names;
  const std::string_view from = wanted.cursor ? wanted.cursor->topic_name : std::string_view();
  if (wanted.topics.empty()) {
    for (const auto& [name, id] : image.topic_ids()) {
      if (name >= from) names.insert(name);
    }
    return names;
  }
  for (const DescribeTopicPartitionsRequest::Topic& topic : wanted.topics) {
    if (topic.name >= from) names.insert(topic.name);
  }
  return names;
}

}  // namespace

runtime::Task<> handle_describe_topic_partitions(Request* request) {
  const auto wanted = co_await request->decode<DescribeTopicPartitionsRequest>();
  if (wanted.cursor && wanted.cursor->partition_index < PartitionIndex(0)) {
    co_await fail(Errc::kInvalidRequest, "a cursor with a negative partition");
  }
  Page page(*request, wanted);
  for (const std::string_view name : wanted_names(wanted, request->node().quorum.image())) {
    const bool at_cursor = wanted.cursor && name == wanted.cursor->topic_name;
    const PartitionIndex from = at_cursor ? wanted.cursor->partition_index : PartitionIndex(0);
    if (!page.add(name, from)) break;
  }
  co_await page.send();
}

}  // namespace millrace::broker
