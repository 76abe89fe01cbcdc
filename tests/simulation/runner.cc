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

constexpr size_t kLineMax = 2'500;

// What a worker tells of a seed: "p MILLISECONDS" of how much of it is over, "l LINE" for a person.
constexpr char kOver = 'p';
constexpr char kLine = 'l';

// And in the end: "VIOLATIONS RUN-TWICE name=value;name=value;|name=most;|divergence".
std::string summary_of(const RunReport& report, bool twice, const std::string& divergence) {
  std::string text = fmt::format("{} {} ", report.broken.count(), twice ? 1 : 0);
  for (const auto& [name, count] : report.counts) text += fmt::format("{}={};", name, count);
  text += "|";
  for (const auto& [name, most] : report.most) text += fmt::format("{}={};", name, most);
  return text + "|" + divergence;
}

uint64_t take_number(std::string_view& text) {
  uint64_t number = 0;
  const char* end = std::from_chars(text.data(), text.data() + text.size(), number).ptr;
  text.remove_prefix(std::min(text.size(), static_cast<size_t>(end - text.data()) + 1));
  return number;
}

// "name=value;name=value;|".
template <class Each>
void take_values(std::string_view& text, Each each) {
  while (!text.empty() && text.front() != '|') {
    const size_t equals = text.find('=');
    const std::string name(text.substr(0, equals));
    text.remove_prefix(equals + 1);
    each(name, static_cast<int64_t>(take_number(text)));
  }
  if (!text.empty()) text.remove_prefix(1);
}

// How a scenario has fared so far.
struct Tally {
  uint64_t done = 0;
  uint64_t failed = 0;
  uint64_t run_twice = 0;
  std::map<std::string, int64_t> counts;
  std::map<std::string, int64_t> most;
};

Result<RunReport> run_seed(const Plan& plan, const Scenario& scenario, uint64_t seed) {
  RunOptions options = plan.options;
  options.seed = seed;
  return scenario.run(options);
}

std::vector<std::string> violations_in(const RunReport& report) {
  std::vector<std::string> lines;
  for (const Violation& violation : report.broken.violations()) {
    lines.push_back(fmt::format("  {}: {}", violation.rule, violation.text));
  }
  const size_t kept = report.broken.violations().size();
  if (report.broken.count() > kept) {
    lines.push_back(fmt::format("  and {} more violations", report.broken.count() - kept));
  }
  return lines;
}

// Runs all jobs and keeps the score.
class Run {
 public:
  explicit Run(const Plan& plan)
      : plan_(plan),
        jobs_(plan.scenarios.size() * plan.seeds),
        progress_(plan.in_hours ? static_cast<double>(jobs_) * hours_of(plan.options.length)
                                : static_cast<double>(jobs_)) {}

  bool run() {
    Workers workers(jobs_, plan_.processes,
                    [this](uint64_t job, const Workers::Tell& tell) { return work(job, tell); });
    while (!(hunting() && failed_ > 0) && failed_ < plan_.failures_max) {
      const Workers::News news = workers.next(kHearEvery);
      if (news.kind == Workers::News::Kind::kAllDone) break;
      if (news.kind == Workers::News::Kind::kTold) hear(news.job, news.text);
      if (news.kind == Workers::News::Kind::kDone) take(news.job, news.text);
      if (news.kind == Workers::News::Kind::kDied) died(news.job);
      show();
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

  static double hours_of(Duration time) { return static_cast<double>(time.ns) / 3.6e12; }

  // In a worker.
  std::string work(uint64_t job, const Workers::Tell& tell) const {
    Plan plan = plan_;
    plan.options.progress = [&](Duration over) { tell(fmt::format("{} {}", kOver, over.ms())); };
    const bool twice = job % plan.seeds < plan.determinism_seeds;
    const Result<RunReport> report = run_seed(plan, scenario_of(job), seed_of(job));
    if (!report) return "1 0 ||" + report.error().message();
    std::vector<std::string> lines = violations_in(*report);
    if (!lines.empty()) lines.insert(lines.begin(), "  faults: " + report->faults);
    for (std::string& line : lines) {
      std::replace(line.begin(), line.end(), '\n', ' ');
      tell(fmt::format("{} {}", kLine, line.substr(0, kLineMax)));
    }
    return summary_of(*report, twice,
                      twice ? divergence(plan_, scenario_of(job), seed_of(job)) : "");
  }

  void hear(uint64_t job, std::string_view text) {
    const char kind = text.front();
    text.remove_prefix(2);
    if (kind == kLine) lines_[job].emplace_back(text);
    if (kind == kOver) over_[job] = milliseconds(static_cast<int64_t>(take_number(text)));
  }

  void show() {
    if (!plan_.in_hours) return progress_.show(static_cast<double>(done_), failed_);
    double hours = 0;
    for (const auto& [job, over] : over_) {
      hours += std::min(hours_of(over), hours_of(plan_.options.length));
    }
    progress_.show(hours, failed_, " simulated hours");
  }

  void take(uint64_t job, std::string_view text) {
    Tally& tally = tallies_[job / plan_.seeds];
    ++done_;
    ++tally.done;
    const uint64_t violations = take_number(text);
    tally.run_twice += take_number(text);
    take_values(text, [&](const std::string& name, int64_t count) { tally.counts[name] += count; });
    take_values(text, [&](const std::string& name, int64_t value) {
      tally.most[name] = std::max(tally.most[name], value);
    });
    if (violations == 0 && text.empty()) return;
    ++failed_;
    ++tally.failed;
    progress_.clear();
    fmt::print("{} {} seed {}\n", hunting() ? "FOUND" : "FAIL ", scenario_of(job).name,
               seed_of(job));
    if (!text.empty()) fmt::print("  determinism: {}\n", text);
    for (const std::string& line : lines_[job]) fmt::print("{}\n", line);
    fmt::print("  replay: {}\n", replay_command(plan_, scenario_of(job), seed_of(job)));
    std::fflush(stdout);
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
      for (const auto& [name, most] : tally.most) {
        fmt::print("        {:>12} {}, at most\n", most, name);
      }
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
  std::map<uint64_t, Tally> tallies_;                   // by scenario
  std::map<uint64_t, std::vector<std::string>> lines_;  // by job: what it told a person
  std::map<uint64_t, Duration> over_;                   // by job, in virtual time
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
  for (const auto& [name, most] : report->most) fmt::print("  {:>12} {}, at most\n", most, name);
  for (const std::string& line : violations_in(*report)) fmt::print("{}\n", line);
  fmt::print("{}\n", passed ? "ok" : "FAIL");
  return passed;
}

}  // namespace millrace::scenario
