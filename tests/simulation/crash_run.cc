#include "tests/simulation/crash_run.h"

#include <fmt/core.h>
#include <memory>

#include "base/check.h"
#include "simulation/world.h"
#include "tests/simulation/broker_audit.h"
#include "tests/simulation/broker_node.h"
#include "tests/simulation/crash_workloads.h"

namespace millrace::scenario {
namespace {

using runtime::Env;
using runtime::Task;
using simulation::CrashMood;
using simulation::DiskProbe;
using simulation::Faults;
using simulation::FileTree;
using simulation::Node;
using simulation::World;

constexpr uint64_t kSeed = 1;  // workloads are fixed; what differs are the points
constexpr Duration kDown = milliseconds(50);
constexpr Duration kScriptLimit = seconds(300);
constexpr Duration kAuditLimit = seconds(60);
constexpr Duration kLitterLimit = seconds(90);  // a minute until files that are of no use go
constexpr Duration kLookEvery = seconds(1);
constexpr size_t kOpenSegmentsMax = 64;

Faults faults_with(std::string_view plant) {
  Faults faults;
  faults.disk_write_back = 0.05;
  faults.disk_garbage = 0.2;
  if (plant == "skip-sync") faults.disk_sync_lie = 1;
  if (plant == "skip-directory-fsync") faults.disk_directory_lie = 1;
  return faults;
}

// As the client's process keeps them: the script and how it ended.
struct Player {
  Player(Env& env, Workload& workload, ScriptClient::Actions actions, const CrashWorkload& what)
      : client(env, workload, std::move(actions)), scope(env.loop) {
    scope.spawn("script", play(this, what.script(&client)));
  }

  static Task<> play(Player* self, Task<> script) {
    self->result = co_await as_result(std::move(script));
    self->ended = true;
  }

  ScriptClient client;
  Result<> result;
  bool ended = false;
  runtime::Scope scope;
};

class CrashRun {
 public:
  CrashRun(const CrashCase& one, const CrashOptions& options)
      : case_(one),
        options_(options),
        world_(kSeed, faults_with(options.plant)),
        server_(world_.add_node(std::string(kServerName))),
        workload_(world_, server_) {
    world_.set_log_level(options.keep_log ? std::optional(LogLevel::kDebug) : std::nullopt);
    server_.disk().set_probe(&probe_);
    // Their batches are small: what acknowledges them is the journal, and nobody else has them.
    if (options.plant == "release-ring-too-early") server_.disk().lie_about("/small-");
  }

  CrashReport run() {
    arm_next();
    start_server();
    play_script();
    server_.disk().set_probe(nullptr);
    if (hopeless_.empty()) conclude();
    if (!hopeless_.empty()) workload_.noticed().add("comes up", hopeless_);
    return report();
  }

 private:
  void mark(std::string what) {
    workload_.history().marks.push_back({world_.now(), std::move(what)});
  }

  void start_server() {
    server_.start([this](Env& env) {
      workload_.history().restarts.push_back(world_.now());
      BrokerNodeOptions options{.recovery_checks_crc = options_.plant != "skip-crc",
                                .settings = {{"log.segment.delete.delay.ms", "300"},
                                             {"log.delete.io.max.bytes.per.second", "20000"}},
                                .ready = [this] { ready(); },
                                .exit = [this](const std::string& why) { give_up(why); }};
      if (options_.plant == "ack-before-sync")
        options.settings.emplace_back("durability", "page-cache");
      auto node = std::make_shared<BrokerNode>(env, std::move(options));
      broker_ = node.get();
      return node;
    });
  }

  void ready() {
    if (server_.host().muted) return;
    ++starts_;
    if (ready_at_ == 0) ready_at_ = probe_.count();
  }

  // Nothing is wrong with its machine: it has no reason to.
  void give_up(const std::string& why) {
    if (!server_.host().muted && hopeless_.empty()) hopeless_ = "the server gives up: " + why;
  }

  // Of the crashes of the case.
  void arm_next() {
    probe_.clear();
    ready_at_ = 0;
    if (crashed_ == case_.crashes.size()) return;
    const CrashPoint& point = case_.crashes[crashed_];
    probe_.arm(point.change, point.placement, [this] { reach(); });
  }

  // In the middle of what the process does: from here on nothing of it reaches anybody.
  void reach() {
    image_ = server_.disk().image();
    server_.host().muted = true;
    mark(fmt::format("crash {}, {}", case_.crashes[crashed_].to_string(),
                     probe_.changes().back().to_string()));
    world_.at(world_.now(), [this] { crash(); });
  }

  void crash() {
    const CrashPoint& point = case_.crashes[crashed_++];
    server_.host().muted = false;
    // What it had written to its connections still arrives, so that clients know the most there is
    // to know.
    server_.kill();
    if (point.is_power_loss()) {
      Random random(point.change * 1'000 + static_cast<uint64_t>(point.mode));
      CrashMood mood{.keep = 0};
      if (point.mode != CrashPoint::kAllLost) {
        mood = CrashMood::draw(random, random.chance(0.5) ? world_.faults().disk_garbage : 0);
        if (mood.keep <= 0 || mood.keep >= 1) mood.keep = 0.1 + 0.8 * random.unit();
      }
      image_->crash(random, mood);
    }
    server_.disk().load(*image_);
    image_.reset();
    arm_next();
    world_.at(world_.now() + kDown, [this] { start_server(); });
  }

  void play_script() {
    const CrashWorkload* workload = find_crash_workload(case_.workload);
    CHECK(workload);
    Node& node = world_.add_node("client");
    std::shared_ptr<Player> player;
    node.start([&](Env& env) {
      const ScriptClient::Actions actions{.stop_server = [this] { stop_server(); },
                                          .starts = [this] { return starts_; }};
      player = std::make_shared<Player>(env, workload_, actions, *workload);
      return player;
    });
    const bool over =
        world_.run_until([&] { return player->ended || !hopeless_.empty(); }, kScriptLimit);
    if (!hopeless_.empty()) return;
    if (!over) hopeless_ = "the script does not end";
    if (over && !player->result) hopeless_ = "a step fails: " + player->result.error().message();
    const auto up = [&] {
      return !hopeless_.empty() ||
             (server_.running() && !server_.host().muted && broker_->serving());
    };
    if (!world_.run_until(up, kScriptLimit)) hopeless_ = "the server does not come up";
    if (crashed_ < case_.crashes.size()) {
      workload_.noticed().add("determinism", fmt::format("crash {} was never reached",
                                                         case_.crashes[crashed_].to_string()));
    }
    player.reset();
    node.kill();
  }

  // Beside the server's program, as a signal would. A crash may come first.
  void stop_server() {
    world_.at(world_.now(), [this] {
      if (server_.running() && broker_->serving()) server_.spawn("stop", stop(this));
    });
  }

  static Task<> stop(CrashRun* self) {
    const Result<> stopped = co_await as_result(self->broker_->broker().stop());
    if (!stopped) self->hopeless_ = "the server cannot stop: " + stopped.error().message();
    self->world_.at(self->world_.now(), [self] {
      if (self->server_.host().muted || !self->server_.running()) return;  // crashed first
      self->server_.kill();
      self->world_.at(self->world_.now() + kDown, [self] { self->start_server(); });
    });
  }

  // All that was acknowledged after the crashes must be as durable as what was before.
  void conclude() {
    server_.kill();
    server_.disk().crash(CrashMood{.keep = 0});
    mark("final crash");
    start_server();
    Node& auditor = world_.add_node("auditor");
    auditor.start([](Env&) { return nullptr; });
    const Result<> audited = world_.run(auditor, audit(&auditor.env(), &workload_), kAuditLimit);
    auditor.kill();
    if (!hopeless_.empty()) return;
    if (!audited) {
      hopeless_ = "the audit cannot be done: " + audited.error().message();
      return;
    }
    look_at_bounds();
    const MonoTime limit = world_.now() + kLitterLimit;
    while (!litter().empty() && world_.now() < limit) world_.run_for(kLookEvery);
    if (!litter().empty()) workload_.noticed().add("litter", litter() + " is left for good");
  }

  void look_at_bounds() {
    const broker::BrokerStatus status = broker_->broker().status();
    const auto sample = [&](const char* what, int64_t value, int64_t limit) {
      workload_.history().samples.push_back(
          {.what = what, .value = value, .limit = limit, .at = world_.now()});
    };
    sample("connections left", static_cast<int64_t>(status.connections), 2);
    sample("parked fetches", std::ssize(status.parked_fetches), 0);
    sample("open segments", static_cast<int64_t>(status.open_segments), kOpenSegmentsMax);
  }

  // A file that only makes sense while something is under way. The temporary files of the directory
  // itself have fixed names: the next one replaces them.
  std::string litter() {
    for (const auto& [path, inode] : server_.disk().image()->files()) {
      if (path.ends_with(".tmp") && path.rfind('/') == path.find('/')) continue;
      for (const char* mark : {".cleaned", ".swap", ".deleted", ".tmp", "-delete/"}) {
        if (path.find(mark) != std::string::npos) return path;
      }
    }
    return "";
  }

  CrashReport report() {
    CrashReport report;
    const History& history = workload_.finished_history();
    report.broken = check_all(history);
    for (const Violation& violation : workload_.noticed().violations()) {
      report.broken.add(violation.rule, violation.text);
    }
    report.changes = probe_.changes();
    report.changes_until_ready = ready_at_;
    report.counts = workload_.counts();
    if (!options_.keep_log) return report;
    report.log = world_.log_text();
    for (const Mark& mark : history.marks) {
      report.log += fmt::format("{:12.6f} {}\n", static_cast<double>(mark.at.ns) / 1e9, mark.what);
    }
    return report;
  }

  const CrashCase& case_;
  const CrashOptions& options_;
  DiskProbe probe_;
  World world_;
  Node& server_;
  Workload workload_;
  BrokerNode* broker_ = nullptr;  // the running process'
  std::unique_ptr<FileTree> image_;
  size_t crashed_ = 0;  // so many of the case's crashes have been
  int starts_ = 0;
  size_t ready_at_ = 0;
  std::string hopeless_;
};

}  // namespace

const std::vector<Plant>& crash_plants() {
  static const std::vector<Plant> all = {
      {"ack-before-sync", "clients are answered once their records are in the page cache"},
      {"skip-sync", "syncs of files save nothing"},
      {"skip-directory-fsync", "syncs of directories save nothing"},
      {"release-ring-too-early", "the journal is let go while segments are not synced"},
      {"skip-crc", "recovery believes any bytes"}};
  return all;
}

CrashReport run_crash_case(const CrashCase& one, const CrashOptions& options) {
  return CrashRun(one, options).run();
}

}  // namespace millrace::scenario
