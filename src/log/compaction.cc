#include "log/compaction.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/logging.h"
#include "log/committer.h"
#include "log/removals.h"

namespace millrace::log {

using runtime::Task;

namespace {

constexpr size_t kOutBytes = 512 << 10;             // log.cleaner.io.buffer.size
constexpr int64_t kBytesBetweenPauses = 256 << 10;  // about 0.2 ms of work
constexpr size_t kDecompressedBytesMax = 512u << 20;

/// A new segment whose files go again unless it is swapped in.
struct Unfinished {
  std::unique_ptr<Segment> segment;
  ~Unfinished() {
    if (segment) segment->remove_files(FileSuffix::kCleaned);
  }
};

/// The earliest of two that may be none.
void take_earlier(std::optional<Timestamp>& due, Timestamp other) {
  if (!due || other < *due) due = other;
}

}  // namespace

// What may be compacted ends at the active segment, at the last stable offset, at the first segment
// that is younger than min.compaction.lag.ms, and where no stable snapshot of the producers
// follows: their batches are left out because of later ones that a crash may still take.
Result<Cleanable> Compaction::measure(PartitionLog& log, Timestamp now) {
  const LogConfig& config = log.config();
  Cleanable range{.first_dirty = std::max(log.first_dirty_, log.log_start_), .end = log.log_start_};
  if (range.first_dirty > log.log_end_) range.first_dirty = log.log_start_;
  std::optional<Timestamp> oldest;
  for (size_t i = 0; i + 1 < log.segments_.size(); ++i) {
    Segment& segment = log.segments_.at(i);
    const Offset end = log.end_of_segment(i);
    if (end > log.last_stable_offset() || !log.producers_outlive(end)) break;
    const bool dirty = end > range.first_dirty;
    if (dirty && config.min_compaction_lag_ms > Duration{}) {
      const Timestamp ripe =
          TRY(segment.largest_timestamp()).timestamp + config.min_compaction_lag_ms;
      if (ripe > now) {
        range.due = ripe;
        break;
      }
    }
    (dirty ? range.dirty_bytes : range.clean_bytes) += segment.size();
    range.end = end;
    if (!dirty || !config.max_compaction_lag_ms) continue;
    const Timestamp first = TRY(segment.first_timestamp());
    if (first.ms > 0) take_earlier(oldest, first);
  }
  if (range.dirty_bytes == 0) return range;
  range.wanted = range.ratio() > config.min_cleanable_dirty_ratio;
  if (!oldest) return range;
  const Timestamp overdue = *oldest + *config.max_compaction_lag_ms;
  range.wanted = range.wanted || overdue < now;
  take_earlier(range.due, overdue + milliseconds(1));
  return range;
}

Compaction::Compaction(std::shared_ptr<PartitionLog> log, OffsetMap map, Pacer& pacer)
    : log_(std::move(log)),
      map_(std::move(map)),
      hasher_(log_->services_.env.random),
      pacer_(pacer),
      now_(log_->services_.env.clock.wall()),
      version_(log_->segments_version_) {}

Result<> Compaction::check_unchanged() const {
  TRY(log_->check_open());
  if (log_->segments_version_ == version_) return {};
  return fail(Errc::kCancelled, "segments were removed meanwhile");
}

Task<Offset> Compaction::run(Cleanable range) {
  co_await map_dirty(range);
  for (size_t from = 0; from < log_->segments_.size();) {
    if (log_->segments_.at(from).base_offset() >= mapped_end_) break;
    const size_t to = group_end(from, range.end);
    if (to == from) break;
    from = co_await clean_group(from, to);
  }
  co_return mapped_end_;
}

// The next whole batch of a segment; false at its end. Damage ends the pass: what cannot be read
// must not be taken for superseded.
Result<bool> Compaction::next_batch(SegmentScan& scan, const Segment& segment) const {
  const SegmentScan::Found found = TRY(scan.next());
  if (found != SegmentScan::Found::kDamage) return found == SegmentScan::Found::kBatch;
  return fail(Errc::kCorruptMessage, fmt::format("{} at byte {} of {}", scan.damage().why.message(),
                                                 scan.position(), segment.path(FileKind::kLog)));
}

Task<> Compaction::map_dirty(Cleanable range) {
  CleanedTransactions transactions;
  transactions.add(co_await log_->aborted_transactions(range.first_dirty, range.end));
  mapped_end_ = range.first_dirty;
  const size_t first = log_->segments_.floor(range.first_dirty);
  for (size_t i = first == log_->segments_.size() ? 0 : first; i < log_->segments_.size(); ++i) {
    Segment& segment = log_->segments_.at(i);
    if (segment.base_offset() >= range.end) co_return;
    const Offset end = log_->end_of_segment(i);
    const std::shared_ptr<runtime::File> file = co_await segment.file();
    SegmentScan scan(*file, 0, segment.size(), log_->offsets_of(i));
    int64_t pause_at = kBytesBetweenPauses;
    while (co_await next_batch(scan, segment)) {
      if (scan.next_position() > pause_at) {
        co_await pacer_.spent(kBytesBetweenPauses);
        pause_at += kBytesBetweenPauses;
        co_await check_unchanged();
      }
      const kafka::RecordBatchView batch = co_await scan.batch();
      if (batch.is_control()) {
        transactions.on_marker(batch, co_await commit_of(batch));
      } else if (!transactions.on_data(batch)) {
        if (!co_await map_batch(batch, range.first_dirty)) co_return;
      }
      if (batch.last_offset() >= range.first_dirty) mapped_end_ = batch.next_offset();
    }
    // Offsets that compaction has left out are covered too.
    mapped_end_ = end;
  }
}

// Whether the marker in a control batch commits; nothing when its record is gone.
Result<std::optional<bool>> Compaction::commit_of(const kafka::RecordBatchView& batch) {
  kafka::RecordCursor records(batch, batch.payload());
  const kafka::RecordView* record = records.next();
  if (!record) {
    TRY(records.end());
    return std::nullopt;
  }
  return TRY(kafka::parse_end_transaction_marker(*record)).commit;
}

// Returns false when the map is full.
Result<bool> Compaction::map_batch(const kafka::RecordBatchView& batch, Offset from) {
  if (batch.last_offset() < from) return true;
  kafka::RecordCursor cursor(
      batch, TRY(kafka::decompress_records(batch, decompressor_, records_, kDecompressedBytesMax)));
  while (const kafka::RecordView* record = cursor.next()) {
    if (!record->key || record->offset < from) continue;
    if (!map_.put(hasher_.hash(*record->key), record->offset)) return false;
  }
  TRY(cursor.end());
  return true;
}

// Segments are merged as long as the new one stays within what a segment may be.
size_t Compaction::group_end(size_t from, Offset end) {
  SegmentList& segments = log_->segments_;
  const int64_t bytes_max = log_->config().segment_bytes;
  int64_t bytes = 0;
  size_t to = from;
  for (; to + 1 < segments.size() && segments.at(to).base_offset() < mapped_end_; ++to) {
    const Offset next = log_->end_of_segment(to);
    const bool in_range = next - segments.at(from).base_offset() <= INT32_MAX;
    if (next > end) break;
    if (to > from && (bytes + segments.at(to).size() > bytes_max || !in_range)) break;
    bytes += segments.at(to).size();
  }
  return to;
}

// Returns the index behind the new segment.
Task<size_t> Compaction::clean_group(size_t from, size_t to) {
  PartitionLog& log = *log_;
  group_end_ = log.end_of_segment(to - 1);
  last_of_producers_.clear();
  if (log.producers_) {
    for (const ProducerEntry* entry : log.producers_->entries()) {
      const ProducerBatch* last = entry->last_batch();
      last_of_producers_[entry->producer_id] = {last ? last->last_offset : kNoOffset, entry->epoch};
    }
  }
  Unfinished cleaned{co_await Segment::create(log.home_, log.segments_.at(from).base_offset(),
                                              log.segments_.at(from).created(),
                                              FileSuffix::kCleaned)};
  for (size_t i = from; i < to; ++i) co_await copy_segment(i, cleaned.segment.get());
  co_await flush(*cleaned.segment);
  UnsyncedFiles unsynced;
  co_await cleaned.segment->seal(unsynced);
  const std::shared_ptr<runtime::File> file = co_await cleaned.segment->file();
  co_await file->sync();
  for (const std::shared_ptr<runtime::File>& index : unsynced) co_await index->sync();
  co_await check_unchanged();
  co_await swap_in(std::move(cleaned.segment), from, to);
  version_ = log.segments_version_;
  co_return from + 1;
}

Task<> Compaction::copy_segment(size_t index, Segment* into) {
  Segment& segment = log_->segments_.at(index);
  const SegmentOffsets offsets = log_->offsets_of(index);
  transactions_.add(co_await log_->aborted_transactions(offsets.first, offsets.end));
  const std::shared_ptr<runtime::File> file = co_await segment.file();
  SegmentScan scan(*file, 0, segment.size(), offsets);
  int64_t pause_at = kBytesBetweenPauses;
  while (co_await next_batch(scan, segment)) {
    co_await filter(co_await scan.batch());
    for (const AbortedTransaction& kept : transactions_.take_kept()) {
      co_await into->append_aborted(kept);
    }
    if (out_.size() >= kOutBytes) co_await flush(*into);
    if (scan.next_position() <= pause_at) continue;
    co_await pacer_.spent(kBytesBetweenPauses);
    pause_at += kBytesBetweenPauses;
    co_await check_unchanged();
  }
  statistics_.bytes_read += segment.size();
}

Result<> Compaction::flush(Segment& into) {
  if (out_.empty()) return {};
  UnsyncedFiles later;
  TRY(into.append(out_, log_->config().index_interval_bytes, later));
  statistics_.bytes_written += int64_t(out_.size());
  out_.clear();
  return {};
}

// Source: Kafka's Cleaner.cleanInto, checkBatchRetention.
Result<Compaction::Verdict> Compaction::judge(const kafka::RecordBatchView& batch) {
  Verdict verdict;
  if (batch.is_control()) {
    verdict.marker_without_data = transactions_.on_marker(batch, TRY(commit_of(batch)));
    const std::optional<Timestamp> horizon = batch.delete_horizon();
    verdict.drop_records = verdict.marker_without_data && horizon && *horizon <= now_;
  } else {
    verdict.drop_records = transactions_.on_data(batch);
  }
  const auto last = last_of_producers_.find(batch.producer_id());
  if (batch.has_producer_id() && last != last_of_producers_.end()) {
    verdict.keep_empty = last->second.offset != kNoOffset
                             ? batch.last_offset() == last->second.offset
                             : batch.is_control() && batch.producer_epoch() == last->second.epoch;
  }
  verdict.keep_empty = verdict.keep_empty || batch.next_offset() == group_end_;
  return verdict;
}

Result<bool> Compaction::keep_record(const kafka::RecordBatchView& batch,
                                     const kafka::RecordView& record) {
  if (record.offset >= mapped_end_) return true;
  // Compacted topics refuse records without a key; one from before that was set is of no use.
  if (!record.key) return false;
  if (record.offset < map_.get(hasher_.hash(*record.key))) return false;
  const std::optional<Timestamp> horizon = batch.delete_horizon();
  return record.value || !horizon || *horizon > now_;
}

// Adds to the output what stays of a batch.
Result<> Compaction::filter(const kafka::RecordBatchView& batch) {
  const Verdict verdict = TRY(judge(batch));
  if (verdict.drop_records && !verdict.keep_empty) return {};

  kafka::BatchOptions options = kafka::options_like(batch);
  const Bytes records =
      TRY(kafka::decompress_records(batch, decompressor_, records_, kDecompressedBytesMax));
  kept_.clear();
  bool tombstones = false;
  kafka::RecordCursor cursor(batch, records);
  while (const kafka::RecordView* record = cursor.next()) {
    ++statistics_.records_read;
    if (verdict.drop_records) continue;
    if (!batch.is_control() && !TRY(keep_record(batch, *record))) continue;
    tombstones = tombstones || !record->value;
    kept_.push_back(*record);
  }
  TRY(cursor.end());
  statistics_.records_kept += int64_t(kept_.size());
  if (kept_.empty()) {
    if (verdict.keep_empty) {
      kafka::append_empty_batch(options, batch.last_offset_delta(), batch.max_timestamp(), out_);
    }
    return {};
  }
  const bool set_horizon = (tombstones || verdict.marker_without_data) && !batch.delete_horizon();
  if (int32_t(kept_.size()) == batch.record_count() && !set_horizon) {
    out_.append(batch.bytes());
    return {};
  }
  if (set_horizon) options.delete_horizon = now_ + log_->config().delete_retention_ms;
  builder_.begin(options);
  for (const kafka::RecordView& record : kept_) TRY(builder_.copy(record));
  builder_.set_last_offset_delta(batch.last_offset_delta());
  out_.append(TRY(builder_.finish()));
  return {};
}

// From the second step on a restart finishes what was begun. Where we cannot, the log is done with
// until then: a next compaction would give its segment the name that this one still has.
Result<> Compaction::swap_in(std::unique_ptr<Segment> cleaned, size_t from, size_t to) {
  PartitionLog& log = *log_;
  runtime::Disk& disk = log.services_.env.disk;
  const std::string& directory = log.home_.directory;
  const Result<> prepared = [&]() -> Result<> {
    TRY(disk.sync_directory(directory));
    TRY(cleaned->rename(FileSuffix::kSwap));
    return disk.sync_directory(directory);
  }();
  if (!prepared) {
    cleaned->remove_files(FileSuffix::kSwap);
    cleaned->remove_files(FileSuffix::kCleaned);
    return prepared;
  }
  const Offset base = cleaned->base_offset();
  Segment& swapped = *cleaned;
  log.remove_segments(from, to, base);
  std::vector<std::unique_ptr<Segment>> fresh;
  fresh.push_back(std::move(cleaned));
  log.segments_.insert(std::move(fresh));
  const Result<> finished = [&]() -> Result<> {
    TRY(disk.sync_directory(directory));
    TRY(swapped.rename(FileSuffix::kNone));
    return disk.sync_directory(directory);
  }();
  if (!finished) log.fail_for_good(finished.error().within("a compaction could not be finished"));
  return finished;
}

}  // namespace millrace::log
