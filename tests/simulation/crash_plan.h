// CrashPlan: every case of every workload, and their run in a few processes: each change that the
// server makes to its disk, crashed before it, after it and, where it is a write, within; each as a
// kill -9 and as power losses that leave this and that. Then the recoveries from some of these
// crashes, enumerated in the same way.
#pragma once

#include <string>
#include <vector>

#include "tests/simulation/crash_run.h"

namespace millrace::scenario {

struct CrashPlanOptions {
  CrashOptions run;
  std::string workload;  ///< empty: all
  uint64_t stride = 1;   ///< takes one case in so many, evenly
  int draws = 2;         ///< power losses per point besides the one that leaves nothing unsynced
  int processes = 1;
  uint64_t failures_max = 20;  ///< after so many the run ends early
  std::string command;         ///< how this program is called, for what it tells to type
};

/// Runs the plan and prints as it goes. Returns whether every case passed; with a planted bug,
/// whether one found it. Errors: kInvalidSetting when workload or plant is unknown.
Result<bool> run_crash_plan(const CrashPlanOptions& options);

/// One case, told in full. Errors: as above.
Result<bool> replay_crash_case(const CrashPlanOptions& options, std::string_view text);

}  // namespace millrace::scenario
