// Where partitions begin and end, what offset a time has, and what a group has committed.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "client/assignor.h"
#include "client/cluster.h"

namespace millrace::client {

/// Timestamps that ListOffsets takes for a place instead of a time.
inline constexpr Timestamp kLatest{-1};
inline constexpr Timestamp kEarliest{-2};
inline constexpr Timestamp kMaxTimestamp{-3};

struct OffsetAndTime {
  Offset offset = kNoOffset;  ///< kNoOffset: no record at or after the time
  Timestamp timestamp;
};

/// The first offset whose record is at or after `at`, or the special place. Retries at a new
/// leader. Errors: as the partition's; the cluster's.
runtime::Task<OffsetAndTime> list_offset(Cluster* cluster, TopicPartition partition, Timestamp at);

struct CommittedOffset {
  Offset offset = kNoOffset;
  std::string metadata;
};

/// What the group has committed; of all partitions when `only` is nullopt. Partitions without a
/// commit are left out.
runtime::Task<std::map<TopicPartition, CommittedOffset>> fetch_committed(
    Cluster* cluster, std::string group, std::optional<std::vector<TopicPartition>> only);

/// Who commits: empty for a commit from outside the group, which is only taken while it has no
/// members.
struct Committer {
  GenerationId generation;
  std::string member_id;
  std::string instance_id;
};

/// Commits all or, partition by partition, what can be. Errors: the first partition's error.
runtime::Task<> commit(Cluster* cluster, std::string group, Committer committer,
                       std::map<TopicPartition, CommittedOffset> offsets);

}  // namespace millrace::client
