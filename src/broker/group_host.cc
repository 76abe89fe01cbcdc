#include "broker/group_host.h"

#include "broker/topics.h"
#include "group/java_text.h"
#include "metadata/topic_name.h"

namespace millrace::broker {

void GroupHost::follow_topics() {
  if (stopped_) return;
  Topic* topic = topics_.find(metadata::kOffsetsTopic);
  std::erase_if(shards_, [&](const auto& entry) {
    const auto& [index, shard] = entry;
    if (shard->partition().is_open()) return false;
    shard->stop(Errc::kNotCoordinator);
    return true;
  });
  if (!topic) return;
  for (size_t i = 0; i < topic->partition_count(); ++i) {
    const PartitionIndex index(static_cast<int32_t>(i));
    if (shards_.contains(index)) continue;
    Result<std::shared_ptr<Partition>> partition = topic->partition(index);
    if (!partition) continue;
    auto shard = std::make_shared<GroupShard>(env_, compressor_, config_, *std::move(partition));
    shard->start();
    shards_.emplace(index, std::move(shard));
  }
}

void GroupHost::topics_deleted(std::span<const group::DeletedTopic> topics) {
  for (const auto& [index, shard] : shards_) {
    if (shard->state() != GroupShard::State::kActive) continue;
    shard->coordinator().topics_deleted(topics);
    shard->acted();
  }
}

runtime::Task<std::shared_ptr<GroupShard>> GroupHost::shard_for(std::string_view group_id) {
  Topic* topic = topics_.find(metadata::kOffsetsTopic);
  if (!topic) co_await fail(Errc::kNotCoordinator);
  const auto partitions = static_cast<int32_t>(topic->partition_count());
  const auto found = shards_.find(PartitionIndex(group::partition_for(group_id, partitions)));
  if (found == shards_.end()) co_await fail(Errc::kNotCoordinator);
  const std::shared_ptr<GroupShard> shard = found->second;
  co_await shard->ready();
  co_return shard;
}

std::vector<std::shared_ptr<GroupShard>> GroupHost::shards() const {
  std::vector<std::shared_ptr<GroupShard>> all;
  all.reserve(shards_.size());
  for (const auto& [index, shard] : shards_) all.push_back(shard);
  return all;
}

runtime::Task<> GroupHost::stop() {
  stopped_ = true;
  for (const auto& [index, shard] : shards_) shard->stop(Errc::kNotCoordinator);
  for (const std::shared_ptr<GroupShard>& shard : shards()) co_await shard->join();
  shards_.clear();
}

group::Config group_config(const Settings& settings) {
  group::Config config;
  config.session_timeout_min = milliseconds(settings.get<"group.min.session.timeout.ms">());
  config.session_timeout_max = milliseconds(settings.get<"group.max.session.timeout.ms">());
  config.initial_rebalance_delay = milliseconds(settings.get<"group.initial.rebalance.delay.ms">());
  config.group_size_max = static_cast<int32_t>(settings.get<"group.max.size">());
  config.offsets_retention = seconds(settings.get<"offsets.retention.minutes">() * 60);
  config.retention_check_interval =
      milliseconds(settings.get<"offsets.retention.check.interval.ms">());
  config.offset_metadata_max = static_cast<int32_t>(settings.get<"offset.metadata.max.bytes">());
  return config;
}

}  // namespace millrace::broker
