// Retention: which segments of a log are old or too many, and when the next one will be. Compaction
// is cleaner.h; moving log start by hand is PartitionLog::delete_records_before().
#pragma once

#include <optional>

#include "base/time.h"
#include "log/partition_log.h"

namespace millrace::log {

class Retention {
 public:
  /// Moves log start behind the segments whose time or size says so: only whole ones, only from the
  /// front, only below the high watermark. When all must go, the log first rolls to an empty one.
  /// Removes those that lie below the log start that is on disk: so a crash between the removals of
  /// several leaves no gap. And only once a snapshot of the producers behind them is stable, so
  /// that no crash loses what they tell of producers.
  /// Errors: as reading and rolling.
  static Result<> apply(PartitionLog& log, Timestamp now);

  /// When apply() may next find something; nothing while nothing can become due by itself.
  static Result<std::optional<Timestamp>> next_due(PartitionLog& log);

 private:
  static bool is_empty_active(PartitionLog& log, size_t index);
  static Result<size_t> count_expired(PartitionLog& log, Timestamp now);
  static size_t count_beyond_size(PartitionLog& log);
  static size_t count_below(PartitionLog& log, Offset start);
};

}  // namespace millrace::log
