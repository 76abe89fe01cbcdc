#include "log/log_loader.h"

#include <fmt/core.h>

#include <algorithm>
#include <set>

#include "base/check.h"
#include "base/logging.h"
#include "log/checkpoint_file.h"
#include "log/checkpoint_plan.h"
#include "log/header_walk.h"
#include "log/partition_metadata.h"
#include "log/removals.h"

namespace millrace::log {

using runtime::Task;

namespace {

constexpr size_t kSmallFileBytesMax = 1 << 20;
constexpr int64_t kBytesBetweenYields = 4 << 20;
constexpr size_t kUnsyncedMax = 64;

}  // namespace

// What is in the directory, by name.
struct LogLoader::Files {
  std::vector<SegmentFileName> names;
  Offset smallest_cleaned{INT64_MAX};

  bool has(Offset base, FileKind kind) const {
    return std::ranges::find(names, SegmentFileName{base, kind}) != names.end();
  }
  /// Where the segment after this one begins; beyond all offsets for the last.
  Offset end_of(Offset base) const {
    for (const SegmentFileName& name : names) {
      if (name.kind == FileKind::kLog && name.base_offset > base) return name.base_offset;
    }
    return Offset(INT64_MAX);
  }
};

Task<> LogLoader::load() {
  if (!co_await open()) co_await recover();
  co_await settle();
}

Result<bool> LogLoader::load_now() {
  if (!TRY(open()) || is_recovery_point_lost()) return false;
  TRY(settle());
  return true;
}

// Returns whether the log is as an orderly stop has left it. If not, it has to be recovered.
Result<bool> LogLoader::open() {
  log_->on_disk_ = true;
  log_->home_.owner = nullptr;  // it is not for others to sync what is half recovered
  Files files = TRY(list_files());
  TRY(finish_swaps(files));
  TRY(open_segments(files));
  TRY(load_epochs());
  if (!log_->segments_.empty()) return measure();
  TRY(start_empty());
  return true;
}

std::string LogLoader::path_of(const SegmentFileName& name) const {
  return runtime::join_path(log_->home_.directory, name.to_string());
}

// Removes what an interrupted deletion or compaction has left behind, and lists the rest.
Result<LogLoader::Files> LogLoader::list_files() {
  Files files;
  runtime::Disk& disk = services_.env.disk;
  for (const runtime::DirectoryEntry& entry : TRY(disk.list(log_->home_.directory))) {
    if (entry.name.ends_with(".tmp")) {
      TRY(disk.remove(runtime::join_path(log_->home_.directory, entry.name)));
      continue;
    }
    const std::optional<SegmentFileName> name = SegmentFileName::parse(entry.name);
    if (!name || entry.is_directory) continue;
    if (name->suffix == FileSuffix::kDeleted) {
      services_.removals.add(path_of(*name), services_.env.loop.now());
    } else if (name->suffix == FileSuffix::kCleaned) {
      files.smallest_cleaned = std::min(files.smallest_cleaned, name->base_offset);
      TRY(disk.remove(path_of(*name)));
      log_->names_unsynced_ = true;
    } else {
      files.names.push_back(*name);
    }
  }
  return files;
}

// A `.swap` is complete; what it replaces may be gone already. Finishes the replacement.
Result<> LogLoader::finish_swaps(Files& files) {
  std::set<Offset> swaps;
  std::set<Offset> originals;  // that stay
  Offset from{INT64_MAX};
  Offset to{0};
  for (const SegmentFileName& name : files.names) {
    if (name.suffix != FileSuffix::kSwap || name.kind != FileKind::kLog) continue;
    // One whose neighbour was still being made is not part of a whole.
    if (name.base_offset >= files.smallest_cleaned) continue;
    const Offset end = TRY(end_of_file(name));
    // Rot has left nothing of it: the original is better, where it is still there.
    if (end == name.base_offset && files.has(name.base_offset, FileKind::kLog)) {
      originals.insert(name.base_offset);
      continue;
    }
    swaps.insert(name.base_offset);
    from = std::min(from, name.base_offset);
    to = std::max(to, end);
  }
  runtime::Disk& disk = services_.env.disk;
  std::vector<SegmentFileName> kept;
  for (const SegmentFileName& name : files.names) {
    const bool is_swap = name.suffix == FileSuffix::kSwap;
    const bool replaced = !is_swap && name.kind != FileKind::kProducerSnapshot &&
                          name.base_offset >= from && name.base_offset < to &&
                          !originals.contains(name.base_offset);
    if (replaced || (is_swap && !swaps.contains(name.base_offset))) {
      TRY(disk.remove(path_of(name)));
    } else {
      kept.push_back(name);
    }
  }
  if (kept.size() != files.names.size()) TRY(disk.sync_directory(log_->home_.directory));
  for (SegmentFileName& name : kept) {
    if (name.suffix != FileSuffix::kSwap) continue;
    SegmentFileName final_name = name;
    final_name.suffix = FileSuffix::kNone;
    TRY(disk.rename(path_of(name), path_of(final_name)));
    name = final_name;
  }
  if (!swaps.empty()) TRY(disk.sync_directory(log_->home_.directory));
  files.names = std::move(kept);
  return {};
}

Result<Offset> LogLoader::end_of_file(const SegmentFileName& name) {
  const std::unique_ptr<runtime::File> file =
      TRY(services_.env.disk.open(path_of(name), {.read_only = true}));
  HeaderWalk walk(*file, 0, TRY(file->size()), name.base_offset);
  Offset end = name.base_offset;
  while (true) {
    const Result<const kafka::BatchHeaderView*> header = walk.next();
    // It was complete when it got this name. What rot has left of it is better than nothing.
    if (!header && header.error().code() == Errc::kCorruptMessage) return end;
    if (!header) return std::unexpected(header.error());
    if (!*header) return end;
    end = (*header)->next_offset();
  }
}

// Retention removes the segments below log start. If it had begun when the server stopped, there
// may be a gap; what lies before that is of no use. Returns where what is kept begins.
Result<Offset> LogLoader::first_whole(const Files& files) {
  Offset first = checkpoints_.log_start;
  std::vector<SegmentFileName> below;
  for (const SegmentFileName& name : files.names) {
    if (name.kind == FileKind::kLog && name.base_offset < checkpoints_.log_start) {
      below.push_back(name);
    }
  }
  std::ranges::sort(below, std::greater(), &SegmentFileName::base_offset);
  for (const SegmentFileName& name : below) {
    const Offset next = files.end_of(name.base_offset);
    const bool is_last = next == Offset(INT64_MAX);
    if (!is_last && next <= checkpoints_.log_start && TRY(end_of_file(name)) < next) break;
    first = name.base_offset;
  }
  return first;
}

Result<> LogLoader::open_segments(const Files& files) {
  const Timestamp now = services_.env.clock.wall();
  const Offset first = TRY(first_whole(files));
  for (const SegmentFileName& name : files.names) {
    if (name.kind == FileKind::kProducerSnapshot) {
      log_->snapshots_.push_back(name.base_offset);
    } else if (name.base_offset < first) {
      TRY(services_.env.disk.remove(path_of(name)));
      log_->names_unsynced_ = true;
    } else if (name.kind == FileKind::kLog) {
      const runtime::FileInfo info = TRY(services_.env.disk.info(path_of(name)));
      if (info.size > INT32_MAX) {
        return fail(Errc::kCorruptFile, fmt::format("{} has {} bytes; segments have at most {}",
                                                    path_of(name), info.size, INT32_MAX));
      }
      const bool has_aborted = files.has(name.base_offset, FileKind::kTransactionIndex);
      log_->segments_.push(
          Segment::existing(log_->home_, name.base_offset, info.size, now, has_aborted));
    } else if (!files.has(name.base_offset, FileKind::kLog)) {
      LOG_WARNING("log", "{} has no .log beside it; removing it", path_of(name));
      TRY(services_.env.disk.remove(path_of(name)));
    }
  }
  std::ranges::sort(log_->snapshots_);
  first_to_recover_ = log_->segments_.size();
  for (size_t i = log_->segments_.size(); i-- > 0;) {
    Segment& segment = log_->segments_.at(i);
    const bool complete = files.has(segment.base_offset(), FileKind::kOffsetIndex) &&
                          files.has(segment.base_offset(), FileKind::kTimeIndex);
    const bool readable = !files.has(segment.base_offset(), FileKind::kTransactionIndex) ||
                          segment.transaction_index().has_value();
    if (!complete || !readable) first_to_recover_ = i;
  }
  return {};
}

Result<> LogLoader::load_epochs() {
  const std::string path = runtime::join_path(log_->home_.directory, kLeaderEpochCheckpointName);
  const Result<std::string> text = runtime::read_file(services_.env.disk, path, kSmallFileBytesMax);
  if (!text && text.error().code() == Errc::kNotFound) return {};
  if (!text) return std::unexpected(text.error());
  Result<std::vector<EpochEntry>> entries = parse_epoch_checkpoint(*text);
  if (entries) {
    log_->epochs_ = LeaderEpochs(std::move(*entries));
    return {};
  }
  if (entries.error().code() == Errc::kNewerFormat) {
    return std::unexpected(entries.error().within(path));
  }
  LOG_WARNING("log", "{}: {}; rebuilding it from the batches", path, entries.error().message());
  first_to_recover_ = 0;
  return {};
}

// No segment: nothing was appended yet, or somebody has taken all of them away.
Result<> LogLoader::start_empty() {
  if (!checkpoints_.clean) log_->distrust_page_cache();
  log_->log_end_ = checkpoints_.end();
  if (log_->log_end_ == Offset(0)) return {};
  report_.files_lost = true;
  if (checkpoints_.log_start < log_->log_end_) {
    log_->report_missing(checkpoints_.log_start, log_->log_end_, "its directory has no segment");
  }
  return log_->push_segment(log_->log_end_);
}

// After a clean stop the files are as they were left: only the last batch has to be found. Returns
// whether that is so.
bool LogLoader::measure() {
  if (!checkpoints_.clean || first_to_recover_ < log_->segments_.size()) return false;
  const Result<Offset> end = log_->segments_.active().next_offset();
  if (!end) {
    LOG_WARNING("log", "{}: {}; recovering its last segment", log_->name_.to_string(),
                end.error().message());
    first_to_recover_ = log_->segments_.size() - 1;
    return false;
  }
  const std::span<const Damage> damage = log_->segments_.active().damage();
  const bool open_ended = !damage.empty() && damage.back().next_offset == kNoOffset;
  if (*end < checkpoints_.recovery_point || open_ended || follows_a_gap()) {
    first_to_recover_ = log_->segments_.size() - 1;
    return false;
  }
  log_->log_end_ = *end;
  log_->stable_.flushed_to(*end);
  log_->stable_snapshot_ = *end;
  return true;
}

// Whether the last segment is empty and the one before it does not reach to it.
bool LogLoader::follows_a_gap() {
  const size_t last = log_->segments_.size() - 1;
  if (last == 0 || log_->segments_.active().size() > 0) return false;
  const Result<Offset> end = log_->segments_.at(last - 1).next_offset();
  return !end || *end < log_->segments_.active().base_offset();
}

// The log reaches to its recovery point. If it does not, somebody has taken files away; their
// offsets were given out, and are not given out again.
void LogLoader::note_missing_end() {
  PartitionLog& log = *log_;
  if (log.log_end_ >= checkpoints_.recovery_point) return;
  // An empty one gives way to the next, and what is noted of it goes with it.
  size_t index = log.segments_.size() - 1;
  while (index > 0 && log.segments_.at(index).size() == 0) --index;
  if (log.segments_.at(index).size() == 0) {
    log.report_missing(log.log_end_, checkpoints_.recovery_point, "its segments are empty");
  } else {
    note_damage({.position = log.segments_.at(index).size(),
                 .first_offset = log.log_end_,
                 .why = Error(Errc::kCorruptMessage, "the end of the log is missing")},
                index);
  }
  log.log_end_ = checkpoints_.recovery_point;
}

// After a clean stop the first epoch begins where the log did, or before it: a crash may have left
// an older file.
void LogLoader::report_missing_start() const {
  const std::optional<EpochEntry> earliest = log_->epochs_.earliest();
  if (!checkpoints_.clean || !earliest) return;
  const Offset began = std::max(earliest->start_offset, checkpoints_.log_start);
  const Offset first = log_->segments_.first().base_offset();
  if (began < first) log_->report_missing(began, first, "the log's first segments are not there");
}

Task<> LogLoader::recover() {
  PartitionLog& log = *log_;
  recovered_ = true;
  size_t index = first_to_recover_;
  if (!checkpoints_.clean) {
    // The one that holds the last stable record: where it ends is not yet known to be stable.
    const size_t unflushed = log.segments_.floor(checkpoints_.recovery_point - 1);
    index = std::min(index, unflushed == log.segments_.size() ? 0 : unflushed);
  }
  // Whether an empty one is in its place, only the one before it can tell; and any may turn out so.
  if (checkpoints_.clean && index > 0) --index;
  while (index > 0 && log.segments_.at(index).size() == 0) --index;
  // What was stopped in order is stable as far as nobody doubts it.
  const Offset undoubted = checkpoints_.clean ? log.segments_.at(index).base_offset() : Offset(0);
  log.stable_snapshot_ = checkpoints_.recovery_point - 1;
  co_await producers_before(index);
  for (; index < log.segments_.size(); ++index) {
    if (index > 0) take_snapshot(log.segments_.at(index).base_offset());
    const bool whole = co_await recover_segment(index);
    co_await sync_many();
    if (whole) continue;
    log.remove_segments(index + 1, log.segments_.size());
    // Otherwise what was cut could come back behind what is appended now.
    const std::shared_ptr<runtime::File> file = co_await log.segments_.at(index).file();
    co_await file->sync();
    co_await services_.env.disk.sync_directory(log.home_.directory);
  }
  note_missing_end();
  log.stable_.flushed_to(std::min(std::max(checkpoints_.recovery_point, undoubted), log.log_end_));
  if (!checkpoints_.clean) log.distrust_page_cache();
  if (log.stable_.flushed() < log.log_end_) log.need_commit();
}

// Keeps it from having hundreds of files open until the log is committed.
Task<> LogLoader::sync_many() {
  if (log_->unsynced_.size() < kUnsyncedMax) co_return;
  for (const std::shared_ptr<runtime::File>& file : log_->unsynced_) co_await file->sync();
  log_->unsynced_.clear();
  services_.cache.make_room();
}

// The producer state at the start of a segment. Later snapshots are perhaps only in the page cache,
// or torn; recovery takes them again.
Result<> LogLoader::producers_before(size_t index) {
  PartitionLog& log = *log_;
  const Offset base = log.segments_.at(index).base_offset();
  while (!log.snapshots_.empty() && log.snapshots_.back() > base) {
    log.remove_snapshot(log.snapshots_.back());
  }
  return log.rebuild_producers(base);
}

// Without it the next recovery reads more, and retention waits for a later one.
void LogLoader::take_snapshot(Offset base) {
  const Result<> taken = log_->take_producer_snapshot(base);
  if (taken) return;
  LOG_WARNING("log", "{}: cannot write the producer snapshot {}: {}", log_->name_.to_string(),
              base.value, taken.error().message());
}

// Reads the segment and takes over what it finds. Returns false when it was cut.
Task<bool> LogLoader::recover_segment(size_t index) {
  PartitionLog& log = *log_;
  Segment& segment = log.segments_.at(index);
  const std::shared_ptr<runtime::File> file = co_await segment.file();
  segment.forget_damage();  // what a rebuilt index met; a part of it may be cut now
  std::optional<Reading> reading =
      co_await read_segment(index, file.get(), checkpoints_.recovery_point);
  if (!reading) {
    co_await producers_before(index);
    reading = co_await read_segment(index, file.get(), Offset(0));
  }
  bool whole = !reading->cut;
  if (whole && index + 1 < log.segments_.size()) {
    whole = co_await ends_at_next(index, *reading);
  }
  report_.bytes_scanned += segment.size();
  log.log_end_ = std::max(log.log_end_, reading->next_offset);
  scanned_end_ = reading->next_offset;
  co_await write_again(file.get(), reading->stable_bytes, reading->contents.size);
  co_await segment.adopt(std::move(reading->contents), log.unsynced_);
  const bool sealed = whole && index + 1 < log.segments_.size();
  if (sealed) co_await segment.seal(log.unsynced_);
  log.names_unsynced_ = true;
  co_return whole;
}

// Of what lies below `trusted` only headers are looked at. Returns nothing when there is damage,
// for then that is not enough to tell where it begins.
Task<std::optional<LogLoader::Reading>> LogLoader::read_segment(size_t index, runtime::File* file,
                                                                Offset trusted) {
  PartitionLog& log = *log_;
  const Segment& segment = log.segments_.at(index);
  SegmentScan scan(
      *file, 0, segment.size(), log.segments_.offsets_of(index),
      services_.recovery_checks_crc ? kafka::CrcCheck::kVerify : kafka::CrcCheck::kSkip);
  scan.trust_below(trusted);
  Reading reading{.contents = Segment::Contents(segment.base_offset())};
  int64_t next_yield = kBytesBetweenYields;
  while (true) {
    const SegmentScan::Found found = co_await scan.next();
    if (found == SegmentScan::Found::kEnd) break;
    if (found == SegmentScan::Found::kDamage) {
      reading.cut = scan.damage().first_offset >= checkpoints_.recovery_point;
      if (reading.cut) {
        note_cut(scan.damage(), segment);
        break;
      }
      if (trusted > Offset(0)) co_return std::nullopt;
      note_damage(scan.damage(), index);
    } else {
      co_await note_batch(reading.contents, scan);
    }
    reading.contents.size = scan.next_position();
    if (scan.next_offset() <= checkpoints_.recovery_point) {
      reading.stable_bytes = reading.contents.size;
    }
    if (scan.next_position() > next_yield) {
      next_yield = scan.next_position() + kBytesBetweenYields;
      co_await runtime::yield();
      const bool reads_all = scan.next_offset() >= trusted;  // and not headers only
      if (reads_all && !file->is_resident(scan.next_position(), kBytesBetweenYields)) {
        co_await file->read_ahead(scan.next_position(), kBytesBetweenYields);
      }
    }
  }
  reading.next_offset = scan.next_offset();
  co_return reading;
}

// After a sync that failed, the page cache may hold bytes that are not on the disk and that no
// later sync would write, because they count as written. Whoever is killed at that moment leaves no
// trace of it. So what was not known to be stable is made dirty again.
Task<> LogLoader::write_again(runtime::File* file, int64_t from, int64_t to) {
  Buffer bytes;
  while (from < to) {
    bytes.resize(static_cast<size_t>(std::min(kBytesBetweenYields, to - from)));
    const size_t got = co_await file->read_at(from, bytes.mutable_bytes());
    if (got == 0) break;
    const Bytes piece = bytes.bytes().first(got);
    co_await file->write_at(from, {&piece, 1});
    from += int64_t(got);
    co_await runtime::yield();
  }
}

// Whether the segment reaches to the next one. A file that ends early, at the end of a batch, looks
// whole by itself.
Result<bool> LogLoader::ends_at_next(size_t index, const Reading& reading) {
  Segment& behind = log_->segments_.at(index + 1);
  const Offset next = behind.base_offset();
  const bool damaged_to_end = !damaged_.empty() && damaged_.back().second == index &&
                              damaged_.back().first.next_offset == kNoOffset;
  if (damaged_to_end || reading.next_offset >= next) return true;
  if (next - reading.next_offset > INT32_MAX && TRY(begins_with_batch(behind))) return true;
  const Damage missing{.position = reading.contents.size,
                       .first_offset = reading.next_offset,
                       .why = Error(Errc::kCorruptMessage, "the file ends too early")};
  if (missing.first_offset < checkpoints_.recovery_point) {
    note_damage(missing, index);
    return true;
  }
  note_cut(missing, log_->segments_.at(index));
  return false;
}

// An append may leave a gap that is too wide for one segment; then its batch is the first one
// behind the gap. If that did not become whole, there is no gap either.
Result<bool> LogLoader::begins_with_batch(Segment& segment) {
  const std::shared_ptr<runtime::File> file = TRY(segment.file());
  SegmentScan scan(*file, 0, segment.size(), SegmentOffsets::from(segment.base_offset()));
  return TRY(scan.next()) == SegmentScan::Found::kBatch;
}

Result<> LogLoader::note_batch(Segment::Contents& contents, SegmentScan& scan) {
  const kafka::BatchHeaderView& header = scan.header();
  contents.note(header, scan.position(), log_->config_->index_interval_bytes);
  if (header.partition_leader_epoch() > log_->epochs_.latest()) {
    log_->note_epoch(header.partition_leader_epoch(), header.base_offset());
  }
  if (!header.has_producer_id()) return {};
  if (!header.is_control()) {
    log_->producers_or_new().update(header);
    return {};
  }
  const kafka::RecordBatchView marker = TRY(scan.batch());
  const std::optional<AbortedTransaction> aborted = log_->note_producer(marker);
  if (aborted) contents.aborted.append(*aborted);
  return {};
}

void LogLoader::note_damage(const Damage& damage, size_t index) {
  PartitionLog& log = *log_;
  log.segments_.at(index).note_damage(damage);
  if (damage.next_offset == kNoOffset && index + 1 == log.segments_.size()) {
    // The offsets up to there were given out, and are not given out again.
    log.log_end_ = std::max(log.log_end_, checkpoints_.recovery_point);
  }
  damaged_.emplace_back(damage, index);
}

void LogLoader::note_cut(const Damage& damage, const Segment& segment) {
  LOG_INFO("log",
           "topic {}, partition {}: what was being written when the server stopped is incomplete; "
           "{} now ends at byte {}, offset {} ({})",
           log_->name_.topic, log_->name_.partition.value, segment.path(FileKind::kLog),
           damage.position, damage.first_offset.value, damage.why.message());
}

// Brings the parts in line with each other.
Result<> LogLoader::settle() {
  PartitionLog& log = *log_;
  log.home_.owner = &log;
  if (!log.segments_.empty() && log.log_end_ < checkpoints_.log_start) {
    // Unlike Kafka, which removes what is there: one wrong number must not cost a partition.
    return fail(
        Errc::kCorruptFile,
        fmt::format("{} says that the log begins at {}, and it ends at {}: either that number is "
                    "wrong, or segments were taken away. Bring these back; or take the "
                    "partition's line out of that file to keep what is there; or move the "
                    "partition's directory away to begin anew",
                    kLogStartOffsetName, checkpoints_.log_start.value, log.log_end_.value));
  }
  log.log_start_ = log.log_start_on_disk_ = checkpoints_.log_start;
  log.first_dirty_ = std::min(checkpoints_.first_dirty, log.log_end_);
  if (!log.segments_.empty()) {
    report_missing_start();
    log.log_start_ = std::max(log.log_start_, log.segments_.first().base_offset());
    if (checkpoints_.log_start_lost) take_log_start_from_epochs();
    // Stable offsets whose bytes are gone are not given to new records.
    if (recovered_ && scanned_end_ < log.log_end_) {
      TRY(log.roll_to(log.log_end_));
      log.log_start_ = std::max(log.log_start_, log.segments_.first().base_offset());
    }
  }
  report_.recovery_point_lost = is_recovery_point_lost();
  for (const auto& [damage, index] : damaged_) log.report(damage, index);
  log.high_watermark_ = std::clamp(checkpoints_.high_watermark, log.log_start_, log.log_end_);
  if (log.epochs_.truncate_from_end(log.log_end_)) log.note_epochs_changed(log.log_end_);
  if (log.epochs_.truncate_from_start(log.log_start_)) log.note_epochs_changed(log.log_start_);
  remove_stray_snapshots();
  if (!recovered_) TRY(log.rebuild_producers(log.log_end_));
  if (log.producers_) log.producers_->on_high_watermark(log.high_watermark_);
  log.plan_attention();
  log.hurry_removal();
  return {};
}

bool LogLoader::is_recovery_point_lost() const {
  return checkpoints_.clean && checkpoints_.recovery_point < log_->stable_.flushed();
}

// What was deleted before its segments go has no epoch any more.
void LogLoader::take_log_start_from_epochs() {
  PartitionLog& log = *log_;
  const std::optional<EpochEntry> earliest = log.epochs_.earliest();
  if (!earliest || earliest->start_offset <= log.log_start_) return;
  log.log_start_ = std::min(earliest->start_offset, log.log_end_);
  services_.checkpoints.want(Checkpoint::kLogStart);
}

// Kept are those at the base of a segment, and the newest one.
void LogLoader::remove_stray_snapshots() {
  PartitionLog& log = *log_;
  const std::vector<Offset> all = log.snapshots_;
  for (size_t i = 0; i < all.size(); ++i) {
    const size_t index = log.segments_.floor(all[i]);
    const bool at_base =
        index < log.segments_.size() && log.segments_.at(index).base_offset() == all[i];
    const bool newest = i + 1 == all.size() && all[i] >= log.log_start_;
    if (all[i] > log.log_end_ || !(at_base || newest)) log.remove_snapshot(all[i]);
  }
}

}  // namespace millrace::log
