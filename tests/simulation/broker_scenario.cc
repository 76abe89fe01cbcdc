#include "tests/simulation/broker_scenario.h"

#include <fmt/core.h>

#include "tests/simulation/broker_audit.h"
#include "tests/simulation/broker_world.h"

namespace millrace::scenario {
namespace {

using simulation::Faults;

// Everything is well again: what is open must end, and then nothing may be missing.
void conclude(BrokerWorld& all) {
  if (!all.world().run_until([&] { return all.workload().busy() == 0; }, kCalmTimeout)) {
    all.note_progress(fmt::format("{} clients have something open although all was well for {} s",
                                  all.workload().busy(), kCalmTimeout.ms() / 1000));
  }
  all.end_server();
  const Result<> audited = all.ask(audit);
  if (!audited) all.note_progress("the audit cannot be done: " + audited.error().message());
}

void count_removed(const History& history, RunReport& report) {
  for (const auto& [partition, log] : history.final_logs) {
    if (!history.partitions[partition].compacts) {
      report.counts["records removed"] += log.log_start.value;
    } else {
      report.counts["records compacted away"] +=
          log.high_watermark - log.log_start - static_cast<int64_t>(log.records.size());
    }
  }
}

RunReport report_of(BrokerWorld& all, const Faults& faults) {
  RunReport report{.faults = faults.to_string()};
  const History& history = all.workload().finished_history();
  report.broken = check_all(history);
  for (const Violation& violation : all.workload().noticed().violations()) {
    report.broken.add(violation.rule, violation.text);
  }
  report.trace_hash = all.world().trace_hash();
  report.trace_events = all.world().timeline().trace().count();
  report.trace = all.world().timeline().trace().kept();
  report.log = all.log_text(history);
  report.counts = all.workload().counts();
  report.most = all.most();
  report.counts["episodes"] = static_cast<int64_t>(all.episodes());
  report.counts["disk errors"] = static_cast<int64_t>(all.server().disk().counts().errors);
  count_removed(history, report);
  return report;
}

Result<RunReport> run(const RunOptions& options) {
  Faults faults = Faults::draw(Random(options.seed));
  for (const auto& [name, value] : options.faults) TRY(faults.set(name, value));
  PlantedBug bug = TRY(PlantedBug::find(options.plant, faults));
  BrokerWorld all(options, faults, std::move(bug));
  all.start_server();
  all.plague_server();
  Result<> topics = all.set_up();
  if (topics) {
    all.start_clients();
    all.plague_clients();
    all.world().run_for(options.length);
    all.workload().stop();
  }
  all.calm_all();
  // A world may be too bad for it, say because the disk is full most of the time; a calm one not.
  if (!topics) {
    all.workload().count("runs too bad for clients");
    topics = all.set_up();
  }
  if (topics) {
    conclude(all);
  } else {
    all.note_progress("topics cannot be created: " + topics.error().message());
  }
  return report_of(all, faults);
}

}  // namespace

Scenario broker_scenario() {
  return {.name = "broker",
          .sentence = "a whole broker, with our producers, readers, groups and an operator",
          .plants = broker_plants(),
          .run = run};
}

}  // namespace millrace::scenario
