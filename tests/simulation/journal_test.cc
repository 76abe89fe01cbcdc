// The harness proves itself: a correct server survives every seed, a planted bug does not.
#include "tests/simulation/journal_scenario.h"

#include "base/testing.h"

namespace millrace::scenario {
namespace {

RunReport run(uint64_t seed, std::string plant = "") {
  const RunOptions options{.seed = seed, .length = seconds(20), .plant = std::move(plant)};
  return journal_scenario().run(options).value();
}

TEST_CASE("a server that keeps its promises breaks no rule under any seed") {
  int64_t records = 0;
  int64_t episodes = 0;
  for (uint64_t seed = 1; seed <= 25; ++seed) {
    CAPTURE(seed);
    const RunReport report = run(seed);
    CAPTURE(report.faults);
    for (const Violation& violation : report.broken.violations()) {
      FAIL_CHECK(violation.rule, ": ", violation.text);
    }
    records += report.counts.at("records acknowledged");
    episodes += report.counts.at("episodes");
  }
  CHECK(records > 1'000);
  CHECK(episodes > 25);
}

TEST_CASE("the same seed runs the same way twice, with log lines kept or not") {
  for (uint64_t seed = 1; seed <= 5; ++seed) {
    CAPTURE(seed);
    const RunReport once = run(seed);
    const RunReport again =
        journal_scenario().run({.seed = seed, .length = seconds(20), .keep_log = true}).value();
    CHECK(once.trace_hash == again.trace_hash);
    CHECK(once.log.empty());
    CHECK(again.log.contains("recovered"));
  }
}

TEST_CASE("each planted bug is found within 200 seeds") {
  for (const Plant& plant : journal_scenario().plants) {
    CAPTURE(plant.name);
    uint64_t seed = 1;
    while (seed <= 200 && run(seed, std::string(plant.name)).broken.count() == 0) ++seed;
    MESSAGE(plant.name, " was found by seed ", seed);
    CHECK(seed <= 200);
  }
}

TEST_CASE("a bug that is not there to plant is refused") {
  CHECK(!journal_scenario().run({.plant = "no-such-bug"}));
  CHECK(!journal_scenario().run({.faults = {{"no_such_fault", "1"}}}));
}

}  // namespace
}  // namespace millrace::scenario
