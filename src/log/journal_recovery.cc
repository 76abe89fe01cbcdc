#include "log/journal_recovery.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/logging.h"
#include "log/journal_ring.h"
#include "log/partition_log.h"

namespace millrace::log {

using runtime::Task;

namespace {

constexpr int64_t kJournalFileBytesMax = int64_t{1} << 30;

std::string describe(const PartitionLog& log) {
  return fmt::format("topic {}, partition {}", log.name().topic, log.name().partition.value);
}

}  // namespace

Result<> JournalRecovery::find_files() {
  for (const runtime::DirectoryEntry& entry : TRY(env_.disk.list(directory_))) {
    if (entry.is_directory || !is_journal_file(entry.name)) continue;
    paths_.push_back(runtime::join_path(directory_, entry.name));
  }
  return {};
}

Result<> JournalRecovery::open() {
  TRY(find_files());
  for (size_t i = 0; i < paths_.size(); ++i) TRY(read_frames(i));
  std::ranges::sort(frames_, {}, [](const Frame& frame) { return frame.header.sequence; });
  // Of those that nobody needs some are there still, and what says that a log was cut may not be.
  std::erase_if(frames_, [needed = oldest_sequence()](const Frame& frame) {
    return frame.header.sequence < needed;
  });
  uint64_t entries = 0;
  for (Frame& frame : frames_) {
    frame.first_entry = entries;
    entries += frame.header.entries;
    TRY(note_entries(frame));
  }
  report_.frames = frames_.size();
  return {};
}

// A server that was killed while it wrote the frame has left it in the page cache, perhaps; and if
// that write failed, no sync would write it again. Those before it were stable before it was begun.
Result<> JournalRecovery::make_stable() {
  if (frames_.empty()) return {};
  const Frame& frame = frames_.back();
  TRY(read_again(frame));
  const std::unique_ptr<runtime::File> file = TRY(env_.disk.open(paths_[frame.file], {}));
  const Bytes whole = buffer_.bytes();
  TRY(file->write_at(frame.position, {&whole, 1}));
  return file->sync_now();
}

Result<> JournalRecovery::discard() {
  TRY(find_files());
  if (paths_.empty()) return {};
  for (const std::string& path : paths_) TRY(env_.disk.remove(path));
  paths_.clear();
  return env_.disk.sync_directory(directory_);
}

// Frames of one file ascend. Behind the last one may be one that was not finished, and older ones
// of the file's turn before.
Result<> JournalRecovery::read_frames(size_t file) {
  const std::string& path = paths_[file];
  const std::unique_ptr<runtime::File> opened = TRY(env_.disk.open(path, {.read_only = true}));
  const int64_t size = TRY(opened->size());
  if (size > kJournalFileBytesMax) {
    return fail(Errc::kCorruptFile, fmt::format("{} has {} bytes: it is no journal of ours; move "
                                                "it out of the way",
                                                path, size));
  }
  buffer_.resize(size_t(size));
  buffer_.resize(TRY(opened->read_at(0, buffer_.mutable_bytes())));
  report_.bytes += size;
  uint64_t newest = 0;
  for (size_t position = 0; position + kFrameHeaderBytes <= buffer_.size();) {
    const Bytes rest = buffer_.bytes().subspan(position);
    const Result<JournalFrameHeader> header = parse_frame_header(rest);
    const bool whole =
        header && header->frame_bytes() <= rest.size() && verify_frame(*header, rest);
    if (!whole) {
      if (!header && header.error().code() == Errc::kNewerFormat) {
        return std::unexpected(header.error().within(path));
      }
      position += runtime::kBlockBytes;
      continue;
    }
    if (header->directory_id != directory_id_) {
      return fail(
          Errc::kForeignDirectory,
          fmt::format("{} is the journal of directory.id {}, this directory's is {}: it may "
                      "hold records that the other one lacks. Put it back there, or remove "
                      "it",
                      path, header->directory_id.to_string(), directory_id_.to_string()));
    }
    if (header->sequence <= newest) break;
    newest = header->sequence;
    frames_.push_back({file, int64_t(position), *header});
    position += header->frame_bytes();
  }
  return {};
}

// In the order in which they were written, which is not that of the files.
Result<> JournalRecovery::note_entries(const Frame& frame) {
  TRY(read_again(frame));
  uint64_t at = frame.first_entry;
  JournalEntryCursor entries(frame.header, buffer_);
  while (const JournalEntry* entry = TRY(entries.next())) {
    Known& known = partitions_[{entry->topic_id, entry->partition}];
    const bool restarts = entry->kind == JournalEntryKind::kRestart;
    if (restarts || entry->kind == JournalEntryKind::kCut) {
      known.cuts.push_back({at, restarts ? Offset(0) : entry->first, entry->first});
      known.recovery_point = std::min(known.recovery_point, entry->first);
    } else {
      known.recovery_point = std::max(known.recovery_point, entry->recovery_point);
    }
    ++at;
  }
  return {};
}

Offset JournalRecovery::Known::bound_of(uint64_t at) const {
  Offset bound{INT64_MAX};
  for (const Cut& cut : cuts) {
    if (cut.at > at) bound = std::min(bound, cut.bound);
  }
  return bound;
}

std::vector<JournalRecovery::Gap> JournalRecovery::gaps() const {
  std::vector<Gap> gaps;
  uint64_t expected = oldest_sequence();
  for (const Frame& frame : frames_) {
    if (frame.header.sequence > expected) gaps.push_back({expected, frame.header.sequence - 1});
    expected = frame.header.sequence + 1;
  }
  return gaps;
}

Offset JournalRecovery::recovery_point(const Key& key, Offset checkpoint) const {
  const auto found = partitions_.find(key);
  if (found == partitions_.end()) return checkpoint;
  // It may be from before the log was cut.
  for (const Cut& cut : found->second.cuts) checkpoint = std::min(checkpoint, cut.first);
  return std::max(checkpoint, found->second.recovery_point);
}

// Replay.

Task<> JournalRecovery::replay(Find find) {
  for (const Frame& frame : frames_) {
    co_await replay_frame(frame, find);
    co_await runtime::yield();
  }
  co_await end_replay();
}

Result<> JournalRecovery::replay_now(const std::shared_ptr<PartitionLog>& log) {
  const Key wanted{log->topic_id(), log->name().partition};
  if (!holds(wanted)) return {};
  const Find find = [&](const Key& key) { return key == wanted ? log : nullptr; };
  for (const Frame& frame : frames_) TRY(replay_frame(frame, find));
  return end_replay();
}

// Leaves the frame in the buffer.
Result<> JournalRecovery::read_again(const Frame& frame) {
  if (open_file_ != frame.file) {
    file_ = TRY(env_.disk.open(paths_[frame.file], {.read_only = true}));
    open_file_ = frame.file;
  }
  buffer_.resize(frame.header.frame_bytes());
  buffer_.resize(TRY(file_->read_at(frame.position, buffer_.mutable_bytes())));
  if (buffer_.size() == frame.header.frame_bytes() && verify_frame(frame.header, buffer_)) {
    return {};
  }
  return fail(Errc::kIo, fmt::format("{} gives other bytes at {} than a moment ago",
                                     paths_[frame.file], frame.position));
}

Result<> JournalRecovery::replay_frame(const Frame& frame, const Find& find) {
  TRY(read_again(frame));
  uint64_t at = frame.first_entry;
  JournalEntryCursor entries(frame.header, buffer_);
  while (const JournalEntry* entry = TRY(entries.next())) {
    Progress* progress = progress_of({entry->topic_id, entry->partition}, find);
    if (progress) TRY(replay_entry(*progress, *entry, at));
    ++at;
  }
  return {};
}

JournalRecovery::Progress* JournalRecovery::progress_of(const Key& key, const Find& find) {
  const auto found = progress_.find(key);
  if (found != progress_.end()) return found->second.log ? &found->second : nullptr;
  std::shared_ptr<PartitionLog> log = find(key);
  if (!log) return nullptr;
  Progress& progress = progress_[key];
  progress.log = std::move(log);
  progress.known = &partitions_.at(key);
  progress.lost = lost_.contains(key);
  return &progress;
}

Result<> JournalRecovery::replay_entry(Progress& progress, const JournalEntry& entry, uint64_t at) {
  if (progress.stopped) return {};
  const Offset bound = progress.known->bound_of(at);
  switch (entry.kind) {
    case JournalEntryKind::kRestart:
      if (entry.first <= bound && progress.log->log_start_offset() < entry.first) {
        TRY(progress.log->restart_at(entry.first));
      }
      [[fallthrough]];
    case JournalEntryKind::kCut:
      progress.end = std::min(progress.end, entry.first);
      return {};
    case JournalEntryKind::kBypassed:
      if (entry.next > bound) return {};
      if (entry.next > progress.log->log_end_offset()) {
        if (progress.lost) return pass_over(progress, entry.next);
        progress.bypass_missing = entry.next;
        return {};
      }
      progress.end = std::max(progress.end, entry.next);
      // That the segment has it is no proof: it may be in the page cache only.
      if (entry.next > progress.known->recovery_point) {
        progress.unproven = std::min(progress.unproven, entry.first);
      }
      return {};
    case JournalEntryKind::kBatches:
      break;
  }
  kafka::BatchCursor batches(entry.batches, kafka::CrcCheck::kSkip);
  while (const kafka::RecordBatchView* batch = batches.next()) {
    if (!progress.stopped && batch->next_offset() <= bound) {
      TRY(replay_batch(progress, entry, *batch));
    }
  }
  return {};
}

// It may have been acknowledged, and went with the partition's files.
Result<> JournalRecovery::pass_over(Progress& progress, Offset upto) {
  PartitionLog& log = *progress.log;
  LOG_ERROR("log", "{}: offsets {} to {} are lost: they were in the files that are gone",
            describe(log), log.log_end_offset().value, upto.value - 1);
  TRY(log.size_bytes() == 0 ? log.restart_at(upto) : log.skip_lost(upto));
  progress.end = std::max(progress.end, upto);
  return {};
}

Result<> JournalRecovery::replay_batch(Progress& progress, const JournalEntry& entry,
                                       const kafka::RecordBatchView& batch) {
  PartitionLog& log = *progress.log;
  if (batch.next_offset() <= log.log_end_offset()) {
    progress.end = std::max(progress.end, batch.next_offset());
    return {};
  }
  const bool older = batch.partition_leader_epoch() < log.leader_epochs().latest();
  if (older || batch.base_offset() < log.log_end_offset()) {
    LOG_WARNING("log",
                "{}: the journal has offset {} of leader epoch {}, the log ends at {} with epoch "
                "{}: somebody else has written it meanwhile. The log stays as it is",
                describe(log), batch.base_offset().value, batch.partition_leader_epoch().value,
                log.log_end_offset().value, log.leader_epochs().latest().value);
    progress.stopped = true;
    return {};
  }
  if (batch.base_offset() > log.log_end_offset()) {
    TRY(close_gap(progress, entry, batch.base_offset()));
    if (progress.stopped) return {};
  }
  TRY(log.append_recovered(batch.bytes()));
  progress.end = batch.next_offset();
  ++report_.batches_restored;
  return {};
}

// Offsets between what the log has and what the journal has next.
Result<> JournalRecovery::close_gap(Progress& progress, const JournalEntry& entry, Offset upto) {
  PartitionLog& log = *progress.log;
  const bool never_stable =
      progress.bypass_missing >= upto && entry.recovery_point < progress.bypass_missing;
  if (never_stable) {
    // A large batch that was not in its segment yet: neither it nor what came behind was
    // acknowledged.
    progress.stopped = true;
    return {};
  }
  const bool is_new = log.log_end_offset() == Offset(0) && log.size_bytes() == 0;
  if (!is_new) {
    LOG_WARNING("log", "{}: offsets {} to {} are neither in the segments nor in the journal",
                describe(log), log.log_end_offset().value, upto.value - 1);
  }
  return log.skip_lost(upto);
}

Result<> JournalRecovery::end_replay() {
  for (auto& [key, progress] : progress_) {
    if (!progress.log) continue;
    PartitionLog& log = *progress.log;
    const Offset stable = std::min({progress.end, log.log_end_offset(), progress.unproven});
    log.on_journaled(stable, log.truncations(), false);
    if (progress.stopped) log.disown_journal_tail();
    if (!progress.known->cuts.empty()) TRY(log.sync_end_now());
    progress.log.reset();
  }
  file_.reset();
  open_file_ = SIZE_MAX;
  return {};
}

}  // namespace millrace::log
