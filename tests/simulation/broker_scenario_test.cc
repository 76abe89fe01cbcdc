// A broker keeps its promises under a few seeds, always; `./dev sim` runs many more.
#include "tests/simulation/broker_scenario.h"

#include "base/testing.h"

namespace millrace::scenario {
namespace {

RunReport run(uint64_t seed, std::string plant = "", bool keep_log = false) {
  // What a bug spoils takes longer to show.
  const Duration length = seconds(plant.empty() ? 15 : 30);
  const RunOptions options{
      .seed = seed, .length = length, .plant = std::move(plant), .keep_log = keep_log};
  return broker_scenario().run(options).value();
}

TEST_CASE("a broker breaks no rule under any of a few seeds, and does all that it is to do") {
  std::map<std::string, int64_t> counts;
  for (uint64_t seed = 1; seed <= 16; ++seed) {
    CAPTURE(seed);
    const RunReport report = run(seed);
    CAPTURE(report.faults);
    for (const Violation& violation : report.broken.violations()) {
      FAIL_CHECK(violation.rule, ": ", violation.text);
    }
    for (const auto& [name, count] : report.counts) counts[name] += count;
  }
  for (const char* what :
       {"records acknowledged", "records refused", "records read", "records read by groups",
        "commits acknowledged", "records removed", "records compacted away", "removals on request",
        "operations done", "episodes"}) {
    CAPTURE(what);
    CHECK(counts[what] > 0);
  }
}

TEST_CASE("a broker's run is the same twice, with log lines kept or not") {
  for (uint64_t seed = 1; seed <= 2; ++seed) {
    CAPTURE(seed);
    CHECK(run(seed).trace_hash == run(seed, "", true).trace_hash);
  }
}

// Whatever else the seed draws.
void check_under(const std::vector<std::pair<std::string, std::string>>& faults) {
  int64_t acknowledged = 0;
  int64_t episodes = 0;
  for (uint64_t seed = 1; seed <= 8; ++seed) {
    CAPTURE(seed);
    const RunReport report =
        broker_scenario().run({.seed = seed, .length = seconds(20), .faults = faults}).value();
    CAPTURE(report.faults);
    for (const Violation& violation : report.broken.violations()) {
      FAIL_CHECK(violation.rule, ": ", violation.text);
    }
    acknowledged += report.counts.at("records acknowledged");
    episodes += report.counts.at("episodes") + report.counts.at("disk errors");
  }
  CHECK(acknowledged > 0);
  CHECK(episodes > 8);
}

TEST_CASE("a sync that fails once and then succeeds loses nothing that is acknowledged") {
  check_under({{"disk_sync_error", "0.01"}, {"disk_sync_broken", "0"}});
}

TEST_CASE("a disk whose syncs take seconds makes producers wait and the broker no larger") {
  check_under({{"disk_slow_every", "3000000"}, {"disk_slow_for", "8000000"}});
}

TEST_CASE("a disk that is full again and again loses nothing and is used again") {
  check_under({{"disk_full_every", "4000000"}, {"disk_full_for", "3000000"}});
}

TEST_CASE("a process that may open no more files now and then loses nothing and goes on") {
  check_under({{"files_short_every", "4000000"}, {"files_short_for", "3000000"}});
}

TEST_CASE("bugs planted in a broker are found") {
  for (const Plant& plant : broker_scenario().plants) {
    CAPTURE(plant.name);
    uint64_t seed = 1;
    while (seed <= 100 && run(seed, std::string(plant.name)).broken.count() == 0) ++seed;
    MESSAGE(plant.name, " was found by seed ", seed);
    CHECK(seed <= 100);
  }
}

}  // namespace
}  // namespace millrace::scenario
