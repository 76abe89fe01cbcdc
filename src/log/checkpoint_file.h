// Kafka's checkpoint files as text. Two kinds of entries share one frame:
//
//   0                       version
//   2                       number of entries
//   orders 0 1500           topic, partition, offset     (the four in the data directory)
//   orders 1 1498
//   7 1200                  epoch, start offset          (leader-epoch-checkpoint)
//
// Not when they are written: log_directory.h and partition_log.h say that.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "log/file_names.h"

namespace millrace::log {

using OffsetCheckpoint = std::map<TopicPartition, Offset>;

/// 0 where the checkpoint says nothing of the partition.
Offset offset_of(const OffsetCheckpoint& checkpoint, const TopicPartition& name);

/// The offset of a leader epoch's first record.
struct EpochEntry {
  LeaderEpoch epoch;
  Offset start_offset;
  friend bool operator==(const EpochEntry&, const EpochEntry&) = default;
};

std::string format_offset_checkpoint(const OffsetCheckpoint& offsets);
/// Errors: kCorruptFile with the line, kNewerFormat. An empty file holds no entries.
Result<OffsetCheckpoint> parse_offset_checkpoint(std::string_view text);

std::string format_epoch_checkpoint(const std::vector<EpochEntry>& epochs);
/// Errors: as above, and kCorruptFile when epochs or offsets do not ascend.
Result<std::vector<EpochEntry>> parse_epoch_checkpoint(std::string_view text);

/// A checkpoint is larger than any that a server with a hundred thousand partitions writes.
inline constexpr size_t kCheckpointBytesMax = 64 << 20;

}  // namespace millrace::log
