#include "group/retention.h"

#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace millrace::group {
namespace {

using PartitionOfTopic = std::pair<std::string, PartitionIndex>;

/// Since when an offset has been of no use, or nothing while it is in use. Source: KIP-211.
std::optional<Timestamp> idle_since(const Group& group, std::string_view topic,
                                    const CommittedOffset& offset) {
  if (group.is_subscribed(topic)) return std::nullopt;
  // Members were never there: each commit speaks for itself.
  if (!group.protocol_type()) return offset.committed_at;
  if (group.is(GroupState::kEmpty))
    return group.state_since() == kNoTimestamp ? offset.committed_at : group.state_since();
  // The members are busy with other topics.
  if (group.is(GroupState::kStable) && group.subscribed_topics()) return offset.committed_at;
  return std::nullopt;
}

bool has_expired(const Shard& shard, const Group& group, std::string_view topic,
                 const CommittedOffset& offset, Timestamp now) {
  const auto since = idle_since(group, topic, offset);
  if (!since) return false;
  if (offset.expires_at != kNoTimestamp) return now >= offset.expires_at;
  return now - std::max(*since, Timestamp{0}) >= shard.config.offsets_retention;
}

void expire_offsets(Shard& shard, Group& group, Timestamp now) {
  std::vector<PartitionOfTopic> expired;
  for (const auto& [topic, partitions] : group.offsets().topics()) {
    for (const auto& [partition, offset] : partitions) {
      if (has_expired(shard, group, topic, offset, now) &&
          !group.offsets().is_pending(topic, partition))
        expired.emplace_back(topic, partition);
    }
  }
  for (const auto& [topic, partition] : expired) shard.erase_offset(group, topic, partition);
}

bool is_done_with(const Group& group) {
  return group.is(GroupState::kEmpty) && group.pending_size() == 0 && group.offsets().empty();
}

}  // namespace

void sweep_retention(Shard& shard, Now now) {
  size_t looked_at = 0;
  auto at = shard.groups.upper_bound(shard.retention_cursor);
  if (shard.retention_cursor.empty()) at = shard.groups.begin();
  while (at != shard.groups.end() && looked_at < kSweepOffsets) {
    Group& group = (at++)->second;
    shard.retention_cursor = group.id();
    looked_at += 1 + group.offsets().size();
    // What another kind of group needs, only its coordinator knows.
    if (shard.foreign.find(group.id())) continue;
    expire_offsets(shard, group, now.wall);
    if (is_done_with(group)) shard.erase_group(group);
  }
  const bool is_over = at == shard.groups.end();
  if (is_over) shard.retention_cursor.clear();
  shard.retention.arm(now.mono +
                      (is_over ? shard.config.retention_check_interval : milliseconds(1)));
}

namespace {

void collect(const Offsets::Topics& topics, const DeletedTopic& deleted,
             std::set<PartitionOfTopic>& doomed) {
  const auto found = topics.find(deleted.name);
  if (found == topics.end()) return;
  for (const auto& [partition, offset] : found->second) {
    if (offset.topic_id.is_zero() || offset.topic_id == deleted.id)
      doomed.emplace(found->first, partition);
  }
}

}  // namespace

void drop_topics(Shard& shard, std::span<const DeletedTopic> topics) {
  for (auto at = shard.groups.begin(); at != shard.groups.end();) {
    Group& group = (at++)->second;
    std::set<PartitionOfTopic> doomed;
    for (const DeletedTopic& deleted : topics) {
      collect(group.offsets().topics(), deleted, doomed);
      for (const auto& [producer, pending] : group.offsets().pending())
        collect(pending, deleted, doomed);
    }
    for (const auto& [topic, partition] : doomed) shard.erase_offset(group, topic, partition);
    shard.erase_if_void(group);
  }
}

}  // namespace millrace::group
