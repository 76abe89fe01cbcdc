#include "tests/simulation/long_scenario.h"

#include <fmt/core.h>
#include <algorithm>

#include "client/admin.h"
#include "tests/simulation/broker_audit.h"
#include "tests/simulation/broker_world.h"
#include "tests/simulation/history_fold.h"

namespace millrace::scenario {
namespace {

using runtime::Task;
using simulation::Faults;

constexpr int64_t kAloneMsMax = 20 * 60'000;
constexpr int64_t kUsedMsMin = 10'000;
constexpr int64_t kUsedMsMax = 40'000;
constexpr int64_t kRecordsKept = 40;  // per partition, where no rule removes any

// What is left when everybody has gone.
constexpr int64_t kFilesMax = 600;

Task<> remove_passing_topics(client::Cluster* cluster, Workload* workload) {
  for (auto& [name, fate] : workload->topic_fates()) {
    const std::string topic = name;
    const Result<> removed = co_await as_result(client::delete_topic(cluster, topic));
    if (!removed && removed.error().code() != Errc::kUnknownTopicOrPartition) co_await removed;
    fate = {.told = "gone", .open = {}};
  }
}

// Where nothing is ever removed a long life would not end.
Task<> remove_old_records(client::Cluster* cluster, Workload* workload) {
  for (const WorkloadTopic& topic : workload->topics()) {
    if (topic.rules.compacts) continue;
    for (size_t index = 0; index < topic.partitions.size(); ++index) {
      const auto log = workload->history().final_logs.find(topic.partitions[index]);
      if (log == workload->history().final_logs.end()) continue;
      const Offset before(log->second.high_watermark.value - kRecordsKept);
      if (before <= log->second.log_start) continue;
      workload->history().trims.push_back(
          {.partition = topic.partitions[index], .before = before, .began = workload->now()});
      const PartitionIndex partition(static_cast<int32_t>(index));
      const std::string name = topic.topic.name;
      co_await client::delete_records(cluster, name, {{partition, before}});
      workload->history().trims.back().acknowledged = workload->now();
    }
  }
}

// What clients leave behind chapter after chapter.
Task<> tidy(runtime::Env* env, Workload* workload) {
  client::Cluster cluster(env, bootstrap(), cluster_options());
  co_await remove_passing_topics(&cluster, workload);
  co_await remove_old_records(&cluster, workload);
}

class LongRun {
 public:
  LongRun(const RunOptions& options, const Faults& faults, PlantedBug bug)
      : options_(options), all_(options, faults, std::move(bug)), random_(options.seed) {}

  Result<RunReport> run() {
    const MonoTime began = all_.world().now();
    all_.start_server();
    while (report_.broken.count() == 0 && all_.world().now() - began < options_.length) {
      TRY(begin_chapter());
      live();
      judge();
      if (options_.progress) options_.progress(all_.world().now() - began);
    }
    report_.counts["simulated minutes"] = (all_.world().now() - began).ms() / 60'000;
    return finish();
  }

 private:
  // Of other faults than the chapter before.
  Result<> begin_chapter() {
    Faults faults = Faults::draw(random_.fork());
    TRY(PlantedBug::find(options_.plant, faults));
    for (const auto& [name, value] : options_.faults) TRY(faults.set(name, value));
    all_.world().set_faults(faults);
    report_.faults = faults.to_string();
    ++report_.counts["chapters"];
    return {};
  }

  void live() {
    Workload& workload = all_.workload();
    all_.plague_server();
    if (!set_up_) set_up_ = all_.set_up().has_value();
    if (set_up_) all_.world().run_for(milliseconds(random_.between(0, kAloneMsMax)));
    if (set_up_) {
      all_.start_clients();
      all_.plague_clients();
      all_.world().run_for(milliseconds(random_.between(kUsedMsMin, kUsedMsMax)));
      workload.stop();
    }
    all_.calm_all();
    if (!set_up_) set_up_ = all_.set_up().has_value();
    if (!set_up_) all_.note_progress("topics cannot be created although all is well");
    if (!all_.world().run_until([&] { return workload.busy() == 0; }, kCalmTimeout)) {
      all_.note_progress(
          fmt::format("{} clients have something open although all was well for {} s",
                      workload.busy(), kCalmTimeout.ms() / 1000));
    }
    all_.end_clients();
    all_.end_server();
  }

  void judge() {
    Workload& workload = all_.workload();
    const Result<> audited = all_.ask(audit);
    if (!audited) all_.note_progress("the audit cannot be done: " + audited.error().message());
    Report& broken = report_.broken;
    broken = check_all(workload.finished_history());
    for (const Violation& violation : workload.noticed().violations()) {
      broken.add(violation.rule, violation.text);
    }
    if (broken.count() > 0) return;
    const Result<> tidied = all_.ask(tidy);
    if (!tidied) broken.add("progress", "cannot tidy up: " + tidied.error().message());
    History next = fold(workload.history(), all_.world().now());
    workload.begin_chapter(std::move(next));
    measure();
    check_bounds(workload.history(), broken);
  }

  void measure() {
    all_.measure();
    const auto sample = [&](const char* what, int64_t value, int64_t limit) {
      all_.workload().history().samples.push_back(
          {.what = what, .value = value, .limit = limit, .at = all_.world().now()});
    };
    const broker::BrokerStatus status = all_.broker().broker().status();
    const int64_t files = std::ssize(all_.server().disk().image()->files());
    sample("files on disk", files, kFilesMax);
    sample("connections left", static_cast<int64_t>(status.connections), 2);
    sample("parked fetches left", std::ssize(status.parked_fetches), 0);
    sample("bytes of answers left", status.answer_bytes, 0);
    int64_t& most = report_.most["files on disk"];
    most = std::max(most, files);
  }

  RunReport finish() {
    report_.trace_hash = all_.world().trace_hash();
    report_.trace_events = all_.world().timeline().trace().count();
    report_.trace = all_.world().timeline().trace().kept();
    report_.log = all_.log_text(all_.workload().history());
    for (const auto& [what, count] : all_.workload().counts()) report_.counts[what] += count;
    for (const auto& [what, most] : all_.most()) report_.most[what] = most;
    report_.counts["episodes"] = static_cast<int64_t>(all_.episodes());
    return std::move(report_);
  }

  const RunOptions& options_;
  BrokerWorld all_;
  Random random_;
  RunReport report_;
  bool set_up_ = false;
};

Result<RunReport> run(const RunOptions& options) {
  Faults faults = Faults::draw(Random(options.seed));
  PlantedBug bug = TRY(PlantedBug::find(options.plant, faults));
  return LongRun(options, faults, std::move(bug)).run();
}

}  // namespace

Scenario long_scenario() {
  return {.name = "long-life",
          .sentence = "one broker for hours, in chapters, with bounds on all it holds",
          .plants = broker_plants(),
          .run = run,
          .by_name_only = true};
}

}  // namespace millrace::scenario
