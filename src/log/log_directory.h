// LogDirectory: a data directory: whose it is, which partitions are in it, and all that happens to
// them by itself: recovery, checkpoints, retention, compaction, removal. Not which partitions ought
// to be there; the broker knows that.
//
//   open()    locks, checks meta.properties (or writes it), reads the checkpoints
//   load()    loads what has to be there before anything is served: after a crash the partitions
//             of which the journal has something, after an orderly stop those of which the
//             checkpoints do not tell enough. The others wait: load_now(), load_waiting()
//   close()   makes everything stable, writes checkpoints and the clean-shutdown marker
//
// After close() it is a plain Kafka directory.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "log/checkpoint_file.h"
#include "log/checkpoint_plan.h"
#include "log/cleaner.h"
#include "log/committer.h"
#include "log/due_times.h"
#include "log/file_names.h"
#include "log/journal.h"
#include "log/journal_recovery.h"
#include "log/log_config.h"
#include "log/log_loader.h"
#include "log/log_services.h"
#include "log/meta_properties.h"
#include "log/partition_log.h"
#include "log/removals.h"
#include "log/removed_names.h"
#include "log/segment.h"
#include "log/write_trouble.h"
#include "runtime/env.h"
#include "runtime/scope.h"

namespace millrace::log {

struct LogDirectoryOptions {
  std::string path;
  BrokerId node_id;
  /// When set, a directory of another cluster is refused.
  std::optional<std::string> cluster_id;
  /// What a directory that is empty is formatted with; without it, an empty one is refused.
  std::optional<MetaProperties> format;

  Durability durability = Durability::kLocalSync;
  /// Units: segments with an open file. Less, when the process may not have so many.
  size_t open_segments_max = 10'000;
  int64_t index_bytes_max = int64_t{256} << 20;    ///< see SegmentCache
  Duration recovery_point_interval = seconds(60);  ///< log.flush.offset.checkpoint.interval.ms
  Duration log_start_interval = seconds(60);      ///< log.flush.start.offset.checkpoint.interval.ms
  Duration high_watermark_interval = seconds(5);  ///< replica.high.watermark.checkpoint.interval.ms
  Duration retention_check_interval = seconds(300);  ///< log.retention.check.interval.ms
  Duration producer_id_expiration = seconds(24 * 3600);
  double delete_bytes_per_second_max = 320 << 20;  ///< see Removals
  CleanerOptions cleaner;
  JournalOptions journal;
  /// Always true, but where a test plants a bug to prove that the simulator finds it: then recovery
  /// believes any bytes that have the shape of a batch.
  bool recovery_checks_crc = true;
};

struct LoadProgress {
  size_t partitions_done = 0;
  size_t partitions_total = 0;
  int64_t bytes_scanned = 0;
  const TopicPartition* current = nullptr;
};

class LogDirectory {
 public:
  /// What the cluster knows of a partition that is found. The id is zero when it knows no such
  /// topic.
  struct Facts {
    std::shared_ptr<const LogConfig> config;
    TopicId topic_id;
  };
  using FactsOf = std::function<Facts(const TopicPartition&)>;

  /// Errors: kLocked (another process), kForeignDirectory (another node or cluster, or files but no
  /// meta.properties), kNewerFormat, kCorruptFile, kIo; each names file and cause.
  static Result<std::unique_ptr<LogDirectory>> open(runtime::Env& env, LogDirectoryOptions options);
  ~LogDirectory();

  const MetaProperties& meta() const { return meta_; }
  const std::string& path() const { return services_.directory; }
  /// Whether partitions lie there that are not loaded yet, besides the metadata's.
  bool has_partitions() const;
  /// Whether the last server here was stopped in order, and its broker epoch if it left one.
  bool was_clean() const { return was_clean_; }
  std::optional<int64_t> previous_broker_epoch() const { return previous_broker_epoch_; }

  /// Loads what cannot wait, but for what load_one() has loaded. One that cannot be loaded is left
  /// out and reported: the others serve.
  /// Shape: the config may be a preliminary one, to be corrected by update_config(). The id counts
  /// where the partition's own file of it is lost.
  runtime::Task<> load(FactsOf facts_of, std::function<void(const LoadProgress&)> progress = {});

  /// Loads one partition, or creates it: for __cluster_metadata, which says what the others are.
  runtime::Task<std::shared_ptr<PartitionLog>> load_one(TopicPartition name, TopicId id,
                                                        std::shared_ptr<const LogConfig> config);

  /// Waits until what was loaded is on stable storage, so that high watermarks are no lower than
  /// anybody has seen them. A log that cannot be made stable counts as one that could not be
  /// loaded.
  runtime::Task<> stable();

  /// Whether the partition is there and was not loaded yet.
  bool is_waiting(const TopicPartition& name) const;
  std::vector<TopicPartition> waiting() const;
  /// Loads one that waits, where that takes opening files and no recovery. Otherwise, or when there
  /// is no descriptor for it, it is among the next that load_waiting() takes, and the answer is no:
  /// until that says so, there is no need to ask again.
  /// Errors: kIo, kCorruptFile, kNewerFormat; it is not tried again then.
  Result<bool> load_now(const TopicPartition& name, Facts facts);
  /// Loads all that wait, one after the other, while others are served. Calls `on_loaded` for those
  /// it has loaded, or could not load, or that were removed meanwhile.
  runtime::Task<> load_waiting(FactsOf facts_of,
                               std::function<void(const TopicPartition&)> on_loaded,
                               std::function<void(const LoadProgress&)> progress = {});

  /// Starts checkpoints, retention, compaction and removal, until close().
  void start_maintenance();

  std::shared_ptr<PartitionLog> find(const TopicPartition& name) const;
  const std::map<TopicPartition, std::shared_ptr<PartitionLog>>& partitions() const {
    return logs_;
  }
  /// Partitions that are there but could not be loaded, with the reason.
  const std::map<TopicPartition, Error>& unloadable() const { return unloadable_; }

  /// Creates an empty partition, or returns the one that is there and does not wait. It gets a
  /// directory when it is written first.
  /// Errors: kInconsistentTopicId when it belongs to another topic id; kKafkaStorageError when it
  /// could not be loaded; kDiskFull, kIo.
  Result<std::shared_ptr<PartitionLog>> create(const TopicPartition& name, TopicId id,
                                               std::shared_ptr<const LogConfig> config);

  /// Closes a partition and renames its directory away; the files go after file.delete.delay.ms, of
  /// one that was never loaded after the default. One that is just being loaded goes when it is.
  /// Errors: kUnknownTopicOrPartition, kIo.
  Result<> remove(const TopicPartition& name);
  /// The same, but the files stay: the cluster does not know the replica, a person may.
  Result<> set_aside(const TopicPartition& name);

  /// Writes the checkpoints that are behind. For those who must know that it happened.
  runtime::Task<> write_checkpoints();

  /// Ends maintenance, makes everything stable, writes checkpoints, indexes, producer snapshots
  /// and, unless a log has failed, the clean-shutdown marker. Nothing can be used afterwards.
  runtime::Task<> close(int64_t broker_epoch);
  /// Whether close() could make all that was in use stable. If not, the next start recovers.
  bool was_closed_clean() const { return closed_clean_; }

  Result<runtime::DiskSpace> space() const { return services_.env.disk.space(path()); }
  size_t open_segments() const { return cache_.open_count(); }
  /// Whether another append is welcome; `room()` is woken when that may have become true.
  bool has_room() const { return journal_.has_room() && committer_.has_room(); }
  runtime::WaitQueue& room() { return room_; }
  const Committer& committer() const { return committer_; }
  Journal& journal() { return journal_; }
  const Cleaner& cleaner() const { return cleaner_; }

 private:
  LogDirectory(runtime::Env& env, LogDirectoryOptions options);

  Result<> take_possession();
  Result<> format_if_empty();
  Result<> read_checkpoints();
  Result<std::optional<OffsetCheckpoint>> read_checkpoint(std::string_view name);
  Result<> open_journal();
  Result<> find_partitions();
  LogCheckpoints checkpoints_of(const TopicPartition& name) const;
  bool can_wait(const TopicPartition& name, const Facts& facts) const;
  struct Loading;
  Result<Loading> begin_load(const TopicPartition& name, Facts facts);
  void end_load(Loading loaded);
  Result<bool> open_as_left(const TopicPartition& name, Facts facts);
  runtime::Task<> load_partition(TopicPartition name, Facts facts, int64_t* bytes_scanned);
  runtime::Task<> load_behind(TopicPartition name, Facts facts, int64_t* bytes_scanned);
  runtime::Task<> make_stable(std::shared_ptr<PartitionLog> log);
  void give_up(const TopicPartition& name, const Error& why);
  size_t waiting_count() const;
  runtime::Task<> replay_journal();
  void end_recovery();
  runtime::Task<> restore_recovery_points();
  Result<> forget_clean_stop();
  Result<TopicId> read_topic_id(const TopicPartition& name);
  Result<> settle_removals(const TopicPartition& name);
  Result<> go_on_behind_loss(PartitionLog& log);
  Result<> rename_away(const TopicPartition& name, DirectoryKind kind);

  runtime::Task<> maintain();
  runtime::Task<bool> forget_lines();
  runtime::Task<> write_due_checkpoints(bool all);
  runtime::Task<> save_epochs();
  runtime::Task<> write_checkpoint(Checkpoint which);
  runtime::Task<> replace_checkpoint(Checkpoint which, const OffsetCheckpoint* offsets);
  OffsetCheckpoint collect(Checkpoint which) const;
  const OffsetCheckpoint& as_found(Checkpoint which) const;
  MonoTime next_wake() const;
  Result<> mark_clean(int64_t broker_epoch);

  LogDirectoryOptions options_;
  MetaProperties meta_;
  std::unique_ptr<runtime::DirectoryLock> lock_;
  bool was_clean_ = false;
  bool marker_removed_ = false;
  bool is_loaded_ = false;  // all but those that can wait
  bool closed_clean_ = false;
  bool recovery_points_lost_ = false;
  std::optional<int64_t> previous_broker_epoch_;
  OffsetCheckpoint recovery_points_;  // as they are on disk
  OffsetCheckpoint log_starts_;       // these three as found at the start
  bool log_starts_lost_ = false;
  OffsetCheckpoint high_watermarks_;
  OffsetCheckpoint cleaner_offsets_;
  std::set<TopicPartition> unopened_;      // those that wait, and those that could not be loaded
  std::set<TopicPartition> asked_;         // of those that wait, who is to be next
  std::optional<TopicPartition> loading_;  // by load_waiting()
  std::optional<DirectoryKind> away_when_loaded_;
  // Perhaps not stably, until the directory is synced. With which removal it was.
  std::map<TopicPartition, uint64_t> removed_;
  uint64_t removals_count_ = 0;
  RemovedNames removed_names_;  // until recovery ends
  bool lines_stale_ = false;    // checkpoints may have lines of partitions removed since
  bool writing_checkpoint_ = false;
  runtime::WaitQueue checkpoint_written_;

  // In this order: tasks that commit may hold the last reference to a log.
  runtime::WaitQueue wake_;
  runtime::WaitQueue room_;
  SegmentCache cache_;
  Removals removals_;
  DueTimes due_times_;
  CheckpointPlan checkpoints_;
  WriteTrouble write_trouble_;
  Scratch scratch_;
  LogServices services_;
  Committer committer_;
  Journal journal_;
  std::optional<JournalRecovery> recovery_;  // until everything is loaded
  Cleaner cleaner_;
  std::map<TopicPartition, std::shared_ptr<PartitionLog>> logs_;
  std::map<TopicPartition, Error> unloadable_;
  runtime::Scope maintenance_;
};

}  // namespace millrace::log
