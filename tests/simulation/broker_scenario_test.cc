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

TEST_CASE("bugs planted in a broker are found") {
  for (const Plant& plant : broker_scenario().plants) {
    CAPTURE(plant.name);
    uint64_t seed = 1;
    while (seed <= 30 && run(seed, std::string(plant.name)).broken.count() == 0) ++seed;
    MESSAGE(plant.name, " was found by seed ", seed);
    CHECK(seed <= 30);
  }
}

}  // namespace
}  // namespace millrace::scenario
