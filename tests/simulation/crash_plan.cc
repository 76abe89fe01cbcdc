#include "tests/simulation/crash_plan.h"

#include <fmt/core.h>
#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>

#include "tests/simulation/crash_workloads.h"
#include "tests/simulation/progress.h"
#include "tests/simulation/workers.h"

namespace millrace::scenario {
namespace {

using simulation::DiskChange;
using simulation::DiskProbe;
using simulation::Placement;

constexpr Duration kHearEvery = seconds(1);
constexpr int kFirstCrashes = 4;  // per workload, whose recoveries are crashed in turn

// What a workload, or the recoveries of one, have to show.
struct Tally {
  std::string name;
  std::array<uint64_t, simulation::kDiskChangeKinds> changes{};
  uint64_t cases = 0;
  uint64_t failed = 0;
};

struct Job {
  CrashCase what;
  size_t tally;
};

Result<> check_known(const CrashPlanOptions& options, std::string_view workload) {
  if (!workload.empty() && !find_crash_workload(workload)) {
    return fail(Errc::kInvalidSetting,
                fmt::format("there is no workload \"{}\"; --list shows what there is", workload));
  }
  const std::string& plant = options.run.plant;
  const bool planted = std::any_of(crash_plants().begin(), crash_plants().end(),
                                   [&](const Plant& one) { return one.name == plant; });
  if (plant.empty() || planted) return {};
  return fail(Errc::kInvalidSetting,
              fmt::format("crash points know no bug \"{}\"; --list shows what there is", plant));
}

std::vector<Placement> placements_of(DiskChange kind) {
  if (kind == DiskChange::kSyncBegin) return {Placement::kBefore};
  if (kind == DiskChange::kWrite)
    return {Placement::kBefore, Placement::kWithin, Placement::kAfter};
  return {Placement::kBefore, Placement::kAfter};
}

void print_violations(const Report& broken) {
  for (const Violation& violation : broken.violations()) {
    fmt::print("  {}: {}\n", violation.rule, violation.text);
  }
  if (broken.count() > broken.violations().size()) {
    fmt::print("  and {} more violations\n", broken.count() - broken.violations().size());
  }
}

class CrashPlanRun {
 public:
  explicit CrashPlanRun(const CrashPlanOptions& options) : options_(options) {}

  bool run() {
    enumerate();
    Progress progress(static_cast<double>(jobs_.size()));
    Workers workers(jobs_.size(), options_.processes,
                    [this](uint64_t job, const Workers::Tell&) { return work(job); });
    uint64_t done = 0;
    while (!(hunting() && failed_ > 0) && failed_ < options_.failures_max) {
      const Workers::News news = workers.next(kHearEvery);
      if (news.kind == Workers::News::Kind::kAllDone) break;
      if (news.kind != Workers::News::Kind::kNothing) {
        ++done;
        take(news, progress);
      }
      progress.show(static_cast<double>(done), failed_, " points");
    }
    progress.clear();
    conclude(done, progress.seconds_so_far());
    return hunting() == (failed_ > 0);
  }

 private:
  bool hunting() const { return !options_.run.plant.empty(); }

  void enumerate() {
    for (const CrashWorkload& workload : crash_workloads()) {
      if (!options_.workload.empty() && workload.name != options_.workload) continue;
      const CrashCase calm{.workload = std::string(workload.name), .crashes = {}};
      const CrashReport report = run_crash_case(calm, options_.run);
      // Where even a run without a crash breaks a rule, that is one case, and enough.
      if (report.broken.count() > 0) add_failed(calm);
      const size_t tally = add_tally(calm.workload, report.changes, report.changes.size());
      add_jobs(calm, report.changes, report.changes.size(), tally);
      add_recoveries(calm, report.changes.size());
    }
    thin_out();
  }

  void add_failed(const CrashCase& what) { jobs_.push_back({what, add_tally("calm", {}, 0)}); }

  size_t add_tally(std::string name, const std::vector<DiskProbe::Change>& changes, size_t count) {
    Tally& tally = tallies_.emplace_back();
    tally.name = std::move(name);
    for (size_t i = 0; i < count; ++i) ++tally.changes[static_cast<size_t>(changes[i].kind)];
    return tallies_.size() - 1;
  }

  void add_jobs(const CrashCase& before, const std::vector<DiskProbe::Change>& changes,
                size_t count, size_t tally) {
    for (size_t i = 0; i < count; ++i) {
      for (const Placement placement : placements_of(changes[i].kind)) {
        for (int mode = CrashPoint::kKill; mode <= options_.draws; ++mode) {
          CrashCase one = before;
          one.crashes.push_back({.change = i + 1, .placement = placement, .mode = mode});
          jobs_.push_back({std::move(one), tally});
        }
      }
    }
  }

  // After crashes here and there in the workload, by turns of each kind.
  void add_recoveries(const CrashCase& calm, size_t changes) {
    for (int i = 0; i < kFirstCrashes; ++i) {
      const size_t change = changes * static_cast<size_t>(2 * i + 1) / (2 * kFirstCrashes);
      CrashCase first = calm;
      first.crashes.push_back({.change = std::max<size_t>(1, change),
                               .placement = Placement::kBefore,
                               .mode = i % 2 == 0 ? i / 2 + 1 : i / 2 - 1});
      const CrashReport report = run_crash_case(first, options_.run);
      const size_t tally = add_tally("recovery from " + first.to_string(), report.changes,
                                     report.changes_until_ready);
      add_jobs(first, report.changes, report.changes_until_ready, tally);
    }
  }

  void thin_out() {
    std::vector<Job> kept;
    for (size_t i = 0; i < jobs_.size(); i += options_.stride) kept.push_back(std::move(jobs_[i]));
    jobs_ = std::move(kept);
  }

  // In a worker: how many violations there were.
  std::string work(uint64_t job) const {
    return std::to_string(run_crash_case(jobs_[job].what, options_.run).broken.count());
  }

  void take(const Workers::News& news, Progress& progress) {
    const Job& job = jobs_[news.job];
    ++tallies_[job.tally].cases;
    const bool died = news.kind == Workers::News::Kind::kDied;
    if (!died && news.text == "0") return;
    ++failed_;
    ++tallies_[job.tally].failed;
    progress.clear();
    fmt::print("{} {}{}\n", hunting() ? "FOUND" : "FAIL ", job.what.to_string(),
               died ? " ended the process" : "");
    if (!died) print_violations(run_crash_case(job.what, options_.run).broken);
    fmt::print("  replay: {} --crash-points --only {}{}\n", options_.command, job.what.to_string(),
               hunting() ? " --plant " + options_.run.plant : "");
    std::fflush(stdout);
  }

  void conclude(uint64_t done, double took) const {
    std::array<uint64_t, simulation::kDiskChangeKinds> all{};
    for (const Tally& tally : tallies_) {
      std::string kinds;
      uint64_t count = 0;
      for (size_t kind = 0; kind < tally.changes.size(); ++kind) {
        all[kind] += tally.changes[kind];
        count += tally.changes[kind];
        if (tally.changes[kind] == 0) continue;
        kinds += fmt::format("{}{} {}", kinds.empty() ? "" : ", ", tally.changes[kind],
                             name_of(static_cast<DiskChange>(kind)));
      }
      fmt::print("{} {}: {} crash points at {} changes ({})\n", tally.failed > 0 ? "FAIL" : "ok  ",
                 tally.name, tally.cases, count, kinds);
    }
    fmt::print("changes:");
    for (size_t kind = 0; kind < all.size(); ++kind) {
      fmt::print(" {} {}{}", name_of(static_cast<DiskChange>(kind)), all[kind],
                 kind + 1 < all.size() ? "," : "\n");
    }
    fmt::print("{} crash points{}, {} failed, in {:.0f} s\n", done,
               options_.stride > 1 ? fmt::format(" (one in {})", options_.stride) : "", failed_,
               took);
    if (hunting()) {
      fmt::print("the planted bug {} was {}\n", options_.run.plant,
                 failed_ ? "found" : "not found");
    }
  }

  const CrashPlanOptions& options_;
  std::vector<Job> jobs_;
  std::vector<Tally> tallies_;
  uint64_t failed_ = 0;
};

}  // namespace

Result<bool> run_crash_plan(const CrashPlanOptions& options) {
  TRY(check_known(options, options.workload));
  return CrashPlanRun(options).run();
}

Result<bool> replay_crash_case(const CrashPlanOptions& options, std::string_view text) {
  const CrashCase what = TRY(CrashCase::parse(text));
  TRY(check_known(options, what.workload));
  CrashOptions telling = options.run;
  telling.keep_log = true;
  const CrashReport report = run_crash_case(what, telling);
  fmt::print("{}", report.log);
  for (size_t i = 0; i < report.changes.size(); ++i) {
    fmt::print("  change {:>4} {}{}\n", i + 1, report.changes[i].to_string(),
               i + 1 == report.changes_until_ready ? "  (serves)" : "");
  }
  for (const auto& [name, count] : report.counts) fmt::print("  {:>12} {}\n", count, name);
  print_violations(report.broken);
  fmt::print("{} {}\n", report.broken.count() == 0 ? "ok  " : "FAIL", what.to_string());
  return report.broken.count() == 0;
}

}  // namespace millrace::scenario
