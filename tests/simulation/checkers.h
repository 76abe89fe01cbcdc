// Checkers: what must hold in every history, whatever went wrong in the world. Each is a function
// from a history to the violations it found; none knows how the server works.
//
//   records   partition_checkers.cc   acknowledged and lost, doubled, never sent, offsets, order
//   removal   removal_checkers.cc     compaction and retention
//   groups    group_checkers.cc       ownership, fencing, committed offsets
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "tests/simulation/history.h"

namespace millrace::scenario {

struct Violation {
  std::string rule;  ///< the checker's name
  std::string text;  ///< what, where, when
};

/// Collects violations; the first few of each rule are enough.
class Report {
 public:
  void add(std::string_view rule, std::string text);
  const std::vector<Violation>& violations() const { return violations_; }
  /// Of all, also those that were not kept.
  size_t count() const { return count_; }

 private:
  static constexpr size_t kKeptPerRule = 5;
  std::vector<Violation> violations_;
  std::map<std::string, size_t, std::less<>> per_rule_;
  size_t count_ = 0;
};

// Of records. All but the first need only what clients saw while the run went on; those that ask
// for what is left in the end look at final_logs.

/// What was acknowledged is in the final log at the offset that was told, unless a rule allowed its
/// removal (see removal_checkers.cc for whether it did).
void check_nothing_lost(const History& history, Report& report);
/// An idempotent producer's record has one offset.
void check_nothing_doubled(const History& history, Report& report);
/// What is read was sent, to this partition, with this content, and was not refused.
void check_nothing_invented(const History& history, Report& report);
/// An offset means the same record to everybody for ever.
void check_offsets_stable(const History& history, Report& report);
/// The final log has a record at every offset, where nothing compacts.
void check_offsets_dense(const History& history, Report& report);
/// An idempotent producer's records lie in a partition in the order in which it sent them.
void check_producer_order(const History& history, Report& report);
/// The high watermark never goes back and is above everything that was acknowledged and read.
void check_high_watermark(const History& history, Report& report);
/// A reader that goes from one offset to another gets all there is in between, in order.
void check_reads_complete(const History& history, Report& report);

// Of removal.

/// The last value of every key survives compaction; a tombstone may go once it is old enough.
void check_compaction(const History& history, Report& report);
/// The log start never goes back, and passes a record only when that was too old, one too many, or
/// asked for.
void check_retention(const History& history, Report& report);

// Of groups.

/// In a generation a partition has at most one owner.
void check_ownership(const History& history, Report& report);
/// Nobody can commit on behalf of a generation once a member was told of a later one.
void check_fencing(const History& history, Report& report);
/// The committed offset is the last one acknowledged, or one whose outcome was open.
void check_committed_offsets(const History& history, Report& report);
/// What a group has committed was read by one of its members.
void check_groups_skip_nothing(const History& history, Report& report);

/// Nothing measured was beyond its limit.
void check_bounds(const History& history, Report& report);

/// All of the above.
Report check_all(const History& history);

}  // namespace millrace::scenario
