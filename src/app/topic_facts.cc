#include "app/topic_facts.h"

#include <fmt/core.h>

#include "base/did_you_mean.h"
#include "client/offsets.h"

namespace millrace::app {

using runtime::Task;

Task<client::TopicInfo> require_topic(client::Cluster* cluster, std::string topic) {
  Result<> asked = co_await as_result(cluster->refresh_topic(topic));
  const client::TopicInfo* found = asked ? cluster->find_topic(topic) : nullptr;
  if (found) co_return *found;
  if (!asked && asked.error().code() != Errc::kUnknownTopicOrPartition) co_await std::move(asked);
  std::vector<std::string> names;
  if (co_await as_result(cluster->refresh_all())) {
    for (const auto& [name, info] : cluster->topics()) names.push_back(name);
  }
  co_return fail(Errc::kUnknownTopicOrPartition,
                 fmt::format("topic \"{}\"{}", topic, did_you_mean(topic, names)));
}

Task<std::map<PartitionIndex, PartitionEnds>> partition_ends(client::Cluster* cluster,
                                                             std::string topic) {
  const client::TopicInfo info = co_await require_topic(cluster, topic);
  std::map<PartitionIndex, PartitionEnds> ends;
  for (const auto& [partition, ignored] : info.partitions) {
    const auto start = co_await client::list_offset(cluster, {topic, partition}, client::kEarliest);
    const auto end = co_await client::list_offset(cluster, {topic, partition}, client::kLatest);
    ends[partition] = {start.offset, end.offset};
  }
  co_return ends;
}

std::string coordinate(const std::string& topic, PartitionIndex partition) {
  return fmt::format("{}/{}", topic, partition.value);
}

}  // namespace millrace::app
