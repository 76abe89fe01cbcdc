// Scenario: a world with something in it, clients that use it, and a history of what they saw. From
// a seed to a report; the runner (runner.h) runs many. A new scenario is one file and one row in
// scenarios().
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "simulation/trace.h"
#include "tests/simulation/checkers.h"

namespace millrace::scenario {

struct RunOptions {
  uint64_t seed = 1;
  Duration length = seconds(30);  ///< virtual, until the world is calm
  std::string plant;              ///< a bug to put in, by name; empty: none
  /// Faults to set by name instead of what the seed draws.
  std::vector<std::pair<std::string, std::string>> faults;
  bool keep_log = false;        ///< lines of the nodes cost time
  size_t trace_events_max = 0;  ///< how many to keep, to compare two runs
  /// Told now and then how much of `length` is over. May be empty.
  std::function<void(Duration)> progress;
};

struct RunReport {
  std::string faults;  ///< what was drawn
  uint64_t trace_hash = 0;
  uint64_t trace_events = 0;
  Report broken;
  std::map<std::string, int64_t> counts;  ///< what happened how often, for the summary
  std::map<std::string, int64_t> most;    ///< what was measured, at its largest
  std::string log;
  std::vector<simulation::TraceEvent> trace;
};

/// A bug on purpose, to see that the checkers find it.
struct Plant {
  std::string_view name;
  std::string_view sentence;
};

struct Scenario {
  std::string_view name;
  std::string_view sentence;
  std::vector<Plant> plants;
  /// Errors: kInvalidSetting when an option is not one of this scenario's.
  Result<RunReport> (*run)(const RunOptions& options);
  bool by_name_only = false;  ///< not part of a run of all scenarios
};

const std::vector<Scenario>& scenarios();
/// Null when there is none of that name.
const Scenario* find_scenario(std::string_view name);

}  // namespace millrace::scenario
