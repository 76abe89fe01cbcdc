#include "log/log_directory.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/check.h"
#include "base/logging.h"
#include "log/partition_metadata.h"

namespace millrace::log {

using runtime::join_path;
using runtime::Task;

namespace {

constexpr size_t kSmallFileBytesMax = 1 << 20;
constexpr Duration kWakeAtLeast = seconds(300);  // the wall clock may have been set meanwhile

std::string_view file_of(Checkpoint which) {
  switch (which) {
    case Checkpoint::kRecoveryPoint:
      return kRecoveryPointName;
    case Checkpoint::kLogStart:
      return kLogStartOffsetName;
    case Checkpoint::kHighWatermark:
      return kHighWatermarkName;
    case Checkpoint::kCleaner:
      break;
  }
  return kCleanerOffsetName;
}

CheckpointPlan::Intervals intervals_of(const LogDirectoryOptions& options) {
  return {options.recovery_point_interval, options.log_start_interval,
          options.high_watermark_interval, options.recovery_point_interval};
}

// The other half is for what is being synced, read, compacted or written anew.
SegmentCache::Bounds bounds_of(const runtime::Disk& disk, const LogDirectoryOptions& options) {
  return {.open_max = std::min(options.open_segments_max, size_t(disk.files_max() / 2)),
          .open_most = std::max<size_t>(1, size_t(disk.files_max() * 3 / 4)),
          .index_bytes_max = options.index_bytes_max};
}

}  // namespace

LogDirectory::LogDirectory(runtime::Env& env, LogDirectoryOptions options)
    : options_(std::move(options)),
      cache_(env.disk, bounds_of(env.disk, options_),
             options_.durability == Durability::kLocalSync),
      removals_(env, options_.delete_bytes_per_second_max),
      due_times_(wake_),
      checkpoints_(env.loop, intervals_of(options_), wake_,
                   options_.durability == Durability::kLocalSync && options_.journal.files_max > 0),
      write_trouble_(options_.path),
      services_{
          .env = env,
          .directory = options_.path,
          .durability = options_.durability,
          .producer_id_expiration = options_.producer_id_expiration,
          .retention_check_interval = options_.retention_check_interval,
          .recovery_checks_crc = options_.recovery_checks_crc,
          .write_recovery_points = [this] { return write_checkpoint(Checkpoint::kRecoveryPoint); },
          .cache = cache_,
          .committer = committer_,
          .journal = journal_,
          .cleaner = cleaner_,
          .removals = removals_,
          .due_times = due_times_,
          .checkpoints = checkpoints_,
          .write_trouble = write_trouble_,
          .scratch = scratch_},
      committer_(env, room_),
      journal_(env, options_.path, options_.journal, room_),
      cleaner_(services_, options_.cleaner),
      maintenance_(env.loop) {}

LogDirectory::~LogDirectory() = default;

// Opening.

Result<std::unique_ptr<LogDirectory>> LogDirectory::open(runtime::Env& env,
                                                         LogDirectoryOptions options) {
  TRY(runtime::make_directories(env.disk, options.path));
  std::unique_ptr<LogDirectory> directory(new LogDirectory(env, std::move(options)));
  TRY(directory->take_possession());
  TRY(directory->read_checkpoints());
  TRY(directory->open_journal());
  TRY(directory->find_partitions());
  return directory;
}

Result<> LogDirectory::take_possession() {
  runtime::Disk& disk = services_.env.disk;
  const std::string lock_path = join_path(path(), kLockName);
  TRY(disk.open(lock_path, {.create = true}));
  lock_ = TRY(disk.lock(lock_path));

  const std::string meta_path = join_path(path(), kMetaPropertiesName);
  Result<std::string> text = runtime::read_file(disk, meta_path, kSmallFileBytesMax);
  if (!text && text.error().code() == Errc::kNotFound) {
    TRY(format_if_empty());
    text = runtime::read_file(disk, meta_path, kSmallFileBytesMax);
  }
  if (!text) return std::unexpected(text.error());
  const Result<MetaProperties> meta = parse_meta_properties(*text);
  if (!meta) return std::unexpected(meta.error().within(meta_path));
  meta_ = *meta;
  if (meta_.node_id != options_.node_id) {
    return fail(Errc::kForeignDirectory,
                fmt::format("{} says node.id={}, this is node {}", meta_path, meta_.node_id.value,
                            options_.node_id.value));
  }
  if (options_.cluster_id && meta_.cluster_id != *options_.cluster_id) {
    return fail(Errc::kForeignDirectory,
                fmt::format("{} says cluster.id={}, this is cluster {}", meta_path,
                            meta_.cluster_id, *options_.cluster_id));
  }
  return {};
}

Result<> LogDirectory::format_if_empty() {
  runtime::Disk& disk = services_.env.disk;
  for (const runtime::DirectoryEntry& found : TRY(disk.list(path()))) {
    if (!found.is_directory || !PartitionDirectoryName::parse(found.name)) continue;
    return fail(Errc::kForeignDirectory,
                fmt::format("{} has no {}, but there are partitions in it ({}); restore the file, "
                            "or use another directory",
                            path(), kMetaPropertiesName, found.name));
  }
  if (!options_.format) {
    return fail(Errc::kForeignDirectory,
                fmt::format("{} has no {}: it was never formatted", path(), kMetaPropertiesName));
  }
  return runtime::write_file_atomically(disk, join_path(path(), kMetaPropertiesName),
                                        format_meta_properties(*options_.format));
}

Result<> LogDirectory::read_checkpoints() {
  const Result<std::string> marker = runtime::read_file(
      services_.env.disk, join_path(path(), kCleanShutdownName), kSmallFileBytesMax);
  if (!marker && marker.error().code() != Errc::kNotFound) return std::unexpected(marker.error());
  was_clean_ = marker.has_value();
  if (was_clean_) previous_broker_epoch_ = parse_clean_shutdown(*marker);
  const OffsetCheckpoint none;
  recovery_points_ = TRY(read_checkpoint(kRecoveryPointName)).value_or(none);
  const std::optional<OffsetCheckpoint> log_starts = TRY(read_checkpoint(kLogStartOffsetName));
  log_starts_ = log_starts.value_or(none);
  log_starts_lost_ = was_clean_ && !log_starts;
  high_watermarks_ = TRY(read_checkpoint(kHighWatermarkName)).value_or(none);
  cleaner_offsets_ = TRY(read_checkpoint(kCleanerOffsetName)).value_or(none);
  return {};
}

// After an orderly stop the segments have everything.
Result<> LogDirectory::open_journal() {
  recovery_.emplace(services_.env, path(), meta_.directory_id);
  if (was_clean_) {
    TRY(recovery_->discard());
  } else {
    TRY(recovery_->open());
    TRY(recovery_->make_stable());
  }
  for (const JournalRecovery::Gap& gap : recovery_->gaps()) {
    LOG_WARNING("log",
                "{}: frames {} to {} of the journal are damaged or missing; records that only they "
                "held are lost. Where later ones follow, their partitions say so below",
                path(), gap.first, gap.last);
  }
  journal_.start(meta_.directory_id, {.files = recovery_->files(),
                                      .oldest_sequence = recovery_->oldest_sequence(),
                                      .next_sequence = recovery_->next_sequence()});
  return {};
}

// What they tell is known from the logs too, but for partitions that are gone; a damaged one is
// done without.
Result<std::optional<OffsetCheckpoint>> LogDirectory::read_checkpoint(std::string_view name) {
  const std::string file = join_path(path(), name);
  const Result<std::string> text =
      runtime::read_file(services_.env.disk, file, kCheckpointBytesMax);
  if (!text && text.error().code() == Errc::kNotFound) return std::nullopt;
  if (!text) return std::unexpected(text.error());
  Result<OffsetCheckpoint> offsets = parse_offset_checkpoint(*text);
  if (offsets || offsets.error().code() == Errc::kNewerFormat) return offsets;
  LOG_WARNING("log", "{}: {}; what it said is taken from the logs", file, offsets.error().detail());
  return std::nullopt;
}

Result<> LogDirectory::find_partitions() {
  const MonoTime now = services_.env.loop.now();
  for (const runtime::DirectoryEntry& found : TRY(services_.env.disk.list(path()))) {
    if (!found.is_directory) continue;
    const std::optional<PartitionDirectoryName> name = PartitionDirectoryName::parse(found.name);
    if (!name) {
      LOG_WARNING("log",
                  "{} is no partition's directory and is ignored; Kafka would not start with it",
                  join_path(path(), found.name));
      continue;
    }
    if (name->kind == DirectoryKind::kPartition) {
      unopened_.insert(name->partition);
      continue;
    }
    if (!was_clean_) removed_names_.add(*name);
    lines_stale_ = true;
    if (name->kind == DirectoryKind::kDelete) {
      removals_.add(join_path(path(), found.name), now);
    } else {
      LOG_WARNING("log", "{} was set aside and is ignored; remove it when nobody needs it",
                  join_path(path(), found.name));
    }
  }
  return {};
}

// From here on the directory changes; a crash must not find it clean.
Result<> LogDirectory::forget_clean_stop() {
  if (!was_clean_ || marker_removed_) return {};
  const Result<> removed = services_.env.disk.remove(join_path(path(), kCleanShutdownName));
  if (!removed && removed.error().code() != Errc::kNotFound) return removed;
  TRY(services_.env.disk.sync_directory(path()));
  marker_removed_ = true;
  return {};
}

// Partitions come and go.

std::shared_ptr<PartitionLog> LogDirectory::find(const TopicPartition& name) const {
  const auto found = logs_.find(name);
  return found == logs_.end() ? nullptr : found->second;
}

Result<std::shared_ptr<PartitionLog>> LogDirectory::create(
    const TopicPartition& name, TopicId id, std::shared_ptr<const LogConfig> config) {
  if (const auto bad = unloadable_.find(name); bad != unloadable_.end()) {
    return fail(Errc::kKafkaStorageError, bad->second.message());
  }
  CHECK(!is_waiting(name));
  std::shared_ptr<PartitionLog> log = find(name);
  if (log && log->topic_id() == id) return log;
  if (log && !log->topic_id().is_zero()) {
    return fail(Errc::kInconsistentTopicId,
                fmt::format("{} on disk is of topic id {}, not {}", name.to_string(),
                            log->topic_id().value.to_string(), id.value.to_string()));
  }
  TRY(forget_clean_stop());
  if (!log) {
    TRY(settle_removals(name));
    log = std::make_shared<PartitionLog>(services_, name, id, std::move(config));
    TRY(go_on_behind_loss(*log));
  } else {
    TRY(log->record_topic_id(id));
  }
  // One of the same name that was removed has left a recovery point behind.
  log->recovery_point_too_high_ = offset_of(recovery_points_, name) > log->log_end_offset();
  logs_.insert_or_assign(name, log);
  if (recovery_) TRY(recovery_->replay_now(log));
  log->end_recovery();
  return log;
}

// The journal may have records of the new partition before anything else of it is stable. A crash
// must not bring back the old one in its place then.
Result<> LogDirectory::settle_removals(const TopicPartition& name) {
  if (!removed_.contains(name)) return {};
  TRY(services_.env.disk.sync_directory(path()));
  removed_.clear();
  return {};
}

Result<> LogDirectory::remove(const TopicPartition& name) {
  return rename_away(name, DirectoryKind::kDelete);
}

Result<> LogDirectory::set_aside(const TopicPartition& name) {
  return rename_away(name, DirectoryKind::kStray);
}

Result<> LogDirectory::rename_away(const TopicPartition& name, DirectoryKind kind) {
  if (loading_ == name) {
    away_when_loaded_ = kind;
    return {};
  }
  const std::shared_ptr<PartitionLog> log = find(name);
  if (!log && !is_waiting(name)) return fail(Errc::kUnknownTopicOrPartition, name.to_string());
  runtime::Env& env = services_.env;
  const std::string from = join_path(path(), name.to_string());
  const PartitionDirectoryName away{name, kind, hex_of(env.random.uuid())};
  const std::string to = join_path(path(), away.to_string());
  const MonoTime when = env.loop.now() + (log ? log->config() : LogConfig()).file_delete_delay_ms;
  if (log) log->close();
  if (!log || log->on_disk_) {
    removals_.forget_within(from);
    TRY(env.disk.rename(from, to));
    if (kind == DirectoryKind::kDelete) removals_.add(to, when);
    removed_.insert_or_assign(name, ++removals_count_);
    if (recovery_) removed_names_.add(name, kind);
    lines_stale_ = true;
  }
  logs_.erase(name);
  unopened_.erase(name);
  for (size_t i = 0; i < kCheckpointCount; ++i) checkpoints_.want(static_cast<Checkpoint>(i));
  return {};
}

// Maintenance.

void LogDirectory::start_maintenance() {
  end_recovery();
  committer_.set_patient(true);
  maintenance_.spawn("log maintenance", maintain());
  maintenance_.spawn("log cleaner", cleaner_.run());
  maintenance_.spawn("log removals", removals_.run([this] { return forget_lines(); }));
}

Task<> LogDirectory::maintain() {
  while (true) {
    const Timestamp now = services_.env.clock.wall();
    while (PartitionLog* log = due_times_.take(now)) {
      if (const Result<> attended = log->attend(now); !attended) {
        LOG_WARNING("log", "{}", attended.error().message());
      }
      co_await runtime::yield();
    }
    co_await write_due_checkpoints(false);
    if (const MonoTime wake = next_wake(); wake > services_.env.loop.now()) {
      co_await wake_.wait_until(wake);
    } else {
      co_await runtime::yield();
    }
  }
}

MonoTime LogDirectory::next_wake() const {
  MonoTime wake = checkpoints_.next();
  if (const std::optional<Timestamp> due = due_times_.next()) {
    const Duration ahead = *due - services_.env.clock.wall();
    wake = std::min(wake, services_.env.loop.now() + std::min(ahead, kWakeAtLeast));
  }
  return wake;
}

// Before the directories of removed partitions go: see RemovedNames. Returns whether all
// checkpoints could be written; if not, those that are due say why.
Task<bool> LogDirectory::forget_lines() {
  if (!std::exchange(lines_stale_, false)) co_return true;
  co_await save_epochs();
  bool all = true;
  for (size_t i = 0; i < kCheckpointCount; ++i) {
    const auto which = static_cast<Checkpoint>(i);
    all = (co_await runtime::as_result(write_checkpoint(which))).has_value() && all;
  }
  if (!all) lines_stale_ = true;
  co_return all;
}

Task<> LogDirectory::write_checkpoints() {
  co_await write_due_checkpoints(true);
}

Task<> LogDirectory::write_due_checkpoints(bool all) {
  for (size_t i = 0; i < kCheckpointCount; ++i) {
    const auto which = static_cast<Checkpoint>(i);
    if (!checkpoints_.wanted(which) || !(all || checkpoints_.is_due(which))) continue;
    checkpoints_.done(which);
    if (which == Checkpoint::kRecoveryPoint) {
      journal_.flush_behind();  // for the next one
      co_await save_epochs();
    }
    const Result<> written = co_await runtime::as_result(write_checkpoint(which));
    if (written) continue;
    LOG_WARNING("log", "{}", written.error().message());
    checkpoints_.want(which);
  }
}

// The file speaks for all partitions that are there. Those without a log keep what was found: a
// repaired disk must not bring back what was removed, nor forget what was stable.
OffsetCheckpoint LogDirectory::collect(Checkpoint which) const {
  OffsetCheckpoint offsets;
  const OffsetCheckpoint& found = as_found(which);
  for (const TopicPartition& name : unopened_) {
    if (const auto kept = found.find(name); kept != found.end()) offsets.insert(*kept);
  }
  for (const auto& [name, log] : logs_) {
    if (!log->on_disk_) continue;
    switch (which) {
      case Checkpoint::kRecoveryPoint:
        offsets.emplace(name, log->recovery_point());
        break;
      case Checkpoint::kHighWatermark:
        offsets.emplace(name, log->high_watermark());
        break;
      case Checkpoint::kLogStart:
        if (log->log_start_to_save() > Offset(0)) offsets.emplace(name, log->log_start_to_save());
        break;
      case Checkpoint::kCleaner:
        if (log->first_dirty_ > Offset(0)) offsets.emplace(name, log->first_dirty_);
        break;
    }
  }
  return offsets;
}

const OffsetCheckpoint& LogDirectory::as_found(Checkpoint which) const {
  switch (which) {
    case Checkpoint::kRecoveryPoint:
      return recovery_points_;
    case Checkpoint::kHighWatermark:
      return high_watermarks_;
    case Checkpoint::kLogStart:
      return log_starts_;
    case Checkpoint::kCleaner:
      return cleaner_offsets_;
  }
  CHECK(false);
}

// A crash finds either the old or the new content. One at a time: they share a temporary name.
Task<> LogDirectory::write_checkpoint(Checkpoint which) {
  while (writing_checkpoint_) co_await checkpoint_written_.wait();
  writing_checkpoint_ = true;
  const OffsetCheckpoint offsets = collect(which);
  const Result<> written = co_await runtime::as_result(replace_checkpoint(which, &offsets));
  writing_checkpoint_ = false;
  checkpoint_written_.wake_one();
  co_await written;
  if (which == Checkpoint::kRecoveryPoint) recovery_points_ = offsets;
  if (which != Checkpoint::kLogStart) co_return;
  for (const auto& [name, offset] : offsets) {
    if (const std::shared_ptr<PartitionLog> log = find(name)) log->log_start_saved(offset);
  }
}

Task<> LogDirectory::replace_checkpoint(Checkpoint which, const OffsetCheckpoint* offsets) {
  runtime::Disk& disk = services_.env.disk;
  const std::string name = join_path(path(), file_of(which));
  const std::string temporary = name + ".tmp";
  const std::string text = format_offset_checkpoint(*offsets);
  const std::unique_ptr<runtime::File> file =
      co_await disk.open(temporary, {.create = true, .truncate = true});
  const Bytes bytes = as_bytes(text);
  co_await file->write_at(0, {&bytes, 1});
  co_await file->sync();
  co_await disk.rename(temporary, name);
  const uint64_t covered = removals_count_;
  co_await disk.sync_directory_aside(path());
  std::erase_if(removed_, [&](const auto& removal) { return removal.second <= covered; });
}

// Recovery points may pass the start of an epoch only once the epoch is on disk.
Task<> LogDirectory::save_epochs() {
  std::vector<std::shared_ptr<PartitionLog>> unsaved;
  for (const auto& [name, log] : logs_) {
    if (log->epochs_unsaved_from_) unsaved.push_back(log);
  }
  const int64_t at_once = std::clamp<int64_t>(services_.env.disk.files_max() / 32, 1, 64);
  runtime::Scope saving(services_.env.loop);
  for (const std::shared_ptr<PartitionLog>& log : unsaved) {
    saving.spawn("save leader epochs", PartitionLog::save_epochs(log));
    if (saving.size() >= size_t(at_once)) co_await saving.join();
  }
  co_await saving.join();
}

// Closing.

Task<> LogDirectory::close(int64_t broker_epoch) {
  co_await maintenance_.close();
  committer_.set_patient(false);
  bool clean = !loading_;
  for (const auto& [name, log] : logs_) {
    co_await committer_.few_waiting();  // what is to be synced is open
    if (const Result<> prepared = log->prepare_close(); !prepared) {
      LOG_ERROR("log", "{}", prepared.error().message());
      clean = false;
    }
  }
  co_await committer_.idle();
  co_await journal_.idle();
  co_await save_epochs();
  for (const auto& [name, log] : logs_) {
    clean = clean && !log->failure() && log->recovery_point() == log->log_end_offset();
  }
  for (size_t i = 0; i < kCheckpointCount; ++i) {
    const auto which = static_cast<Checkpoint>(i);
    const Result<> written = co_await runtime::as_result(write_checkpoint(which));
    if (!written) LOG_ERROR("log", "{}", written.error().message());
    clean = clean && written;
  }
  const Result<> synced = services_.env.disk.sync_directory(path());
  for (const auto& [name, log] : logs_) log->close();
  closed_clean_ = clean && synced;
  if (closed_clean_) {
    co_await journal_.remove();
    co_await mark_clean(broker_epoch);
  }
  lock_.reset();
}

Result<> LogDirectory::mark_clean(int64_t broker_epoch) {
  // What could not be loaded was not closed either. What waits is as it was left.
  const bool waiting_is_clean = waiting().empty() || (was_clean_ && is_loaded_);
  if (!waiting_is_clean) {
    LOG_INFO("log",
             "{}: stopped while {} partitions were still to be recovered; the next start does",
             path(), waiting().size());
  }
  if (!unloadable_.empty() || !waiting_is_clean) return {};
  return runtime::write_file_atomically(services_.env.disk, join_path(path(), kCleanShutdownName),
                                        format_clean_shutdown(broker_epoch));
}

}  // namespace millrace::log
