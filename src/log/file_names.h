// The names of files and directories in a data directory, exactly Kafka's. Not what is in them.
//
//   topic-3/00000000000000000042.log            base offset, 20 digits, and kind
//   topic-3/00000000000000000042.index.cleaned  a suffix while compaction or deletion is under way
//   topic-3.<32 hex digits>-delete/             a partition on its way out
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/ids.h"
#include "base/result.h"
#include "base/uuid.h"

namespace millrace::log {

/// One partition of one topic.
struct TopicPartition {
  std::string topic;
  PartitionIndex partition;

  friend auto operator<=>(const TopicPartition&, const TopicPartition&) = default;
  /// "topic-3": the name of its directory.
  std::string to_string() const;
};

enum class FileKind : uint8_t {
  kLog,               ///< .log
  kOffsetIndex,       ///< .index
  kTimeIndex,         ///< .timeindex
  kTransactionIndex,  ///< .txnindex
  kProducerSnapshot,  ///< .snapshot
};
inline constexpr FileKind kSegmentFileKinds[] = {FileKind::kLog, FileKind::kOffsetIndex,
                                                 FileKind::kTimeIndex, FileKind::kTransactionIndex};

enum class FileSuffix : uint8_t {
  kNone,
  kDeleted,  ///< .deleted: to be removed
  kCleaned,  ///< .cleaned: compaction's output, incomplete
  kSwap,     ///< .swap: compaction's output, complete, about to replace its sources
};

/// A file that belongs to a segment or holds the producer state before an offset.
struct SegmentFileName {
  Offset base_offset;
  FileKind kind = FileKind::kLog;
  FileSuffix suffix = FileSuffix::kNone;

  friend bool operator==(const SegmentFileName&, const SegmentFileName&) = default;
  std::string to_string() const;
  /// Nothing when `name` is no such name.
  static std::optional<SegmentFileName> parse(std::string_view name);
};

inline constexpr std::string_view kLeaderEpochCheckpointName = "leader-epoch-checkpoint";
inline constexpr std::string_view kPartitionMetadataName = "partition.metadata";

inline constexpr std::string_view kMetaPropertiesName = "meta.properties";
inline constexpr std::string_view kCleanShutdownName = ".kafka_cleanshutdown";
inline constexpr std::string_view kLockName = ".lock";
inline constexpr std::string_view kRecoveryPointName = "recovery-point-offset-checkpoint";
inline constexpr std::string_view kLogStartOffsetName = "log-start-offset-checkpoint";
inline constexpr std::string_view kHighWatermarkName = "replication-offset-checkpoint";
inline constexpr std::string_view kCleanerOffsetName = "cleaner-offset-checkpoint";

/// What a directory under the data directory is.
enum class DirectoryKind : uint8_t {
  kPartition,  ///< topic-3
  kDelete,     ///< topic-3.<hex>-delete
  kFuture,     ///< topic-3.<hex>-future: a copy made by AlterReplicaLogDirs
  kStray,      ///< topic-3.<hex>-stray: a replica that the cluster does not know
};

struct PartitionDirectoryName {
  TopicPartition partition;
  DirectoryKind kind = DirectoryKind::kPartition;
  std::string unique;  ///< the hex digits; empty for kPartition

  /// At most 255 bytes: the topic's name is cut where it must be, as Kafka does.
  std::string to_string() const;
  /// Nothing when `name` is none of the forms.
  static std::optional<PartitionDirectoryName> parse(std::string_view name);
};

/// 32 hex digits, for PartitionDirectoryName::unique.
/// What parse() makes of the name that a partition's directory has when it is renamed away: that of
/// a long topic is cut then.
TopicPartition name_when_away(const TopicPartition& name, DirectoryKind kind);

std::string hex_of(const Uuid& id);

}  // namespace millrace::log
