// PartitionLog: reading by offset and by time.
#include <fmt/core.h>

#include <algorithm>

#include "base/logging.h"
#include "kafka/record.h"
#include "log/header_walk.h"
#include "log/partition_log.h"

namespace millrace::log {
namespace {

// A batch that is searched record by record; larger ones are answered by their first offset.
constexpr size_t kDecompressedBytesMax = 256u << 20;

Error out_of_range(Offset from, Offset first, Offset end) {
  return Error(Errc::kOffsetOutOfRange,
               fmt::format("offset {}, the log has {} to {}", from.value, first.value, end.value));
}

}  // namespace

Offset PartitionLog::bound_of(ReadBound bound) const {
  switch (bound) {
    case ReadBound::kHighWatermark:
      return high_watermark_;
    case ReadBound::kLastStable:
      return last_stable_offset();
    case ReadBound::kLogEnd:
      break;
  }
  return log_end_;
}

Offset PartitionLog::end_of_segment(size_t index) {
  return index + 1 < segments_.size() ? segments_.at(index + 1).base_offset() : log_end_;
}

// What a segment can hold, now that it is known where the log ends.
SegmentOffsets PartitionLog::offsets_of(size_t index) const {
  SegmentOffsets offsets = segments_.offsets_of(index);
  offsets.end = std::min(offsets.end, log_end_);
  return offsets;
}

Result<ReadResult> PartitionLog::read(Offset from, const ReadOptions& options) {
  if (closed_) TRY(check_open());
  if (from < log_start_ || from > log_end_) {
    return std::unexpected(where(out_of_range(from, log_start_, log_end_)));
  }
  Offset bound = bound_of(options.bound);
  if (failure_) {
    // What a failed sync has left in the page cache is not what was written.
    if (from < bound && from >= stable_.flushed()) return std::unexpected(*failure_);
    bound = std::min(bound, stable_.flushed());
  }
  size_t index = segments_.floor(from);
  if (index == segments_.size()) index = 0;
  for (; from < bound && index < segments_.size(); ++index) {
    Result<std::optional<ReadResult>> found = read_around_damage(index, from, bound, options);
    if (!found && found.error().code() == Errc::kWouldBlock) return fail(Errc::kWouldBlock);
    if (!found) return std::unexpected(where(found.error()));
    if (*found) return **std::move(found);
    // A gap that compaction or retention has left.
  }
  return ReadResult{{}, std::max(from, bound)};
}

void PartitionLog::report_unreadable(const Error& error) {
  const std::string line = error.message();
  if (unreadable_.is_news(line, services_.env.loop.now())) LOG_WARNING("log", "fetch: {}", line);
}

// Comes upon each damage once; after that it is known, and reads go around it.
Result<std::optional<ReadResult>> PartitionLog::read_around_damage(size_t index, Offset from,
                                                                   Offset end,
                                                                   const ReadOptions& options) {
  Segment& segment = segments_.at(index);
  while (true) {
    Result<std::optional<ReadResult>> found = read_in(index, from, end, options);
    if (const Damage* damage = segment.damage_at(from)) {
      const DamagedRange range = range_of(*damage, index);
      return fail(
          Errc::kCorruptMessage,
          fmt::format("offsets {} to {} are damaged ({}); reading can go on at {}",
                      range.first.value, range.next.value - 1, range.what, range.next.value));
    }
    if (found || found.error().code() != Errc::kCorruptMessage) return found;
    if (!TRY(segment.examine(from, offsets_of(index).end))) return found;
    report(segment.damage().back(), index);
  }
}

// Nothing when the segment holds nothing from `from` on.
Result<std::optional<ReadResult>> PartitionLog::read_in(size_t index, Offset from, Offset end,
                                                        const ReadOptions& options) {
  Segment& segment = segments_.at(index);
  const std::optional<Segment::BatchPlace> first = TRY(segment.find(from, options.cold));
  if (!first) return std::nullopt;
  const Offset segment_end = end_of_segment(index);
  if (const Offset here = offsets_of(index).end; first->last_offset >= here) {
    return fail(Errc::kCorruptMessage, fmt::format("offset {} in a segment that ends before {}",
                                                   first->last_offset.value, here.value));
  }
  if (first->last_offset >= end) return ReadResult{{}, end};
  int64_t limit = segment.size();
  Offset upper = segment_end;
  if (end < segment_end) {
    const std::optional<Segment::BatchPlace> behind = TRY(segment.find(end, options.cold));
    if (behind) limit = behind->position;
    upper = end;
  }
  for (const Damage& damage : segment.damage()) {
    if (damage.position < first->position || damage.position >= limit) continue;
    limit = damage.position;
    upper = damage.first_offset;
    break;
  }
  if (limit - first->position > options.bytes_max) {
    const Segment::Boundary boundary = TRY(segment.boundary_before(
        first->position, first->position + options.bytes_max, options.cold));
    if (boundary.position < limit) {
      limit = boundary.position;
      upper = boundary.next_offset;
    }
  }
  return ReadResult{{TRY(segment.file()), first->position, limit - first->position}, upper};
}

Result<std::vector<AbortedTransaction>> PartitionLog::aborted_transactions(Offset from, Offset to) {
  std::vector<AbortedTransaction> aborted;
  size_t index = segments_.floor(from);
  if (index == segments_.size()) index = 0;
  for (; index < segments_.size(); ++index) {
    if (TRY(segments_.at(index).transaction_index())->collect(from, to, aborted)) break;
  }
  return aborted;
}

Result<std::optional<OffsetAtTime>> PartitionLog::offset_for_timestamp(Timestamp timestamp,
                                                                       ReadBound bound) {
  timestamp = std::max(timestamp, kNoTimestamp);
  for (const std::unique_ptr<Segment>& segment : segments_) {
    if (TRY(segment->largest_timestamp()).timestamp < timestamp) continue;
    const std::optional<OffsetAtTime> found = TRY(search_by_time(*segment, timestamp));
    if (found) return found->offset < bound_of(bound) ? found : std::nullopt;
  }
  return std::nullopt;
}

Result<std::optional<OffsetAtTime>> PartitionLog::offset_of_max_timestamp(ReadBound bound) {
  Segment* latest = nullptr;
  Timestamp largest;
  for (const std::unique_ptr<Segment>& segment : segments_) {
    const Segment::Largest candidate = TRY(segment->largest_timestamp());
    if (candidate.timestamp <= largest || candidate.offset < log_start_) continue;
    latest = segment.get();
    largest = candidate.timestamp;
  }
  if (!latest) return std::nullopt;
  const std::optional<OffsetAtTime> found = TRY(search_by_time(*latest, largest));
  return found && found->offset < bound_of(bound) ? found : std::nullopt;
}

// The first record of the segment at or after `timestamp`, from log start on.
Result<std::optional<OffsetAtTime>> PartitionLog::search_by_time(Segment& segment,
                                                                 Timestamp timestamp) {
  // All records before the entry's batch are older than its timestamp, which is not newer.
  const Offset from =
      std::max(log_start_, TRY(segment.time_index())->floor(timestamp - milliseconds(1)).offset);
  const int64_t position = TRY(segment.offset_index())->floor(from).position;
  const std::shared_ptr<runtime::File> file = TRY(segment.file());
  HeaderWalk walk(*file, position, segment.size(), segment.base_offset());
  while (const kafka::BatchHeaderView* header = TRY(walk.next())) {
    if (header->max_timestamp() < timestamp || header->last_offset() < log_start_) continue;
    const std::optional<OffsetAtTime> found =
        TRY(search_batch({file, walk.position(), int64_t(header->size())}, timestamp));
    if (found) return found;
  }
  return std::nullopt;
}

Result<std::optional<OffsetAtTime>> PartitionLog::search_batch(const FileSlice& slice,
                                                               Timestamp timestamp) {
  Scratch& scratch = services_.scratch;
  scratch.batch.clear();
  TRY(slice.copy_to(scratch.batch));
  const kafka::RecordBatchView batch = TRY(kafka::parse_batch(scratch.batch));
  const Bytes bytes = TRY(kafka::decompress_records(batch, scratch.decompressor, scratch.records,
                                                    kDecompressedBytesMax));
  kafka::RecordCursor records(batch, bytes);
  while (const kafka::RecordView* record = records.next()) {
    if (record->timestamp < timestamp || record->offset < log_start_) continue;
    return OffsetAtTime{record->timestamp, record->offset, batch.partition_leader_epoch()};
  }
  TRY(records.end());
  return std::nullopt;
}

std::vector<DamagedRange> PartitionLog::damaged() {
  std::vector<DamagedRange> ranges;
  for (size_t i = 0; i < segments_.size(); ++i) {
    for (const Damage& damage : segments_.at(i).damage()) ranges.push_back(range_of(damage, i));
  }
  return ranges;
}

DamagedRange PartitionLog::range_of(const Damage& damage, size_t index) {
  const Offset next = damage.next_offset == kNoOffset ? end_of_segment(index) : damage.next_offset;
  return {damage.first_offset, next, damage.why.detail()};
}

void PartitionLog::report(const Damage& damage, size_t index) {
  const DamagedRange range = range_of(damage, index);
  LOG_ERROR("log",
            "topic {}, partition {}: offsets {} to {} are damaged ({}, byte {} of {}); the rest "
            "stays readable. Restore the file from a copy, or let retention remove it.",
            name_.topic, name_.partition.value, range.first.value, range.next.value - 1, range.what,
            damage.position, segments_.at(index).path(FileKind::kLog));
}

void PartitionLog::report_missing(Offset first, Offset next, std::string_view why) const {
  LOG_ERROR("log",
            "topic {}, partition {}: offsets {} to {} are lost: {}. They are not given out again. "
            "If there is a copy of {}, stop the server and put it back before more is written.",
            name_.topic, name_.partition.value, first.value, next.value - 1, why, home_.directory);
}

}  // namespace millrace::log
