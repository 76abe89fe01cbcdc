#include "log/retention.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/logging.h"

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

size_t Retention::count_below_start(PartitionLog& log) {
  size_t count = 0;
  while (count < log.segments_.size() && !is_empty_active(log, count) &&
         log.end_of_segment(count) <= log.log_start_offset()) {
    ++count;
  }
  return count;
}

Result<> Retention::apply(PartitionLog& log, Timestamp now) {
  const size_t by_time = TRY(count_expired(log, now));
  const size_t by_size = count_beyond_size(log);
  const size_t by_start = count_below_start(log);
  size_t count = std::max({by_time, by_size, by_start});
  while (count > 0 && log.end_of_segment(count - 1) > log.high_watermark()) --count;
  if (count == 0) return {};
  const char* reason = by_start == count  ? "below the log start"
                       : by_time >= count ? "older than retention.ms"
                                          : "beyond retention.bytes";
  if (count == log.segments_.size()) TRY(log.roll_to(log.log_end_offset()));
  const Offset start = log.segments_.at(count).base_offset();
  LOG_INFO("log", "{}: removing {} segments, offsets {} to {}, {}", log.name().to_string(), count,
           log.segments_.first().base_offset().value, start.value - 1, reason);
  log.remove_segments(0, count);
  log.move_log_start(start);
  log.need_commit();
  return {};
}

Result<std::optional<Timestamp>> Retention::next_due(PartitionLog& log) {
  const LogConfig& config = log.config();
  if (log.segments_.empty() || is_empty_active(log, 0)) return std::nullopt;
  // An active segment that grows beyond the size is noticed when it rolls.
  if (log.segments_.size() > 1 && (count_beyond_size(log) > 0 || count_below_start(log) > 0)) {
    return log.services_.env.clock.wall();
  }
  if (!config.cleanup_delete || !config.retention_ms) return std::nullopt;
  return TRY(time_of(log.segments_.first())) + *config.retention_ms + milliseconds(1);
}

}  // namespace millrace::log
