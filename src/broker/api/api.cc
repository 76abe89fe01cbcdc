#include "broker/api/api.h"

#include <algorithm>
#include <array>

#include "broker/api/handlers.h"

namespace millrace::broker {
namespace {

using kafka::ApiKey;

constexpr auto kApis = std::to_array<Api>({
    {.key = ApiKey::kProduce, .handle = handle_produce, .overlaps = true, .appends = true},
    {.key = ApiKey::kFetch, .handle = handle_fetch, .parks = true},
    {.key = ApiKey::kListOffsets, .handle = handle_list_offsets},
    {.key = ApiKey::kMetadata, .handle = handle_metadata},
    {.key = ApiKey::kOffsetCommit, .handle = handle_offset_commit},
    {.key = ApiKey::kOffsetFetch, .handle = handle_offset_fetch},
    {.key = ApiKey::kFindCoordinator, .handle = handle_find_coordinator},
    {.key = ApiKey::kJoinGroup, .handle = handle_join_group, .parks = true},
    {.key = ApiKey::kHeartbeat, .handle = handle_heartbeat},
    {.key = ApiKey::kLeaveGroup, .handle = handle_leave_group},
    {.key = ApiKey::kSyncGroup, .handle = handle_sync_group, .parks = true},
    {.key = ApiKey::kDescribeGroups, .handle = handle_describe_groups},
    {.key = ApiKey::kListGroups, .handle = handle_list_groups},
    {.key = ApiKey::kApiVersions, .handle = handle_api_versions},
    {.key = ApiKey::kCreateTopics, .handle = handle_create_topics},
    {.key = ApiKey::kDeleteTopics, .handle = handle_delete_topics},
    {.key = ApiKey::kDeleteRecords, .handle = handle_delete_records},
    {.key = ApiKey::kInitProducerId, .handle = handle_init_producer_id},
    {.key = ApiKey::kOffsetForLeaderEpoch, .handle = handle_offset_for_leader_epoch},
    {.key = ApiKey::kDescribeConfigs, .handle = handle_describe_configs},
    {.key = ApiKey::kAlterConfigs, .handle = handle_alter_configs},
    {.key = ApiKey::kDescribeLogDirs, .handle = handle_describe_log_dirs},
    {.key = ApiKey::kCreatePartitions, .handle = handle_create_partitions},
    {.key = ApiKey::kDeleteGroups, .handle = handle_delete_groups},
    {.key = ApiKey::kIncrementalAlterConfigs, .handle = handle_incremental_alter_configs},
    {.key = ApiKey::kOffsetDelete, .handle = handle_offset_delete},
    {.key = ApiKey::kDescribeCluster, .handle = handle_describe_cluster},
    {.key = ApiKey::kListConfigResources, .handle = handle_list_config_resources},
    {.key = ApiKey::kDescribeTopicPartitions, .handle = handle_describe_topic_partitions},
});

static_assert(std::is_sorted(kApis.begin(), kApis.end(),
                             [](const Api& a, const Api& b) { return a.key < b.key; }));

}  // namespace

std::span<const Api> served_apis() {
  return kApis;
}

const Api* find_api(std::span<const Api> apis, int16_t key) {
  const auto found = std::lower_bound(apis.begin(), apis.end(), key, [](const Api& api, int16_t k) {
    return static_cast<int16_t>(api.key) < k;
  });
  return found != apis.end() && static_cast<int16_t>(found->key) == key ? &*found : nullptr;
}

}  // namespace millrace::broker
