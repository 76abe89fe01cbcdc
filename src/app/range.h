// The range grammar: which records of a topic. The same on the command line, in URLs and in SQL.
//
//   FROM..TO      from FROM on, up to but without TO; each side one of
//     start end now      the first record, the end as it is at this moment, this moment
//     123                an offset            -10        ten records before the end
//     @2026-05-01        a time (UTC unless it says otherwise), @2026-05-01T10:00:00.123+02:00,
//     @1714550400000     milliseconds since 1970
//     -90m  -2h30m       so long ago          (ms s m h d w)
//   TO may be +N: N records per partition from FROM on
//   P@FROM..TO    only partition P
//   A single FROM means FROM..end. kcat's and rpk's -o spellings are accepted: s@MS, e@MS,
//   beginning.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"

namespace millrace::app {

/// One side of a range.
struct Bound {
  enum class Kind { kStart, kEnd, kOffset, kFromEnd, kTime, kCount };
  Kind kind = Kind::kStart;
  int64_t number = 0;  ///< offset, records before the end, or count
  Timestamp time;      ///< kTime: absolute, durations already taken from now
  friend bool operator==(const Bound&, const Bound&) = default;
};

struct Range {
  std::optional<PartitionIndex> partition;
  Bound from;
  Bound to{.kind = Bound::Kind::kEnd};
  friend bool operator==(const Range&, const Range&) = default;
};

/// Errors: kUsage: what is wrong where, and the grammar in a line; also for what ends before it
/// begins.
Result<Range> parse_range(std::string_view text, Timestamp now);

/// "2026-05-01", "2026-05-01T10:00:00.123+02:00", "1714550400000". Errors: kUsage.
Result<Timestamp> parse_time(std::string_view text);

/// "90m", "2h30m", "500ms". Errors: kUsage.
Result<Duration> parse_duration(std::string_view text);

}  // namespace millrace::app
