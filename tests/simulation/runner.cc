#include "tests/simulation/runner.h"

#include <fmt/core.h>
#include <algorithm>
#include <charconv>
#include <cstdio>
#include <map>
#include <utility>

#include "tests/simulation/progress.h"
#include "tests/simulation/workers.h"

namespace millrace::scenario {
namespace {

constexpr size_t kTraceEventsMax = 4'000'000;
constexpr Duration kHearEvery = seconds(1);

// What a worker says of a seed: "VIOLATIONS RUN-TWICE name=value;name=value;|divergence".
std::string summary_of(const RunReport& report, bool twice, const std::string& divergence) {
  std::string text = fmt::format("{} {} ", report.broken.count(), twice ? 1 : 0);
  for (const auto& [name, count] : report.counts) text += fmt::format("{}={};", name, count);
  return text + "|" + divergence;
}

uint64_t take_number(std::string_view& text) {
  uint64_t number = 0;
  const char* end = std::from_chars(text.data(), text.data() + text.size(), number).ptr;
  text.remove_prefix(std::min(text.size(), static_cast<size_t>(end - text.data()) + 1));
  return number;
}

// How a scenario has fared so far.
struct Tally {
  uint64_t done = 0;
  uint64_t failed = 0;
  uint64_t run_twice = 0;
  std::map<std::string, int64_t> counts;
};

Result<RunReport> run_seed(const Plan& plan, const Scenario& scenario, uint64_t seed) {
  RunOptions options = plan.options;
  options.seed = seed;
  return scenario.run(options);
}

void print_violations(const RunReport& report) {
  for (const Violation& violation : report.broken.violations()) {
    fmt::print("  {}: {}\n", violation.rule, violation.text);
  }
  const size_t kept = report.broken.violations().size();
  if (report.broken.count() > kept) {
    fmt::print("  and {} more violations\n", report.broken.count() - kept);
  }
}

// Runs all jobs and keeps the score.
class Run {
 public:
  explicit Run(const Plan& plan)
      : plan_(plan),
        jobs_(plan.scenarios.size() * plan.seeds),
        progress_(static_cast<double>(jobs_)) {}

  bool run() {
    Workers workers(jobs_, plan_.processes, [this](uint64_t job) { return work(job); });
    while (!(hunting() && failed_ > 0) && failed_ < plan_.failures_max) {
      const Workers::News news = workers.next(kHearEvery);
      if (news.kind == Workers::News::Kind::kAllDone) break;
      if (news.kind == Workers::News::Kind::kDone) take(news.job, news.text);
      if (news.kind == Workers::News::Kind::kDied) died(news.job);
      progress_.show(static_cast<double>(done_), failed_);
    }
    progress_.clear();
    conclude();
    return hunting() == (failed_ > 0);
  }

 private:
  // With a bug planted, a seed that fails is what is looked for.
  bool hunting() const { return !plan_.options.plant.empty(); }
  const Scenario& scenario_of(uint64_t job) const { return *plan_.scenarios[job / plan_.seeds]; }
  uint64_t seed_of(uint64_t job) const { return plan_.first_seed + job % plan_.seeds; }

  // In a worker.
  std::string work(uint64_t job) const {
    const bool twice = job % plan_.seeds < plan_.determinism_seeds;
    const Result<RunReport> report = run_seed(plan_, scenario_of(job), seed_of(job));
    if (!report) return "1 0 |" + report.error().message();
    return summary_of(*report, twice,
                      twice ? divergence(plan_, scenario_of(job), seed_of(job)) : "");
  }

  void take(uint64_t job, std::string_view text) {
    Tally& tally = tallies_[job / plan_.seeds];
    ++done_;
    ++tally.done;
    const uint64_t violations = take_number(text);
    tally.run_twice += take_number(text);
    while (!text.empty() && text.front() != '|') {
      const size_t equals = text.find('=');
      std::string name(text.substr(0, equals));
      text.remove_prefix(equals + 1);
      tally.counts[std::move(name)] += static_cast<int64_t>(take_number(text));
    }
    if (!text.empty()) text.remove_prefix(1);
    if (violations == 0 && text.empty()) return;
    ++failed_;
    ++tally.failed;
    progress_.clear();
    fmt::print("{} {} seed {}\n", hunting() ? "FOUND" : "FAIL ", scenario_of(job).name,
               seed_of(job));
    if (!text.empty()) fmt::print("  determinism: {}\n", text);
    if (violations > 0) explain(job);
    fmt::print("  replay: {}\n", replay_command(plan_, scenario_of(job), seed_of(job)));
    std::fflush(stdout);
  }

  // The worker only counted; the seed tells again.
  void explain(uint64_t job) const {
    const Result<RunReport> report = run_seed(plan_, scenario_of(job), seed_of(job));
    if (!report) {
      fmt::print("  {}\n", report.error().message());
      return;
    }
    fmt::print("  faults: {}\n", report->faults);
    print_violations(*report);
    if (report->broken.count() == 0) fmt::print("  determinism: it passed when run again\n");
  }

  void died(uint64_t job) {
    ++done_;
    ++failed_;
    ++tallies_[job / plan_.seeds].failed;
    progress_.clear();
    fmt::print("FAIL  {} seed {} ended the process\n  replay: {}\n", scenario_of(job).name,
               seed_of(job), replay_command(plan_, scenario_of(job), seed_of(job)));
    std::fflush(stdout);
  }

  void conclude() {
    for (size_t i = 0; i < plan_.scenarios.size(); ++i) {
      const Tally& tally = tallies_[i];
      const char* verdict = hunting() == (tally.failed > 0) ? "ok  " : "FAIL";
      fmt::print("{}  {}: {} seeds in {:.1f} s, {} failed, {} run twice with the same trace\n",
                 verdict, plan_.scenarios[i]->name, tally.done, progress_.seconds_so_far(),
                 tally.failed, tally.run_twice);
      for (const auto& [name, count] : tally.counts) fmt::print("        {:>12} {}\n", count, name);
    }
    if (hunting()) {
      fmt::print("the planted bug {} was {}\n", plan_.options.plant,
                 failed_ > 0 ? fmt::format("found within {} seeds", done_)
                             : fmt::format("not found by {} seeds", done_));
    }
  }

  const Plan& plan_;
  uint64_t jobs_;
  uint64_t done_ = 0;
  uint64_t failed_ = 0;
  std::map<uint64_t, Tally> tallies_;  // by scenario
  Progress progress_;
};

}  // namespace

std::string divergence(const Plan& plan, const Scenario& scenario, uint64_t seed) {
  const Result<RunReport> first = run_seed(plan, scenario, seed);
  const Result<RunReport> second = run_seed(plan, scenario, seed);
  if (!first || !second || first->trace_hash == second->trace_hash) return "";
  // Once more, remembering, to tell where.
  Plan remembering = plan;
  remembering.options.trace_events_max = kTraceEventsMax;
  const Result<RunReport> third = run_seed(remembering, scenario, seed);
  const Result<RunReport> fourth = run_seed(remembering, scenario, seed);
  if (!third || !fourth) return "the traces differ";
  const auto [a, b] = std::mismatch(third->trace.begin(), third->trace.end(), fourth->trace.begin(),
                                    fourth->trace.end());
  if (a == third->trace.end() || b == fourth->trace.end()) return "the traces differ, in length";
  return fmt::format("the traces part at event {}: {} or {}", a - third->trace.begin(),
                     a->to_string(), b->to_string());
}

std::string replay_command(const Plan& plan, const Scenario& scenario, uint64_t seed) {
  std::string command =
      fmt::format("{} --scenario {} --seed {}", plan.command, scenario.name, seed);
  if (!plan.options.plant.empty()) command += " --plant " + plan.options.plant;
  const RunOptions usual;
  if (plan.options.length != usual.length) {
    command += fmt::format(" --hours {}", static_cast<double>(plan.options.length.ns) / 3.6e12);
  }
  for (const auto& [name, value] : plan.options.faults) {
    command += fmt::format(" --fault {}={}", name, value);
  }
  return command;
}

bool run_plan(const Plan& plan) {
  return Run(plan).run();
}

bool replay(const Plan& plan, const Scenario& scenario, uint64_t seed) {
  Plan logging = plan;
  logging.options.keep_log = true;
  const Result<RunReport> report = run_seed(logging, scenario, seed);
  if (!report) {
    fmt::print(stderr, "error: {}\n", report.error().message());
    return false;
  }
  const bool passed = report->broken.count() == 0;
  fmt::print("{}{} seed {}\n  faults: {}\n", report->log, scenario.name, seed, report->faults);
  for (const auto& [name, count] : report->counts) fmt::print("  {:>12} {}\n", count, name);
  fmt::print("  {:>12} events, trace {:016x}\n", report->trace_events, report->trace_hash);
  print_violations(*report);
  fmt::print("{}\n", passed ? "ok" : "FAIL");
  return passed;
}

}  // namespace millrace::scenario
