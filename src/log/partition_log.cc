#include "log/partition_log.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/check.h"
#include "base/logging.h"
#include "log/checkpoint_plan.h"
#include "log/cleaner.h"
#include "log/committer.h"
#include "log/compaction.h"
#include "log/partition_metadata.h"
#include "log/producer_snapshot.h"
#include "log/retention.h"

namespace millrace::log {

using runtime::Task;

namespace {

constexpr Duration kAttentionPause = seconds(1);
constexpr Duration kExpiryInterval = seconds(600);  // producer.id.expiration.check.interval.ms

}  // namespace

PartitionLog::PartitionLog(LogServices& services, TopicPartition name, TopicId topic_id,
                           std::shared_ptr<const LogConfig> config)
    : services_(services),
      name_(std::move(name)),
      topic_id_(topic_id),
      config_(std::move(config)),
      home_{services.cache, runtime::join_path(services.directory, name_.to_string()), this},
      due_(services.due_times, *this) {}

PartitionLog::~PartitionLog() = default;

void PartitionLog::update_config(std::shared_ptr<const LogConfig> config) {
  config_ = std::move(config);
  plan_attention();
}

Offset PartitionLog::last_stable_offset() const {
  const std::optional<Offset> unstable =
      producers_ ? producers_->first_unstable_offset() : std::nullopt;
  return unstable ? std::min(*unstable, high_watermark_) : high_watermark_;
}

Error PartitionLog::where(const Error& error) const {
  return error.within(fmt::format("topic {}, partition {}", name_.topic, name_.partition.value));
}

Result<> PartitionLog::check_open() const {
  if (failure_) return std::unexpected(*failure_);
  if (closed_) return std::unexpected(where(Error(Errc::kKafkaStorageError, "the log is closed")));
  return {};
}

Result<> PartitionLog::check_writable() const {
  TRY(check_open());
  if (cut_step_ != CutStep::kNone) {
    return std::unexpected(where(Error(Errc::kKafkaStorageError, "the log is being cut")));
  }
  return {};
}

void PartitionLog::changed() {
  if (observer_) observer_->on_log_change(*this);
}

void PartitionLog::fail_for_good(Error error) {
  if (failure_) return;
  failure_ = std::make_unique<Error>(where(
      Error(Errc::kKafkaStorageError,
            fmt::format("{}; restart the server to recover the partition", error.message()))));
  LOG_ERROR("log", "{}", failure_->message());
  durable_waiters_.wake_all();
  flushed_waiters_.wake_all();
  log_start_waiters_.wake_all();
  changed();
}

// Durability.

// Has what was appended acknowledged some day: by the journal, or by a sync of its own.
void PartitionLog::make_durable(Bytes batches, Offset first) {
  unflushed_bytes_ += int64_t(batches.size());
  if (services_.durability == Durability::kPageCache) {
    if (flush_due()) need_commit();
    return;
  }
  note_bypass(first);
  JournalEntry entry = journal_entry(first, log_end_);
  entry.batches = batches;
  const Journaled taken =
      topic_id_.is_zero() ? Journaled::kNothing : services_.journal.append(*this, entry);
  const bool journaled = taken == Journaled::kWhole;
  if (!journaled) {
    bypass_unnoted_ = bypass_unnoted_ || taken == Journaled::kNothing;
    stable_.bypassed(first, log_end_);
    bypassed_bytes_ += int64_t(batches.size());
    services_.journal.bypass_began(int64_t(batches.size()));
  }
  // The names of what is new become stable soon, so that recovery finds a place for the records.
  if (!journaled || names_unsynced_) need_commit();
}

// It counts once the segments are synced, and so does all that is appended behind it.
void PartitionLog::end_recovery() {
  if (stable_.durable() == log_end_) return;
  bypass_unnoted_ = true;
  note_bypass(log_end_);
  stable_.bypassed(stable_.durable(), log_end_);
  need_commit();
}

// What lies below `upto` and is in the segments only must be known to recovery before anything
// behind it is: else it would be taken for lost, and not for what nobody was told of.
void PartitionLog::note_bypass(Offset upto) {
  if (!bypass_unnoted_ || topic_id_.is_zero()) return;
  bypass_unnoted_ = stable_.flushed() < upto &&
                    !services_.journal.note_bypass(*this, journal_entry(stable_.durable(), upto));
}

JournalEntry PartitionLog::journal_entry(Offset first, Offset next) const {
  return {.topic_id = topic_id_,
          .partition = name_.partition,
          .first = first,
          .next = next,
          .recovery_point = recovery_point()};
}

bool PartitionLog::note_in_journal(JournalRing::Turn turn) {
  if (unflushed_since_ != 0 && unflushed_since_ <= turn) return false;
  unflushed_since_ = turn;
  return true;
}

bool PartitionLog::needs_journal(JournalRing::Turn turn) const {
  return unflushed_since_ != 0 && unflushed_since_ <= turn && !failure_ && !closed_;
}

bool PartitionLog::lost_without_journal(JournalRing::Turn turn) const {
  return unflushed_since_ != 0 && unflushed_since_ <= turn && failure_ && !closed_;
}

void PartitionLog::on_journaled(Offset end, uint64_t truncations, bool cut) {
  if (closed_ || failure_) return;
  if (cut && cut_step_ == CutStep::kNoting) {
    cut_step_ = CutStep::kNoted;
  } else if (cut && truncations == truncations_) {
    stable_.cut_is_stable();
  }
  if (truncations == truncations_) stable_.journaled_to(end);
  services_.checkpoints.want(Checkpoint::kRecoveryPoint);
  durable_changed();
}

void PartitionLog::commit_instead(bool cut) {
  if (closed_ || failure_) return;
  if (cut) {
    return fail_for_good(Error(Errc::kIo, "the journal could not note that the log was cut"));
  }
  // The journal may be used again before the segments are synced.
  stable_.bypassed(stable_.durable(), log_end_);
  bypass_unnoted_ = true;
  need_commit();
}

void PartitionLog::durable_changed() {
  durable_waiters_.wake_all();
  advance_own_high_watermark();
}

void PartitionLog::need_commit() {
  commit_needed_ = true;
  if (commit_running_) return;
  commit_running_ = true;
  services_.committer.add(shared_from_this());
}

bool PartitionLog::begins_commit() {
  commit_running_ = std::exchange(commit_needed_, false);
  return commit_running_;
}

PartitionLog::Commit PartitionLog::begin_commit(UnsyncedFiles next) {
  Commit commit{.files = std::exchange(unsynced_, std::move(next)),
                .metadata = std::exchange(metadata_unsynced_, false),
                .end = log_end_,
                .truncations = truncations_,
                .turn = services_.journal.turn(),
                .bypassed_bytes = std::exchange(bypassed_bytes_, 0),
                .bytes = std::exchange(unflushed_bytes_, 0)};
  if (!snapshots_.empty()) commit.snapshot = snapshots_.back();
  if (names_unsynced_) commit.directories.push_back(home_.directory);
  if (parent_unsynced_) commit.directories.push_back(services_.directory);
  names_unsynced_ = false;
  parent_unsynced_ = false;
  // Bytes below the recovery point that a crash has left incomplete would be taken for rot. So what
  // was written after a cut is acknowledged only once the recovery point on disk is as low.
  commit.lower_recovery_point = std::exchange(recovery_point_too_high_, false);
  return commit;
}

void PartitionLog::end_commit(const Commit& commit, const Result<>& result) {
  services_.journal.bypass_ended(commit.bypassed_bytes);
  flushed_waiters_.wake_all();
  if (closed_) return;  // and its directory may have another name
  if (!result) {
    // What the failed sync has covered may be gone, and another one would not tell.
    return fail_for_good(result.error().within("a sync failed"));
  }
  if (failure_) return;
  stable_truncations_ = commit.truncations;
  // What was cut meanwhile, and written anew, is not what was synced.
  const bool untouched = commit.truncations == truncations_;
  if (untouched) {
    if (log_start_to_save() < std::min(log_start_, commit.end)) {
      services_.checkpoints.want_now(Checkpoint::kLogStart);
    }
    stable_.flushed_to(commit.end);
    settle_journal(commit);
  }
  services_.checkpoints.want_recovery_point(commit.bytes);
  durable_changed();
  if (!untouched || commit.snapshot <= stable_snapshot_) return;
  stable_snapshot_ = commit.snapshot;
  // Retention and compaction may have waited for it.
  plan_attention();
  hurry_removal();
}

// What was appended before the commit began needs the journal no more.
void PartitionLog::settle_journal(const Commit& commit) {
  if (unflushed_since_ == 0) return;
  if (log_end_ == commit.end) {
    unflushed_since_ = 0;
  } else if (unflushed_since_ < commit.turn) {
    unflushed_since_ = commit.turn;
    services_.journal.needs(commit.turn, shared_from_this());
  }
}

Task<> PartitionLog::durable(Offset upto) {
  while (true) {
    co_await check_open();
    if (stable_.durable() >= upto || services_.durability == Durability::kPageCache) co_return;
    if (log_end_ < upto) {
      co_await fail(where(Error(Errc::kNotLeaderOrFollower, "the log was truncated meanwhile")));
    }
    co_await durable_waiters_.wait();
  }
}

Offset PartitionLog::recovery_point() const {
  // Recovery finds epochs behind the recovery point in the batches; the others must be on disk.
  return epochs_unsaved_from_ ? std::min(stable_.flushed(), *epochs_unsaved_from_)
                              : stable_.flushed();
}

// The high watermark.

void PartitionLog::advance_own_high_watermark() {
  if (high_watermark_rule_ != HighWatermarkRule::kSoleReplica) return;
  set_high_watermark(services_.durability == Durability::kPageCache ? log_end_ : stable_.durable());
}

void PartitionLog::set_high_watermark(Offset offset) {
  offset = std::clamp(offset, log_start_, log_end_);
  if (offset == high_watermark_) return;
  const Offset stable_before = last_stable_offset();
  high_watermark_ = offset;
  if (producers_) producers_->on_high_watermark(offset);
  // Whole segments below it may now be compacted.
  if (compacts() && segments_.floor(stable_before) != segments_.floor(last_stable_offset())) {
    plan_attention();
  }
  // That of a sole replica follows from what is stable.
  if (high_watermark_rule_ == HighWatermarkRule::kReplicated) {
    services_.checkpoints.want(Checkpoint::kHighWatermark);
  }
  changed();
}

void PartitionLog::set_high_watermark_rule(HighWatermarkRule rule) {
  high_watermark_rule_ = rule;
  advance_own_high_watermark();
}

// Producers and epochs.

ProducerStates& PartitionLog::producers_or_new() {
  if (!producers_) producers_ = std::make_unique<ProducerStates>();
  return *producers_;
}

Result<> PartitionLog::take_producer_snapshot(Offset at) {
  if (!snapshots_.empty() && snapshots_.back() >= at) return {};
  const SegmentFileName name{at, FileKind::kProducerSnapshot};
  std::shared_ptr<runtime::File> file = TRY(services_.env.disk.open(
      runtime::join_path(home_.directory, name.to_string()), {.create = true, .truncate = true}));
  const Buffer content = format_producer_snapshot(producers_ ? *producers_ : ProducerStates());
  const Bytes bytes = content;
  TRY(file->write_at(0, {&bytes, 1}));
  unsynced_.push_back(std::move(file));
  names_unsynced_ = true;
  snapshots_.push_back(at);
  stable_snapshot_ = std::min(stable_snapshot_, at - 1);
  return {};
}

// Whether a restart finds the producers although no record below `end` tells of them any more. A
// snapshot that is still on its way to the disk may come out of a crash torn.
bool PartitionLog::producers_outlive(Offset end) const {
  if (!producers_ || producers_->empty()) return true;
  const auto snapshot = std::ranges::lower_bound(snapshots_, end);
  return snapshot != snapshots_.end() && *snapshot <= stable_snapshot_;
}

void PartitionLog::note_epoch(LeaderEpoch epoch, Offset start) {
  if (epochs_.assign(epoch, start)) note_epochs_changed(start);
}

void PartitionLog::note_epochs_changed(Offset from) {
  if (!on_disk_) return;  // make_directory() will
  epochs_unsaved_from_ = std::min(epochs_unsaved_from_.value_or(from), from);
}

void PartitionLog::begin_leader_epoch(LeaderEpoch epoch) {
  if (epoch < epochs_.latest()) {
    LOG_WARNING("log",
                "topic {}, partition {}: its leader epochs go up to {}, and its leader's is {}: "
                "those above are forgotten; was {} changed, or the metadata brought back?",
                name_.topic, name_.partition.value, epochs_.latest().value, epoch.value,
                kLeaderEpochCheckpointName);
  }
  note_epoch(epoch, log_end_);
}

OffsetAtTime PartitionLog::earliest() const {
  return {kNoTimestamp, log_start_, epochs_.epoch_at(log_start_)};
}

OffsetAtTime PartitionLog::latest(ReadBound bound) const {
  const Offset offset = bound == ReadBound::kLastStable ? last_stable_offset() : high_watermark_;
  return {kNoTimestamp, offset, epochs_.latest()};
}

// For LogDirectory.

// All logs are looked at for retention at the same moments, log.retention.check.interval.ms apart.
Timestamp PartitionLog::next_check(Timestamp due) const {
  const int64_t interval = std::max<int64_t>(1, services_.retention_check_interval.ms());
  const int64_t earliest = std::max(due.ms, services_.env.clock.wall().ms + 1);
  return {(earliest + interval - 1) / interval * interval};
}

bool PartitionLog::compacts() const {
  return config_->cleanup_compact && !uncleanable_ && services_.cleaner.enabled();
}

// Notes when retention, expiry of producers or a flush is next due.
void PartitionLog::plan_attention() {
  std::optional<Timestamp> next;
  const auto consider = [&](std::optional<Timestamp> due) {
    if (due && (!next || *due < *next)) next = due;
  };
  if (const auto due = Retention::next_due(*this); due && *due) consider(next_check(**due));
  if (producers_ && !producers_->empty()) {
    consider(services_.env.clock.wall() +
             std::min(services_.producer_id_expiration, kExpiryInterval));
  }
  if (compacts() && !compaction_queued_) {
    const Result<Cleanable> range = Compaction::measure(*this, services_.env.clock.wall());
    if (range && range->wanted) consider(services_.env.clock.wall());
    if (range && range->due) consider(range->due);
  }
  if (config_->flush_ms && stable_.flushed() < log_end_) {
    consider(services_.env.clock.wall() + *config_->flush_ms);
  }
  if (next) {
    due_.set(*next);
  } else {
    due_.clear();
  }
}

// Does what is due, and plans the next time, which is not at once: what could not be removed yet
// must not keep the server busy.
Result<> PartitionLog::attend(Timestamp now) {
  if (failure_ || closed_) return {};
  const Result<> retained = Retention::apply(*this, now);
  if (producers_) producers_->expire(now, services_.producer_id_expiration);
  if (config_->flush_ms && stable_.flushed() < log_end_) need_commit();
  const Result<> compaction = compacts() ? queue_compaction(now) : Result<>();
  plan_attention();
  if (due_.due()) due_.set(std::max(*due_.due(), now + kAttentionPause));
  return retained ? compaction : retained;
}

Result<> PartitionLog::queue_compaction(Timestamp now) {
  const Cleanable range = TRY(Compaction::measure(*this, now));
  if (!range.wanted) return {};
  compaction_queued_ = true;
  services_.cleaner.add(shared_from_this(), range.ratio());
  return {};
}

// A log gets its directory with its first segment: what was never written takes no room.
Result<> PartitionLog::make_directory() {
  if (on_disk_) return {};
  const Result<> made = services_.env.disk.make_directory(home_.directory);
  if (!made && made.error().code() != Errc::kAlreadyExists) return made;
  TRY(record_topic_id(topic_id_));
  on_disk_ = true;
  if (!epochs_.entries().empty()) note_epochs_changed(Offset(0));
  return {};
}

// Stable with the first commit, so before anything in the partition is acknowledged.
Result<> PartitionLog::record_topic_id(TopicId id) {
  topic_id_ = id;
  TRY(write_metadata());
  distrust_page_cache();
  return {};
}

Result<std::shared_ptr<runtime::File>> PartitionLog::write_metadata() {
  std::shared_ptr<runtime::File> file = TRY(services_.env.disk.open(
      runtime::join_path(home_.directory, kPartitionMetadataName), {.create = true}));
  const std::string text = format_partition_metadata(topic_id_);
  const Bytes bytes = as_bytes(text);
  TRY(file->write_at(0, {&bytes, 1}));
  TRY(file->truncate(int64_t(text.size())));
  return file;
}

// The names and the topic id are there, but perhaps nowhere else: they are new, or whoever wrote
// them was killed.
void PartitionLog::distrust_page_cache() {
  metadata_unsynced_ = !topic_id_.is_zero();
  names_unsynced_ = true;
  parent_unsynced_ = true;
}

// Segments below it may go now.
void PartitionLog::log_start_saved(Offset saved) {
  if (closed_ || saved <= log_start_on_disk_) return;
  log_start_on_disk_ = saved;
  log_start_waiters_.wake_all();
  hurry_removal();
}

// What waited for the disk does not wait for the next look at retention too.
void PartitionLog::hurry_removal() {
  if (!segments_.empty() && segments_.first().base_offset() < log_start_on_disk_) {
    due_.set(services_.env.clock.wall());
  }
}

Task<> PartitionLog::save_epochs(std::shared_ptr<PartitionLog> log) {
  const std::optional<Offset> saving = std::exchange(log->epochs_unsaved_from_, std::nullopt);
  const Result<> saved = co_await runtime::as_result(write_epochs(log.get()));
  if (saved) co_return;
  LOG_WARNING("log", "{}: {}", log->name_.to_string(), saved.error().message());
  if (saving) log->note_epochs_changed(*saving);
}

Task<> PartitionLog::write_epochs(PartitionLog* log) {
  runtime::Disk& disk = log->services_.env.disk;
  const std::string name = runtime::join_path(log->home_.directory, kLeaderEpochCheckpointName);
  const std::string text = format_epoch_checkpoint(log->epochs_.entries());
  const std::unique_ptr<runtime::File> file =
      co_await disk.open(name + ".tmp", {.create = true, .truncate = true});
  const Bytes bytes = as_bytes(text);
  co_await file->write_at(0, {&bytes, 1});
  co_await file->sync();
  co_await disk.rename(name + ".tmp", name);
  co_await disk.sync_directory_aside(log->home_.directory);
}

// Completes all files. What is left to do is to sync them.
Result<> PartitionLog::prepare_close() {
  TRY(check_open());
  if (!on_disk_) return {};
  if (log_end_ > Offset(0)) TRY(take_producer_snapshot(log_end_));
  if (!segments_.empty()) TRY(segments_.active().seal(unsynced_));
  names_unsynced_ = names_unsynced_ || !unsynced_.empty();
  need_commit();
  return {};
}

void PartitionLog::close() {
  if (closed_) return;
  closed_ = true;
  due_.clear();
  segments_.take(0, segments_.size());
  unsynced_.clear();
  durable_waiters_.wake_all();
  flushed_waiters_.wake_all();
  log_start_waiters_.wake_all();
  changed();
}

}  // namespace millrace::log
