// What becomes of offsets nobody needs any more: by age, and with their topic.
#pragma once

#include <span>

#include "group/actions.h"
#include "group/shard.h"

namespace millrace::group {

/// The next part of a sweep over all groups: tombstones for offsets older than offsets.retention,
/// then for groups that have neither members nor offsets left. Arms the next part, or the next
/// sweep. Bounds: about kSweepOffsets offsets looked at, and one group's at least.
void sweep_retention(Shard& shard, Now now);
inline constexpr size_t kSweepOffsets = 10'000;

/// Tombstones for the offsets of topics that are gone. Offsets committed under another topic id
/// stay: their topic has the same name and lives.
void drop_topics(Shard& shard, std::span<const DeletedTopic> topics);

}  // namespace millrace::group
