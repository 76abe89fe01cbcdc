#include "log/retention.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/logging.h"
#include "log/checkpoint_plan.h"

namespace millrace::log {
namespace {

/// By Kafka's rule: the largest timestamp of its records. Records without one count as new as when
/// we first saw the segment.
Result<Timestamp> time_of(Segment& segment) {
  const Segment::Largest largest = TRY(segment.largest_timestamp());
  return largest.timestamp.ms >= 0 ? largest.timestamp : segment.created();
}

}  // namespace

bool Retention::is_empty_active(PartitionLog& log, size_t index) {
  return index + 1 == log.segments_.size() && log.segments_.at(index).size() == 0;
}

Result<size_t> Retention::count_expired(PartitionLog& log, Timestamp now) {
  const LogConfig& config = log.config();
  if (!config.cleanup_delete || !config.retention_ms) return 0;
  size_t count = 0;
  while (count < log.segments_.size()) {
    Segment& segment = log.segments_.at(count);
    if (is_empty_active(log, count)) break;
    if (now - TRY(time_of(segment)) <= *config.retention_ms) break;
    ++count;
  }
  return count;
}

size_t Retention::count_beyond_size(PartitionLog& log) {
  const LogConfig& config = log.config();
  if (!config.cleanup_delete || !config.retention_bytes) return 0;
  int64_t surplus = log.size_bytes() - *config.retention_bytes;
  size_t count = 0;
  while (count < log.segments_.size() && !is_empty_active(log, count) &&
         surplus >= log.segments_.at(count).size()) {
    surplus -= log.segments_.at(count++).size();
  }
  return count;
}

size_t Retention::count_below(PartitionLog& log, Offset start) {
  size_t count = 0;
  while (count < log.segments_.size() && !is_empty_active(log, count) &&
         log.end_of_segment(count) <= start) {
    ++count;
  }
  return count;
}

Result<> Retention::apply(PartitionLog& log, Timestamp now) {
  const size_t by_time = TRY(count_expired(log, now));
  const size_t by_size = count_beyond_size(log);
  size_t count = std::max(by_time, by_size);
  while (count > 0 && log.end_of_segment(count - 1) > log.high_watermark()) --count;
  if (count > 0) {
    const Offset start = log.end_of_segment(count - 1);
    LOG_INFO("log", "{}: offsets {} to {} are {}", log.name().to_string(),
             log.segments_.first().base_offset().value, start.value - 1,
             by_time >= count ? "older than retention.ms" : "beyond retention.bytes");
    log.move_log_start(start);
  }
  size_t gone = count_below(log, std::min(log.log_start_, log.log_start_on_disk_));
  if (gone > 0 && gone == log.segments_.size()) TRY(log.roll_to(log.log_end_offset()));
  while (gone > 0 && !log.producers_outlive(log.end_of_segment(gone - 1))) --gone;
  if (gone > 0) {
    log.remove_segments(0, gone);
    log.need_commit();
  }
  if (count_below(log, log.log_start_) > 0)
    log.services_.checkpoints.want_now(Checkpoint::kLogStart);
  return {};
}

Result<std::optional<Timestamp>> Retention::next_due(PartitionLog& log) {
  const LogConfig& config = log.config();
  if (log.segments_.empty() || is_empty_active(log, 0)) return std::nullopt;
  // An active segment that grows beyond the size is noticed when it rolls.
  const bool surplus = log.segments_.size() > 1 && count_beyond_size(log) > 0;
  if (surplus || count_below(log, log.log_start_) > 0) return log.services_.env.clock.wall();
  if (!config.cleanup_delete || !config.retention_ms) return std::nullopt;
  return TRY(time_of(log.segments_.first())) + *config.retention_ms + milliseconds(1);
}

}  // namespace millrace::log
