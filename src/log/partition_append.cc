// PartitionLog: appending.
#include <fmt/core.h>

#include <algorithm>

#include "base/check.h"
#include "kafka/control_record.h"
#include "kafka/record_batch_builder.h"
#include "log/committer.h"
#include "log/partition_log.h"
#include "log/write_trouble.h"

namespace millrace::log {
namespace {

int64_t limit_ms(const std::optional<Duration>& limit) {
  return limit ? limit->ms() : std::numeric_limits<int64_t>::max();
}

kafka::BatchRules rules_of(const LogConfig& config, Timestamp now, bool zstd_allowed) {
  return {.now = now,
          .timestamp_type = config.message_timestamp_type,
          .timestamp_before_ms_max = limit_ms(config.message_timestamp_before_max_ms),
          .timestamp_after_ms_max = limit_ms(config.message_timestamp_after_max_ms),
          .message_bytes_max = config.max_message_bytes,
          .keys_required = config.cleanup_compact,
          .zstd_allowed = zstd_allowed};
}

/// The marker in a control batch of a producer; nothing in others.
Result<std::optional<std::pair<kafka::EndTransactionMarker, Timestamp>>> marker_in(
    const kafka::RecordBatchView& batch) {
  if (!batch.is_control() || !batch.has_producer_id()) return std::nullopt;
  kafka::RecordCursor records(batch, batch.payload());
  const kafka::RecordView* record = records.next();
  if (!record) {
    // Compaction has emptied it.
    TRY(records.end());
    return std::nullopt;
  }
  return std::pair(TRY(kafka::parse_end_transaction_marker(*record)), record->timestamp);
}

struct Extent {
  Offset first;
  Offset last;
  Timestamp max_timestamp;
};

Extent extent_of(Bytes batches) {
  Extent extent;
  kafka::BatchCursor cursor(batches, kafka::CrcCheck::kSkip);
  while (const kafka::RecordBatchView* batch = cursor.next()) {
    if (extent.first == kNoOffset) extent.first = batch->base_offset();
    extent.last = batch->last_offset();
    extent.max_timestamp = std::max(extent.max_timestamp, batch->max_timestamp());
  }
  return extent;
}

// Nobody writes so much: a foreign file leads there, by its name or by a batch with such an offset.
Result<> check_offsets_left(Offset next, const kafka::BatchHeaderView& batch) {
  if (batch.last_offset_delta() < INT64_MAX - next.value) return {};
  return fail(Errc::kOffsetOutOfRange,
              fmt::format("the log ends at offset {}, behind which no offsets are left for {} "
                          "records",
                          next.value, batch.last_offset_delta() + int64_t{1}));
}

}  // namespace

// Producers try again; what brokers write themselves has what is left.
Result<> PartitionLog::check_descriptors() const {
  const bool is_open = !segments_.empty() && segments_.active().is_open();
  if (is_open || !services_.cache.is_crowded()) return {};
  const Error error(Errc::kOverloaded,
                    fmt::format("{} segments are open and not stable yet, as many as may be",
                                services_.cache.open_count()));
  services_.write_trouble.on_failure(error, services_.env.loop.now());
  return std::unexpected(where(error));
}

ProduceResult PartitionLog::append_produced(MutableBytes bytes, const ProduceOptions& options) {
  if (Result<> open = check_writable(); !open) return std::unexpected(open.error());
  if (Result<> room = check_descriptors(); !room) return std::unexpected(room.error());
  const Timestamp now = services_.env.clock.wall();
  Scratch& scratch = services_.scratch;
  const kafka::BatchRules rules = rules_of(*config_, now, options.zstd_allowed);
  const auto produced =
      kafka::validate_produced_batch(bytes, rules, scratch.decompressor, scratch.records);
  if (!produced) return std::unexpected(produced.error());

  const kafka::RecordBatchView batch = produced->batch;
  MutableBytes stored = bytes.first(batch.size());
  const bool stamped = config_->message_timestamp_type == kafka::TimestampType::kLogAppendTime;
  if (batch.has_producer_id() && producers_) {
    const auto duplicate = producers_->check(batch, AppendOrigin::kClient);
    if (!duplicate) return std::unexpected(where(duplicate.error()));
    if (*duplicate) {
      return AppendInfo{(*duplicate)->first_offset(), (*duplicate)->last_offset,
                        (*duplicate)->timestamp, log_start_, true};
    }
  }
  if (const Result<> left = check_offsets_left(log_end_, batch); !left) {
    return std::unexpected(where(left.error()));
  }
  if (produced->must_stamp) {
    kafka::set_timestamps(stored, config_->message_timestamp_type, produced->max_timestamp);
  }
  if (config_->compression_type && *config_->compression_type != batch.codec()) {
    const Result<> done = recompress(batch);
    if (!done) return std::unexpected(where(done.error()));
    stored = scratch.batch.mutable_bytes();
  }
  kafka::set_base_offset(stored, log_end_);
  kafka::set_partition_leader_epoch(stored, options.leader_epoch);
  const Offset first = log_end_;
  if (Result<> written = write(stored); !written) return std::unexpected(written.error());
  return AppendInfo{first, log_end_ - 1, stamped ? now : kNoTimestamp, log_start_, false};
}

// Leaves the batch in the topic's codec in scratch.batch.
Result<> PartitionLog::recompress(const kafka::RecordBatchView& batch) {
  Scratch& scratch = services_.scratch;
  constexpr size_t kDecompressedBytesMax = 256u << 20;
  const Bytes records = TRY(kafka::decompress_records(batch, scratch.decompressor, scratch.records,
                                                      kDecompressedBytesMax));
  scratch.batch.clear();
  TRY(kafka::append_recompressed(batch, records, *config_->compression_type,
                                 config_->compression_level, scratch.compressor, scratch.batch));
  return kafka::check_message_size(scratch.batch.size(), config_->max_message_bytes);
}

Result<AppendInfo> PartitionLog::append_own(MutableBytes batches, LeaderEpoch leader_epoch) {
  TRY(check_writable());
  Offset next = log_end_;
  for (MutableBytes rest = batches; !rest.empty();) {
    const Result<kafka::RecordBatchView> batch = kafka::parse_batch(rest);
    if (!batch) return std::unexpected(where(batch.error()));
    if (const Result<> left = check_offsets_left(next, *batch); !left) {
      return std::unexpected(where(left.error()));
    }
    if (producers_ && batch->has_producer_id()) {
      Result<> allowed;
      if (const auto marker = TRY(marker_in(*batch)); marker) {
        allowed = producers_->check_marker(*batch, marker->first, AppendOrigin::kCoordinator);
      } else if (!batch->is_control()) {
        const auto checked = producers_->check(*batch, AppendOrigin::kCoordinator);
        if (!checked) allowed = std::unexpected(checked.error());
      }
      if (!allowed) return std::unexpected(where(allowed.error()));
    }
    if (config_->message_timestamp_type == kafka::TimestampType::kLogAppendTime) {
      kafka::set_log_append_time(rest, services_.env.clock.wall());
    }
    kafka::set_base_offset(rest, next);
    kafka::set_partition_leader_epoch(rest, leader_epoch);
    next = batch->next_offset();
    rest = rest.subspan(batch->size());
  }
  const Offset first = log_end_;
  TRY(write(batches));
  return AppendInfo{first, log_end_ - 1, kNoTimestamp, log_start_, false};
}

Result<AppendInfo> PartitionLog::append_replicated(Bytes batches) {
  TRY(check_writable());
  kafka::BatchCursor cursor(batches);
  Offset next = log_end_;
  while (const kafka::RecordBatchView* batch = cursor.next()) {
    if (batch->base_offset() < next) {
      return std::unexpected(
          where(Error(Errc::kCorruptMessage, fmt::format("the leader sent offset {}, {} is next",
                                                         batch->base_offset().value, next.value))));
    }
    next = batch->next_offset();
  }
  if (cursor.end() == kafka::BatchEnd::kCorrupt) return std::unexpected(where(cursor.problem()));
  const Bytes whole = batches.first(cursor.position());
  const Offset first = log_end_;
  TRY(write(whole));
  return AppendInfo{first, log_end_ - 1, kNoTimestamp, log_start_, false};
}

// Writes batches that are complete: checked, with their offsets and epochs.
Result<> PartitionLog::write(Bytes batches) {
  const Offset first = log_end_;
  TRY(write_to_segment(batches));
  if (batches.empty()) return {};
  make_durable(batches, first);
  if (!due_.due()) plan_attention();
  advance_own_high_watermark();
  changed();
  return {};
}

Result<> PartitionLog::write_to_segment(Bytes batches) {
  if (batches.empty()) return {};
  const Extent extent = extent_of(batches);
  const auto bytes = int64_t(batches.size());
  if (bytes > config_->segment_bytes) {
    return std::unexpected(
        where(Error(Errc::kRecordListTooLarge,
                    fmt::format("{} bytes, segments have {}", bytes, config_->segment_bytes))));
  }
  const Result<> written = [&]() -> Result<> {
    Segment* segment = TRY(segment_for(bytes, extent.first, extent.last, extent.max_timestamp));
    return segment->append(batches, config_->index_interval_bytes, unsynced_);
  }();
  if (!written) {
    Error error = where(written.error());
    services_.write_trouble.on_failure(error, services_.env.loop.now());
    return std::unexpected(std::move(error));
  }
  services_.write_trouble.on_success();
  note_appended(batches);
  log_end_ = extent.last.next();
  return {};
}

Result<> PartitionLog::append_recovered(Bytes batches) {
  TRY(check_open());
  return write_to_segment(batches);
}

Result<> PartitionLog::skip_lost(Offset offset) {
  if (segments_.empty()) {
    log_start_ = log_end_ = offset;
    return push_segment(offset);
  }
  Segment& last = segments_.active();
  last.note_damage({.position = last.size(),
                    .first_offset = log_end_,
                    .why = Error(Errc::kCorruptMessage, "the journal has lost these records")});
  report(last.damage().back(), segments_.size() - 1);
  log_end_ = offset;
  return roll_to(offset);
}

// What follows from batches in the log besides their bytes: epochs, producers, transactions.
void PartitionLog::note_appended(Bytes batches) {
  kafka::BatchCursor cursor(batches, kafka::CrcCheck::kSkip);
  while (const kafka::RecordBatchView* batch = cursor.next()) {
    if (batch->partition_leader_epoch().value >= 0) {
      note_epoch(batch->partition_leader_epoch(), batch->base_offset());
    }
    if (!batch->has_producer_id()) continue;
    const bool first_producer = !producers_ || producers_->empty();
    const std::optional<AbortedTransaction> aborted = note_producer(*batch);
    if (first_producer) due_.clear();  // planned anew below
    if (!aborted) continue;
    // Without the entry readers would take aborted records for committed ones.
    if (Result<> noted = segments_.active().append_aborted(*aborted); !noted) {
      fail_for_good(noted.error().within("cannot read the transaction index"));
    }
  }
}

// Returns what belongs in the transaction index, if anything does.
std::optional<AbortedTransaction> PartitionLog::note_producer(const kafka::RecordBatchView& batch) {
  if (!batch.is_control()) {
    producers_or_new().update(batch);
    return std::nullopt;
  }
  const auto marker = marker_in(batch);
  if (!marker || !*marker) return std::nullopt;
  return producers_or_new().update_marker(batch, (*marker)->first, (*marker)->second);
}

// The active segment, after rolling to a new one where the next append must not go into the old.
// Source: Kafka's LogSegment.shouldRoll.
Result<Segment*> PartitionLog::segment_for(int64_t bytes, Offset first, Offset last,
                                           Timestamp max_timestamp) {
  // Segments follow each other without a gap, as far as int32 reaches: recovery counts on it.
  const Offset base = last - log_end_ > INT32_MAX ? first : log_end_;
  if (segments_.empty()) {
    TRY(push_segment(base));
    return &segments_.active();
  }
  Segment& active = segments_.active();
  const bool out_of_range = last - active.base_offset() > INT32_MAX;
  bool roll = active.size() + bytes > config_->segment_bytes || out_of_range;
  if (!roll && active.size() > 0) {
    roll =
        TRY(active_is_old(max_timestamp)) || TRY(active.index_full(config_->segment_index_bytes));
  }
  if (roll && (active.size() > 0 || out_of_range)) TRY(roll_to(base));
  return &segments_.active();
}

Result<bool> PartitionLog::active_is_old(Timestamp max_timestamp) {
  Segment& active = segments_.active();
  const Timestamp begun = TRY(active.first_timestamp());
  const Duration age =
      begun == kNoTimestamp ? services_.env.clock.wall() - active.created() : max_timestamp - begun;
  // A compacted log must let go of records in time to be compacted in time.
  const Duration age_max = config_->cleanup_compact && config_->max_compaction_lag_ms
                               ? std::min(config_->segment_ms, *config_->max_compaction_lag_ms)
                               : config_->segment_ms;
  return age > age_max - roll_jitter_;
}

Result<> PartitionLog::push_segment(Offset base_offset) {
  TRY(make_directory());
  // A crash must not leave its name and take that of the one before: recovery would believe that
  // the log begins here, and what is in between is in the journal only.
  if (!segments_.empty() && (names_unsynced_ || commit_running_)) {
    TRY(services_.env.disk.sync_directory(home_.directory));
  }
  const Timestamp now = services_.env.clock.wall();
  segments_.push(TRY(Segment::create(home_, base_offset, now)));
  const int64_t jitter_ms = config_->segment_jitter_ms.ms();
  roll_jitter_ = milliseconds(jitter_ms > 0 ? services_.env.random.between(0, jitter_ms) : 0);
  names_unsynced_ = true;
  return {};
}

// Each step can be repeated after a failure of a later one.
Result<> PartitionLog::roll_to(Offset base_offset) {
  Segment& old = segments_.active();
  TRY(old.seal(unsynced_));
  TRY(take_producer_snapshot(base_offset));
  if (old.size() == 0) {
    // Offsets have left its range before anything came: an empty segment is not kept.
    remove_segments(segments_.size() - 1, segments_.size());
  }
  TRY(push_segment(base_offset));
  plan_attention();
  need_commit();
  return {};
}

// Without a journal a crash has everything read again that was not flushed, so that is bounded too.
bool PartitionLog::flush_due() {
  if (unflushed_bytes_ >= kUnflushedBytesMax) return true;
  if (!config_->flush_messages) return false;
  return log_end_ - stable_.flushed() >= *config_->flush_messages;
}

}  // namespace millrace::log
