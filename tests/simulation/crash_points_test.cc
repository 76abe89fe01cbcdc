// A server survives a crash at some of its changes to the disk, always; `./dev sim --crash-points`
// tries all of them.
#include <fmt/core.h>
#include "tests/simulation/crash_plan.h"

#include "tests/simulation/crash_workloads.h"

#include "base/testing.h"

namespace millrace::scenario {
namespace {

TEST_CASE("a server loses nothing that was acknowledged, wherever it is crashed") {
  CHECK(run_crash_plan({.stride = 97, .command = "simulate"}).value());
}

TEST_CASE("no workload breaks a rule without a crash, or does nothing") {
  for (const CrashWorkload& workload : crash_workloads()) {
    CAPTURE(workload.name);
    CrashReport report = run_crash_case({std::string(workload.name), {}}, {});
    for (const Violation& violation : report.broken.violations()) {
      FAIL_CHECK(violation.rule, ": ", violation.text);
    }
    CHECK(report.changes.size() > 100);
    CHECK(report.counts["records acknowledged"] > 3);
  }
}

TEST_CASE("crash points find the bugs that are planted for them") {
  for (const Plant& plant : crash_plants()) {
    CAPTURE(plant.name);
    CHECK(run_crash_plan({.run = {.plant = std::string(plant.name)},
                          .workload = "produce",
                          .stride = 7,
                          .command = "simulate"})
              .value());
  }
}

TEST_CASE("a crash point is read back as it was written, and what is none is refused") {
  for (const char* text :
       {"roll", "roll:137:within:power-2", "stop:1:before:kill+12:after:power-0"}) {
    CHECK(CrashCase::parse(text).value().to_string() == text);
  }
  for (const char* text : {"roll:0:before:kill", "roll:1:beside:kill", "roll:1:after:power",
                           "roll:1:after", "roll:1:after:kill+x", "roll:x:after:kill"}) {
    CAPTURE(text);
    CHECK(!CrashCase::parse(text));
  }
  CHECK(!run_crash_plan({.workload = "no-such-workload"}));
  CHECK(!run_crash_plan({.run = {.plant = "no-such-bug"}}));
}

TEST_CASE("a case is crashed where it says and runs the same way twice") {
  const auto changes = run_crash_case({"roll", {}}, {}).changes;
  size_t write = 60;
  while (changes[write - 1].kind != simulation::DiskChange::kWrite) ++write;
  const CrashCase one =
      CrashCase::parse(fmt::format("roll:{}:within:power-1+4:after:kill", write)).value();
  const CrashReport report = run_crash_case(one, {.keep_log = true});
  CHECK(report.broken.count() == 0);
  CHECK(report.log.contains(fmt::format("crash {}:within:power-1, write ", write)));
  CHECK(report.log.contains("crash 4:after:kill, sync ends "));
  CHECK(report.log == run_crash_case(one, {.keep_log = true}).log);
}

}  // namespace
}  // namespace millrace::scenario
