// CrashPoint: where a run is cut off and how, and how that is written down:
//
//   roll:137:within:power-2              workload roll, in the middle of the 137th change to the
//                                        disk; power loss, the second draw of what it leaves
//   roll:137:after:kill+12:before:power-0  then again, before the 12th change of the recovery
//
// Not the run itself: that is crash_run.h.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "simulation/disk_probe.h"

namespace millrace::scenario {

struct CrashPoint {
  /// As by kill -9: the page cache lives on, whole.
  static constexpr int kKill = -1;
  /// Power is lost and nothing unsynced is left.
  static constexpr int kAllLost = 0;

  uint64_t change = 0;  ///< from 1 on, counted from the server's latest start by a crash
  simulation::Placement placement = simulation::Placement::kBefore;
  int mode = kKill;  ///< above 0: which draw of what a power loss leaves

  bool is_power_loss() const { return mode != kKill; }
  /// "137:within:power-2".
  std::string to_string() const;
};

struct CrashCase {
  std::string workload;
  std::vector<CrashPoint> crashes;  ///< one after the other; none: only count

  std::string to_string() const;
  /// Errors: kInvalidSetting.
  static Result<CrashCase> parse(std::string_view text);
};

}  // namespace millrace::scenario
