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

/// Whether the log has the batch, byte for byte.
bool has_already(PartitionLog& log, const kafka::RecordBatchView& batch) {
  const Result<ReadResult> read = log.read(
      batch.base_offset(), {.bytes_max = int64_t(batch.size()), .bound = ReadBound::kLogEnd});
  Buffer bytes;
  return read && read->slice.copy_to(bytes) && equal(bytes, batch.bytes());
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
  uint64_t entries = 0;
  for (Frame& frame : frames_) {
    frame.first_entry = entries;
    entries += frame.header.entries;
    TRY(note_entries(frame));
  }
  report_.frames = frames_.size();
  report_gaps();
  return {};
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
    known.recovery_point = std::max(known.recovery_point, entry->recovery_point);
    if (entry->kind == JournalEntryKind::kCut) {
      known.cuts.push_back({at, entry->first, entry->first});
    } else if (entry->kind == JournalEntryKind::kRestart) {
      known.cuts.push_back({at, Offset(0), entry->first});
    }
    ++at;
  }
  return {};
}

Offset JournalRecovery::Known::lowest_cut() const {
  Offset lowest = kNoOffset;
  for (const Cut& cut : cuts) {
    if (lowest == kNoOffset || cut.first < lowest) lowest = cut.first;
  }
  return lowest;
}

Offset JournalRecovery::Known::bound_of(uint64_t at) const {
  Offset bound{INT64_MAX};
  for (const Cut& cut : cuts) {
    if (cut.at > at) bound = std::min(bound, cut.bound);
  }
  return bound;
}

// Frames that nobody needs any more may be overwritten in part; so a gap alone is no damage yet.
void JournalRecovery::report_gaps() const {
  if (frames_.empty()) return;
  uint64_t expected = frames_.back().header.oldest_needed;
  for (const Frame& frame : frames_) {
    if (frame.header.sequence > expected) {
      LOG_WARNING("log",
                  "{}: frames {} to {} of the journal are damaged or missing; records that only "
                  "they held are lost. Where later ones follow, their partitions say so below",
                  directory_, expected, frame.header.sequence - 1);
    }
    expected = std::max(expected, frame.header.sequence + 1);
  }
}

Offset JournalRecovery::recovery_point(const Key& key, Offset checkpoint) const {
  const auto found = partitions_.find(key);
  if (found == partitions_.end()) return checkpoint;
  const Offset known = std::max(checkpoint, found->second.recovery_point);
  const Offset cut = found->second.lowest_cut();
  return cut == kNoOffset ? known : std::min(known, cut);
}

// Replay.

Task<> JournalRecovery::replay(Find find) {
  for (const Frame& frame : frames_) {
    co_await replay_frame(frame, find);
    co_await runtime::yield();
  }
  end_replay();
}

Result<> JournalRecovery::replay_now(const std::shared_ptr<PartitionLog>& log) {
  const Key wanted{log->topic_id(), log->name().partition};
  if (!holds(wanted)) return {};
  const Find find = [&](const Key& key) { return key == wanted ? log : nullptr; };
  for (const Frame& frame : frames_) TRY(replay_frame(frame, find));
  end_replay();
  return {};
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
  return &progress;
}

Result<> JournalRecovery::replay_entry(Progress& progress, const JournalEntry& entry, uint64_t at) {
  if (progress.stopped) return {};
  const Offset bound = progress.known->bound_of(at);
  switch (entry.kind) {
    case JournalEntryKind::kRestart:
      if (bound == Offset(INT64_MAX) && progress.log->log_start_offset() < entry.first) {
        TRY(progress.log->truncate_fully_and_start_at(entry.first));
      }
      [[fallthrough]];
    case JournalEntryKind::kCut:
      progress.end = entry.first;
      return {};
    case JournalEntryKind::kBypassed:
      if (entry.next > bound) return {};
      if (entry.next > progress.log->log_end_offset()) {
        progress.bypass_missing = entry.next;
      } else {
        progress.end = std::max(progress.end, entry.next);
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

Result<> JournalRecovery::replay_batch(Progress& progress, const JournalEntry& entry,
                                       const kafka::RecordBatchView& batch) {
  PartitionLog& log = *progress.log;
  // Where the log was cut, what lies in the segments may be from before.
  const Offset cut = progress.known->lowest_cut();
  const bool doubtful = cut != kNoOffset && batch.base_offset() >= cut;
  const bool there = batch.next_offset() <= log.log_end_offset();
  if (doubtful ? there && has_already(log, batch) : there) {
    progress.end = std::max(progress.end, batch.next_offset());
    return {};
  }
  if (doubtful && batch.base_offset() < log.log_end_offset()) {
    TRY(log.truncate_to(batch.base_offset()));
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

void JournalRecovery::end_replay() {
  for (auto& [key, progress] : progress_) {
    if (!progress.log) continue;
    PartitionLog& log = *progress.log;
    const bool was_cut = !progress.known->cuts.empty();
    if (was_cut && !progress.stopped && log.log_end_offset() > progress.end) {
      const Result<> cut = log.truncate_to(progress.end);
      if (!cut) LOG_ERROR("log", "{}", cut.error().message());
    }
    log.on_journaled(std::min(progress.end, log.log_end_offset()), log.truncations(), false);
    progress.log.reset();
  }
  file_.reset();
  open_file_ = SIZE_MAX;
}

}  // namespace millrace::log
