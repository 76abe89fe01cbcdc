// CrashRun: one workload, once, with the server crashed exactly where a case says, recovered, let
// go on, crashed once more at the end with nothing unsynced left, and then judged: nothing that was
// acknowledged is lost, changed or doubled, and the server comes up every time. Not which cases
// there are: that is crash_plan.h.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "tests/simulation/checkers.h"
#include "tests/simulation/crash_point.h"
#include "tests/simulation/scenario.h"

namespace millrace::scenario {

/// Bugs on purpose that crash points are to find.
const std::vector<Plant>& crash_plants();

struct CrashOptions {
  std::string plant;  ///< empty: none
  bool keep_log = false;
};

struct CrashReport {
  Report broken;
  /// What the server did to its disk, from its start, or its start after the last crash, on.
  std::vector<simulation::DiskProbe::Change> changes;
  size_t changes_until_ready = 0;  ///< so many of them before it served clients
  std::map<std::string, int64_t> counts;
  std::string log;
};

/// Requires: the workload and the plant are known.
CrashReport run_crash_case(const CrashCase& one, const CrashOptions& options);

}  // namespace millrace::scenario
