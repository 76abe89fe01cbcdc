#include "tests/simulation/broker_scenario.h"

#include <fmt/core.h>
#include <algorithm>
#include <memory>

#include "simulation/nemesis.h"
#include "simulation/world.h"
#include "tests/simulation/broker_audit.h"
#include "tests/simulation/broker_node.h"
#include "tests/simulation/group_member.h"
#include "tests/simulation/operating_client.h"
#include "tests/simulation/producing_client.h"
#include "tests/simulation/reading_client.h"
#include "tests/simulation/workload.h"

namespace millrace::scenario {
namespace {

using runtime::Env;
using simulation::Faults;
using simulation::Nemesis;
using simulation::Node;
using simulation::World;

constexpr Duration kCalmTimeout = seconds(300);  // for all that is open to end, once all is well
constexpr Duration kDeleteRetention = seconds(2);
constexpr Duration kRetention = seconds(6);
constexpr int64_t kRetentionBytes = 60'000;

// The first one gets partitions and settings while the run goes on.
void add_topics(Workload& workload) {
  const std::vector<std::pair<std::string, std::string>> small = {
      {"internal.segment.bytes", "30000"}, {"max.message.bytes", "16000"}};
  const auto topic = [&](std::string name, int32_t partitions,
                         std::vector<std::pair<std::string, std::string>> configs) {
    configs.insert(configs.end(), small.begin(), small.end());
    return client::NewTopic{
        .name = std::move(name), .partitions = partitions, .configs = std::move(configs)};
  };
  workload.add_topic({.topic = topic("plain", 2, {}), .rules = {}, .partitions = {}});
  workload.add_topic(
      {.topic = topic("aging", 1, {{"retention.ms", std::to_string(kRetention.ms())}}),
       .rules = {.topic = {}, .retention = kRetention, .retention_bytes = {}},
       .partitions = {}});
  workload.add_topic(
      {.topic = topic("bounded", 1, {{"retention.bytes", std::to_string(kRetentionBytes)}}),
       .rules = {.topic = {}, .retention = {}, .retention_bytes = kRetentionBytes},
       .partitions = {}});
  workload.add_topic(
      {.topic = topic("keyed", 2,
                      {{"cleanup.policy", "compact"},
                       {"delete.retention.ms", std::to_string(kDeleteRetention.ms())},
                       {"min.cleanable.dirty.ratio", "0.1"},
                       {"segment.ms", "3000"}}),
       .rules = {.topic = {},
                 .compacts = true,
                 .delete_retention = kDeleteRetention,
                 .retention = {},
                 .retention_bytes = {}},
       .keyed = true,
       .partitions = {}});
  workload.add_topic(
      {.topic = topic("trimmed", 1, {}), .rules = {}, .trimmed = true, .partitions = {}});
}

// One run: the world, what is in it, and how it comes to an end.
class Run {
 public:
  Run(const RunOptions& options, const Faults& faults, bool check_crc)
      : options_(options),
        faults_(faults),
        check_crc_(check_crc),
        world_(options.seed, faults),
        server_(world_.add_node(std::string(kServerName))),
        workload_(world_, server_) {
    world_.timeline().trace().keep(options.trace_events_max);
    world_.set_log_level(options.keep_log ? std::optional(LogLevel::kDebug) : std::nullopt);
    add_topics(workload_);
    plague_server_.emplace(world_, std::vector<Node*>{&server_},
                           [this](std::string_view what, Node& victim) { mark(what, victim); });
  }

  RunReport run() {
    start_server();
    plague_server_->start();
    Result<> topics = set_up();
    if (topics) {
      start_clients();
      plague_clients_->start();
      world_.run_for(options_.length);
      workload_.stop();
      plague_clients_->stop();
    }
    plague_server_->stop();
    calm_ = true;
    // A world may be too bad for it, say because the disk is full most of the time; a calm one not.
    if (!topics) {
      workload_.count("runs too bad for clients");
      topics = set_up();
    }
    if (topics) {
      conclude();
    } else {
      note_progress("topics cannot be created: " + topics.error().message());
    }
    return report();
  }

 private:
  void mark(std::string_view what, Node& victim) {
    workload_.history().marks.push_back({world_.now(), fmt::format("{} {}", victim.name(), what)});
    if (&victim != &server_ || what != "clock jump") return;
    workload_.server_wall();  // what it was until now
    workload_.server_clock_was_set();
  }

  void start_server() {
    server_.start([this](Env& env) {
      workload_.count("broker starts");
      workload_.history().restarts.push_back(world_.now());
      auto node = std::make_shared<BrokerNode>(
          env, BrokerNodeOptions{.recovery_checks_crc = check_crc_,
                                 .exit = [this](const std::string& why) { give_up(why); }});
      broker_ = node.get();
      return node;
    });
  }

  // A process that is of no use is ended and started again.
  void give_up(const std::string& why) {
    workload_.history().marks.push_back({world_.now(), "server gives up: " + why});
    workload_.count("brokers given up");
    last_exit_ = why;
    world_.at(world_.now(), [this] {
      if (!server_.running()) return;
      server_.kill();
      if (!calm_) return plague_server_->restart_later(server_);
      world_.at(world_.now() + seconds(1), [this] {
        if (!server_.running()) server_.start();
      });
    });
  }

  Result<> set_up() {
    Node& founder = world_.add_node(calm_ ? "late founder" : "founder");
    founder.start([](Env&) { return nullptr; });
    return world_.run(founder, create_topics(&founder.env(), &workload_), kCalmTimeout);
  }

  void start_clients() {
    std::vector<Node*> victims;
    const auto add = [&](std::string name, Node::Program program) {
      Node& node = world_.add_node(std::move(name));
      node.start(std::move(program));
      victims.push_back(&node);
    };
    for (int i = 0; i < 3; ++i) {
      add(fmt::format("producer-{}", i), [this, i](Env& env) {
        return std::make_shared<ProducingClient>(env, workload_, i != 0);
      });
    }
    for (int i = 0; i < 2; ++i) {
      add(fmt::format("reader-{}", i),
          [this](Env& env) { return std::make_shared<ReadingClient>(env, workload_); });
    }
    const GroupOfWorkload groups[] = {
        {.id = "eager", .topics = {"plain", "keyed"}, .strategy = client::Strategy::kRange},
        {.id = "cooperative",
         .topics = {"plain", "aging", "trimmed"},
         .strategy = client::Strategy::kCooperativeSticky}};
    for (const GroupOfWorkload& group : groups) {
      workload_.groups().push_back(group.id);
      for (int i = 0; i < 2; ++i) {
        add(fmt::format("{}-{}", group.id, i), [this, group](Env& env) {
          return std::make_shared<GroupMember>(env, workload_, group);
        });
      }
    }
    add("operator", [this](Env& env) { return std::make_shared<OperatingClient>(env, workload_); });
    plague_clients_.emplace(world_, std::move(victims),
                            [this](std::string_view what, Node& victim) { mark(what, victim); });
  }

  void note_progress(const std::string& text) {
    workload_.noticed().add(
        "progress", last_exit_.empty() ? text : text + "; the broker gave up: " + last_exit_);
  }

  // Everything is well again: what is open must end, and then nothing may be missing.
  void conclude() {
    if (!world_.run_until([&] { return workload_.busy() == 0; }, kCalmTimeout)) {
      note_progress(fmt::format("{} clients have something open although all was well for {} s",
                                workload_.busy(), kCalmTimeout.ms() / 1000));
    }
    end_server();
    Node& auditor = world_.add_node("auditor");
    auditor.start([](Env&) { return nullptr; });
    const Result<> audited = world_.run(auditor, audit(&auditor.env(), &workload_), kCalmTimeout);
    if (!audited) note_progress("the audit cannot be done: " + audited.error().message());
  }

  // In order, or not.
  void end_server() {
    if (server_.running() && broker_->serving() && world_.random().chance(0.5)) {
      const Result<> stopped = world_.run(server_, broker_->broker().stop());
      if (!stopped) note_progress("the broker cannot stop: " + stopped.error().message());
    }
    if (world_.random().chance(0.5) || !server_.running()) {
      server_.crash();
    } else {
      server_.kill();
    }
    server_.start();
  }

  RunReport report() {
    RunReport report{.faults = faults_.to_string()};
    const History& history = workload_.finished_history();
    report.broken = check_all(history);
    for (const Violation& violation : workload_.noticed().violations()) {
      report.broken.add(violation.rule, violation.text);
    }
    report.trace_hash = world_.trace_hash();
    report.trace_events = world_.timeline().trace().count();
    report.trace = world_.timeline().trace().kept();
    report.log = log_text(history);
    report.counts = workload_.counts();
    report.counts["episodes"] = static_cast<int64_t>(
        plague_server_->episodes() + (plague_clients_ ? plague_clients_->episodes() : 0));
    report.counts["disk errors"] = static_cast<int64_t>(server_.disk().counts().errors);
    for (const auto& [partition, log] : history.final_logs) {
      if (!history.partitions[partition].compacts) {
        report.counts["records removed"] += log.log_start.value;
      } else {
        report.counts["records compacted away"] +=
            log.high_watermark - log.log_start - static_cast<int64_t>(log.records.size());
      }
    }
    return report;
  }

  std::string log_text(const History& history) const {
    if (!options_.keep_log) return "";
    std::string text = world_.log_text();
    for (const Mark& mark : history.marks) {
      text += fmt::format("{:12.6f} {}\n", static_cast<double>(mark.at.ns) / 1e9, mark.what);
    }
    return text;
  }

  const RunOptions& options_;
  Faults faults_;
  bool check_crc_;
  World world_;
  Node& server_;
  Workload workload_;
  BrokerNode* broker_ = nullptr;  // the running process'
  std::optional<Nemesis> plague_server_;
  std::optional<Nemesis> plague_clients_;
  std::string last_exit_;
  bool calm_ = false;
};

Result<RunReport> run(const RunOptions& options) {
  Faults faults = Faults::draw(Random(options.seed));
  for (const auto& [name, value] : options.faults) TRY(faults.set(name, value));
  bool check_crc = true;
  if (options.plant == "skip-sync") {
    faults.disk_sync_lie = 0.2;
  } else if (options.plant == "skip-crc") {
    check_crc = false;
  } else if (!options.plant.empty()) {
    return fail(Errc::kInvalidSetting,
                fmt::format("broker has no bug \"{}\" to plant", options.plant));
  }
  return Run(options, faults, check_crc).run();
}

}  // namespace

Scenario broker_scenario() {
  return {.name = "broker",
          .sentence = "a whole broker, with our producers, readers, groups and an operator",
          .plants = {{"skip-sync", "one sync in five saves nothing"},
                     {"skip-crc", "recovery believes any bytes"}},
          .run = run};
}

}  // namespace millrace::scenario
