// GroupHost: which shard coordinates a group. One shard per partition of `__consumer_offsets` that
// this broker leads; the topic appears when the first client looks for a coordinator.
#pragma once

#include <map>
#include <memory>
#include <string_view>
#include <vector>

#include "base/setting_values.h"
#include "broker/group_shard.h"
#include "runtime/env.h"

namespace millrace::broker {

class Topics;

class GroupHost {
 public:
  /// Borrows `env` and `topics`.
  GroupHost(runtime::Env& env, Topics& topics, const group::Config& config)
      : env_(env), topics_(topics), config_(config) {}
  GroupHost(const GroupHost&) = delete;
  GroupHost& operator=(const GroupHost&) = delete;

  /// Takes up partitions that have come and lets go of those that have gone.
  void follow_topics();
  /// Offsets of topics that were deleted go with them.
  void topics_deleted(std::span<const group::DeletedTopic> topics);

  /// The shard of a group, loaded.
  /// Errors: kNotCoordinator when this broker has it not, kCoordinatorLoadInProgress.
  runtime::Task<std::shared_ptr<GroupShard>> shard_for(std::string_view group_id);
  /// All of them, by partition, whatever their state.
  std::vector<std::shared_ptr<GroupShard>> shards() const;

  /// Answers everything that waits and ends all shards.
  runtime::Task<> stop();

 private:
  runtime::Env& env_;
  Topics& topics_;
  group::Config config_;
  kafka::Compressor compressor_;
  std::map<PartitionIndex, std::shared_ptr<GroupShard>> shards_;
  bool stopped_ = false;
};

/// The coordinator's limits, from the settings that have Kafka's names for them.
group::Config group_config(const Settings& settings);

}  // namespace millrace::broker
