#include "client/offsets.h"

#include <fmt/core.h>

#include "kafka/messages/list_offsets.h"
#include "kafka/messages/offset_commit.h"
#include "kafka/messages/offset_fetch.h"

namespace millrace::client {

using runtime::Task;

namespace {

constexpr int kTries = 8;
constexpr int16_t kByName = 9;  // OffsetCommit and OffsetFetch name topics by id from version 10 on

std::map<std::string, std::vector<TopicPartition>> by_topic(
    const std::vector<TopicPartition>& partitions) {
  std::map<std::string, std::vector<TopicPartition>> topics;
  for (const TopicPartition& partition : partitions) topics[partition.topic].push_back(partition);
  return topics;
}

Task<OffsetAndTime> ask_leader(Cluster* cluster, TopicPartition partition, Timestamp at) {
  const std::shared_ptr<Connection> leader =
      co_await cluster->to_leader(partition.topic, partition.partition);
  kafka::ListOffsetsRequest::Partition wanted{.partition_index = partition.partition,
                                              .timestamp = at};
  kafka::ListOffsetsRequest::Topic topic{.name = partition.topic,
                                         .partitions = std::span(&wanted, 1)};
  kafka::ListOffsetsRequest request;
  request.replica_id = kNoBroker;
  request.topics = std::span(&topic, 1);
  const auto reply = co_await leader->call(&request);
  if (reply->topics.size() != 1 || reply->topics[0].partitions.size() != 1) {
    co_await fail(Errc::kInvalidRequest, "a ListOffsets answer for other partitions than asked");
  }
  const auto& found = reply->topics[0].partitions[0];
  if (found.error_code != 0) {
    co_await fail(errc_from_kafka(found.error_code),
                  fmt::format("topic {} partition {}", partition.topic, partition.partition.value));
  }
  co_return OffsetAndTime{found.offset, found.timestamp};
}

}  // namespace

Task<OffsetAndTime> list_offset(Cluster* cluster, TopicPartition partition, Timestamp at) {
  for (int attempt = 0;; ++attempt) {
    Result<OffsetAndTime> found = co_await as_result(ask_leader(cluster, partition, at));
    if (found || !found.error().info().retriable || attempt == kTries) {
      co_return co_await std::move(found);
    }
    co_await cluster->back_off(attempt);
    (void)co_await as_result(cluster->refresh_topic(partition.topic));
  }
}

Task<std::map<TopicPartition, CommittedOffset>> fetch_committed(
    Cluster* cluster, std::string group, std::optional<std::vector<TopicPartition>> only) {
  const std::shared_ptr<Connection> coordinator = co_await cluster->to_coordinator(group);
  Arena arena;
  kafka::OffsetFetchRequest::Group wanted{.group_id = group, .member_id = std::nullopt};
  if (only) {
    const auto topics = by_topic(*only);
    auto named = arena.make_array<kafka::OffsetFetchRequest::GroupTopic>(topics.size());
    size_t t = 0;
    for (const auto& [name, partitions] : topics) {
      named[t].name = arena.copy(name);
      named[t].partition_indexes = arena.make_array<PartitionIndex>(partitions.size());
      for (size_t p = 0; p < partitions.size(); ++p) {
        named[t].partition_indexes[p] = partitions[p].partition;
      }
      ++t;
    }
    wanted.topics = named;
  } else {
    wanted.topics = std::nullopt;
  }
  kafka::OffsetFetchRequest request;
  request.groups = std::span(&wanted, 1);
  request.require_stable = true;
  const auto reply = co_await coordinator->call(&request, kByName);
  std::map<TopicPartition, CommittedOffset> committed;
  for (const auto& answered : reply->groups) {
    if (answered.error_code != 0) {
      cluster->forget_coordinator(group);
      co_await fail(errc_from_kafka(answered.error_code), "offsets of group " + group);
    }
    for (const auto& topic : answered.topics) {
      for (const auto& partition : topic.partitions) {
        if (partition.error_code != 0) {
          co_await fail(errc_from_kafka(partition.error_code), "offsets of group " + group);
        }
        if (partition.committed_offset == kNoOffset) continue;
        committed[{std::string(topic.name), partition.partition_index}] = {
            partition.committed_offset, std::string(partition.metadata.value_or(""))};
      }
    }
  }
  co_return committed;
}

Task<> commit(Cluster* cluster, std::string group, Committer committer,
              std::map<TopicPartition, CommittedOffset> offsets) {
  if (offsets.empty()) co_return;
  const std::shared_ptr<Connection> coordinator = co_await cluster->to_coordinator(group);
  Arena arena;
  std::vector<TopicPartition> partitions;
  partitions.reserve(offsets.size());
  for (const auto& [partition, offset] : offsets) partitions.push_back(partition);
  const auto topics = by_topic(partitions);
  kafka::OffsetCommitRequest request;
  request.group_id = group;
  request.generation_id_or_member_epoch = committer.generation.value;
  request.member_id = committer.member_id;
  if (!committer.instance_id.empty()) request.group_instance_id = committer.instance_id;
  request.topics = arena.make_array<kafka::OffsetCommitRequest::Topic>(topics.size());
  size_t t = 0;
  for (const auto& [name, of_topic] : topics) {
    auto& topic = request.topics[t++];
    topic.name = arena.copy(name);
    topic.partitions = arena.make_array<kafka::OffsetCommitRequest::Partition>(of_topic.size());
    for (size_t p = 0; p < of_topic.size(); ++p) {
      const CommittedOffset& offset = offsets.at(of_topic[p]);
      topic.partitions[p] = {.partition_index = of_topic[p].partition,
                             .committed_offset = offset.offset,
                             .committed_metadata = arena.copy(offset.metadata)};
    }
  }
  const auto reply = co_await coordinator->call(&request, kByName);
  for (const auto& topic : reply->topics) {
    for (const auto& partition : topic.partitions) {
      if (partition.error_code == 0) continue;
      const Errc code = errc_from_kafka(partition.error_code);
      if (code == Errc::kNotCoordinator || code == Errc::kCoordinatorNotAvailable) {
        cluster->forget_coordinator(group);
      }
      co_await fail(code, fmt::format("commit of group {} for topic {} partition {}", group,
                                      topic.name, partition.partition_index.value));
    }
  }
}

}  // namespace millrace::client
