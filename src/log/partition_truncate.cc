// PartitionLog: removing records, at either end.
#include <fmt/core.h>

#include <algorithm>

#include "base/check.h"
#include "base/logging.h"
#include "log/checkpoint_plan.h"
#include "log/committer.h"
#include "log/journal.h"
#include "log/partition_log.h"
#include "log/producer_snapshot.h"
#include "log/removals.h"
#include "log/segment_scan.h"

namespace millrace::log {

using runtime::Task;

Result<Offset> PartitionLog::delete_records_before(Offset offset) {
  TRY(check_open());
  if (offset == kNoOffset) offset = high_watermark_;
  if (offset.value < 0 || offset > high_watermark_) {
    return std::unexpected(
        where(Error(Errc::kOffsetOutOfRange, fmt::format("offset {}, the high watermark is {}",
                                                         offset.value, high_watermark_.value))));
  }
  move_log_start(offset);
  // Once that is on disk the segments below it go.
  services_.checkpoints.want_now(Checkpoint::kLogStart);
  return log_start_;
}

Task<> PartitionLog::log_start_durable(Offset start, MonoTime deadline) {
  while (true) {
    co_await check_open();
    if (log_start_on_disk_ >= start) co_return;
    // Writing the checkpoint is tried again and again.
    if (co_await log_start_waiters_.wait_until(deadline)) continue;
    co_await fail(where(Error(Errc::kRequestTimedOut, "the log start is not on the disk yet")));
  }
}

void PartitionLog::move_log_start(Offset offset) {
  if (offset <= log_start_) return;
  log_start_ = offset;
  high_watermark_ = std::max(high_watermark_, offset);
  if (epochs_.truncate_from_start(offset)) note_epochs_changed(offset);
  // On disk it moves once recovery needs nothing below it any more: records that are in the journal
  // only tell of producers.
  if (log_start_ > stable_.flushed()) need_commit();
  services_.checkpoints.want(Checkpoint::kLogStart);
  changed();
}

// Takes segments out of the log; their files go a little later. The producer snapshot at
// `snapshot_kept` stays.
void PartitionLog::remove_segments(size_t from, size_t to, Offset snapshot_kept) {
  if (from == to) return;
  ++segments_version_;
  const MonoTime when = services_.env.loop.now() + config_->file_delete_delay_ms;
  for (const std::unique_ptr<Segment>& segment : segments_.take(from, to)) {
    if (const Result<> renamed = segment->rename(FileSuffix::kDeleted); !renamed) {
      LOG_WARNING("log", "{}: cannot rename segment {}: {}", name_.to_string(),
                  segment->base_offset().value, renamed.error().message());
    }
    for (const FileKind kind : kSegmentFileKinds) {
      services_.removals.add(segment->path(kind), when);
    }
    if (segment->base_offset() != snapshot_kept) remove_snapshot(segment->base_offset());
  }
  names_unsynced_ = true;
}

void PartitionLog::remove_snapshot(Offset offset) {
  if (std::erase(snapshots_, offset) == 0) return;
  const SegmentFileName file{offset, FileKind::kProducerSnapshot};
  const Result<> removed =
      services_.env.disk.remove(runtime::join_path(home_.directory, file.to_string()));
  if (!removed) {
    LOG_WARNING("log", "{}: {}", name_.to_string(), removed.error().message());
  }
}

Task<> PartitionLog::truncate_to(Offset offset) {
  co_await check_writable();
  CHECK(offset.value >= 0);
  if (offset >= log_end_) co_return;
  const bool all = segments_.empty() || offset < segments_.first().base_offset();
  co_await cut(all ? JournalEntryKind::kRestart : JournalEntryKind::kCut, offset);
}

Task<> PartitionLog::truncate_fully_and_start_at(Offset offset) {
  co_await check_writable();
  co_await cut(JournalEntryKind::kRestart, offset);
}

// First the journal says so, for what it holds may lie behind what the segments lose; then the
// segments are stable as they were cut; then others may append. So a crash leaves a beginning of
// what was there, and never the old behind the new.
Task<> PartitionLog::cut(JournalEntryKind how, Offset offset) {
  const std::shared_ptr<PartitionLog> self = shared_from_this();
  cut_step_ = CutStep::kWaiting;
  const auto end = [](CutStep* step) { *step = CutStep::kNone; };
  const std::unique_ptr<CutStep, decltype(end)> cutting(&cut_step_);
  while (stable_.is_held()) {  // by what recovery has noted
    co_await durable_waiters_.wait();
    co_await check_open();
  }
  cut_step_ = CutStep::kNoting;
  note_cut(how, offset);
  while (true) {
    co_await check_open();
    if (cut_step_ == CutStep::kNoted || !stable_.is_held()) break;
    co_await durable_waiters_.wait();
  }
  Result<> done = how == JournalEntryKind::kRestart ? restart_at(offset) : cut_to(offset);
  if (!done) fail_for_good(done.error().within("cannot truncate"));
  stable_.cut_is_stable();
  const uint64_t truncations = truncations_;
  while (stable_truncations_ < truncations) {
    co_await check_open();
    co_await flushed_waiters_.wait();
  }
  co_await check_open();
}

// Also when nothing of the log is needed in the journal any more: it may still be read there. What
// is above counts only once the journal has it.
void PartitionLog::note_cut(JournalEntryKind how, Offset offset) {
  JournalEntry entry = journal_entry(offset, offset);
  entry.kind = how;
  entry.recovery_point = std::min(entry.recovery_point, offset);
  stable_.hold_at(offset);
  if (services_.journal.append_cut(*this, entry)) return;
  stable_.cut_is_stable();  // there is no journal
  if (const Error* failed = services_.journal.failure()) {
    fail_for_good(failed->within("the journal cannot note that the log is cut"));
  }
}

Result<> PartitionLog::sync_end_now() {
  if (segments_.empty()) return {};
  const std::shared_ptr<runtime::File> file = TRY(segments_.active().file());
  TRY(file->sync_now());
  return services_.env.disk.sync_directory(home_.directory);
}

void PartitionLog::disown_journal_tail() {
  note_cut(JournalEntryKind::kCut, log_end_);
}

// The log ends then where the last whole batch does that is left.
Result<> PartitionLog::cut_to(Offset offset) {
  ++truncations_;
  ++segments_version_;
  remove_segments(segments_.floor(offset) + 1, segments_.size());
  TRY(services_.env.disk.sync_directory(home_.directory));
  Segment& last = segments_.active();
  TRY(last.truncate_to(offset, unsynced_));
  log_end_ = std::max(last.base_offset(), TRY(last.next_offset()));
  log_start_ = std::min(log_start_, log_end_);
  return forget_above_end();
}

Result<> PartitionLog::restart_at(Offset offset) {
  ++truncations_;
  TRY(make_directory());
  remove_segments(0, segments_.size());
  log_start_ = log_end_ = offset;
  // Old segments and the new one must never be found side by side.
  TRY(services_.env.disk.sync_directory(home_.directory));
  TRY(push_segment(offset));
  services_.checkpoints.want(Checkpoint::kLogStart);
  return forget_above_end();
}

Result<> PartitionLog::forget_above_end() {
  stable_.cut_to(log_end_);
  first_dirty_ = std::min(first_dirty_, log_end_);
  high_watermark_ = std::clamp(high_watermark_, log_start_, log_end_);
  if (epochs_.truncate_from_end(log_end_)) note_epochs_changed(log_end_);
  while (!snapshots_.empty() && snapshots_.back() > log_end_) remove_snapshot(snapshots_.back());
  recovery_point_too_high_ = true;
  need_commit();
  durable_waiters_.wake_all();
  changed();
  if (const Result<> rebuilt = rebuild_producers(log_end_); !rebuilt) {
    return std::unexpected(rebuilt.error().within("cannot rebuild the producer state"));
  }
  return {};
}

// From the newest snapshot and what was appended after it, up to `end`.
Result<> PartitionLog::rebuild_producers(Offset end) {
  if (producers_) producers_->clear();
  Offset from{0};  // records below log start tell of producers too
  while (!snapshots_.empty()) {
    const Result<> restored = restore_snapshot(snapshots_.back());
    if (restored) {
      from = snapshots_.back();
      break;
    }
    LOG_WARNING("log", "{}: producer snapshot {}: {}; an older one is used", name_.to_string(),
                snapshots_.back().value, restored.error().message());
    remove_snapshot(snapshots_.back());
  }
  size_t index = segments_.floor(from);
  if (index == segments_.size()) index = 0;
  for (; from < end && index < segments_.size(); ++index) {
    if (segments_.at(index).base_offset() >= end) break;
    TRY(replay_producers(segments_.at(index), from));
  }
  if (producers_) producers_->on_high_watermark(high_watermark_);
  plan_attention();
  return {};
}

Result<> PartitionLog::restore_snapshot(Offset offset) {
  const SegmentFileName name{offset, FileKind::kProducerSnapshot};
  const std::string file = TRY(
      runtime::read_file(services_.env.disk, runtime::join_path(home_.directory, name.to_string()),
                         kProducerSnapshotBytesMax));
  const std::vector<ProducerEntry> entries = TRY(parse_producer_snapshot(as_bytes(file)));
  if (!entries.empty()) producers_or_new().restore(entries);
  return {};
}

Result<> PartitionLog::replay_producers(Segment& segment, Offset from) {
  const int64_t position = TRY(segment.offset_index())->floor(from).position;
  const std::shared_ptr<runtime::File> file = TRY(segment.file());
  SegmentScan scan(*file, position, segment.size(), {Offset(0)});
  while (true) {
    const SegmentScan::Found found = TRY(scan.next());
    if (found == SegmentScan::Found::kEnd) return {};
    if (found == SegmentScan::Found::kDamage || !scan.header().has_producer_id()) continue;
    if (scan.header().last_offset() < from) continue;
    note_producer(TRY(scan.batch()));
  }
}

}  // namespace millrace::log
