// Runner: many seeds of some scenarios, in a few processes, with progress for a person and a report
// for each seed that fails: what broke, and the command that replays it. Not a scenario.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/simulation/scenario.h"

namespace millrace::scenario {

struct Plan {
  std::vector<const Scenario*> scenarios;
  RunOptions options;  ///< of every run, but the seed
  uint64_t first_seed = 1;
  uint64_t seeds = 100;  ///< per scenario
  int processes = 1;
  uint64_t determinism_seeds = 3;  ///< per scenario: run twice, and the traces compared
  bool in_hours = false;           ///< progress is told in virtual time, not in seeds
  uint64_t failures_max = 5;       ///< after so many the run ends early
  std::string command;             ///< how this program is called, for what it tells to type
};

/// Runs the plan and prints as it goes. Returns whether all seeds passed; with a planted bug,
/// whether one of them found it.
bool run_plan(const Plan& plan);

/// One seed, told in full: faults, counts, violations, what the nodes logged. Returns whether it
/// passed.
bool replay(const Plan& plan, const Scenario& scenario, uint64_t seed);

/// "./dev sim --scenario journal --seed 7 --plant skip-crc".
std::string replay_command(const Plan& plan, const Scenario& scenario, uint64_t seed);

/// Runs a seed twice and says where the traces part; empty when they do not.
std::string divergence(const Plan& plan, const Scenario& scenario, uint64_t seed);

}  // namespace millrace::scenario
