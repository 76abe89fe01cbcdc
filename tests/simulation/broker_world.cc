#include "tests/simulation/broker_world.h"

#include <fmt/core.h>
#include <malloc.h>
#include <algorithm>

#include "tests/simulation/broker_audit.h"
#include "tests/simulation/group_member.h"
#include "tests/simulation/operating_client.h"
#include "tests/simulation/producing_client.h"
#include "tests/simulation/reading_client.h"

namespace millrace::scenario {

using runtime::Env;
using simulation::Faults;
using simulation::Nemesis;
using simulation::Node;

namespace {

constexpr Duration kMeasureEvery = seconds(1);

// A few times what is measured where all goes well.
constexpr int64_t kHeapBytesMax = 96 << 20;  // of the whole world: logs, history, server, clients
constexpr int64_t kDiskBytesMax = 32 << 20;
constexpr int64_t kOpenFilesMax = 200;
constexpr int64_t kConnectionsMax = 200;
constexpr int64_t kAnswerBytesMax = 32 << 20;
constexpr int64_t kRequestBytesMax = 8 << 20;

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

}  // namespace

const std::vector<Plant>& broker_plants() {
  static const std::vector<Plant> all = {
      {"skip-sync", "one sync in five saves nothing"},
      {"skip-directory-fsync", "one sync of a directory in five saves nothing"},
      {"ack-before-sync", "clients are answered once their records are in the page cache"},
      {"skip-crc", "recovery believes any bytes"}};
  return all;
}

Result<PlantedBug> PlantedBug::find(std::string_view name, Faults& faults) {
  PlantedBug bug;
  if (name == "skip-sync") {
    faults.disk_sync_lie = 0.2;
  } else if (name == "skip-directory-fsync") {
    faults.disk_directory_lie = 0.2;
  } else if (name == "ack-before-sync") {
    bug.settings = {{"durability", "page-cache"}};
  } else if (name == "skip-crc") {
    bug.check_crc = false;
  } else if (!name.empty()) {
    return fail(Errc::kInvalidSetting, fmt::format("there is no bug \"{}\" to plant", name));
  }
  return bug;
}

BrokerWorld::BrokerWorld(const RunOptions& options, const Faults& faults, PlantedBug bug)
    : options_(options),
      bug_(std::move(bug)),
      world_(options.seed, faults),
      server_(world_.add_node(std::string(kServerName))),
      workload_(world_, server_) {
  world_.timeline().trace().keep(options.trace_events_max);
  world_.set_log_level(options.keep_log ? std::optional(LogLevel::kDebug) : std::nullopt);
  add_topics(workload_);
  keep_measuring();
}

uint64_t BrokerWorld::episodes() const {
  uint64_t episodes = 0;
  for (const std::unique_ptr<Nemesis>& plague : plagues_) episodes += plague->episodes();
  return episodes;
}

void BrokerWorld::mark(std::string_view what, Node& victim) {
  workload_.history().marks.push_back({world_.now(), fmt::format("{} {}", victim.name(), what)});
  if (&victim != &server_ || what != "clock jump") return;
  workload_.server_wall();  // what it was until now
  workload_.server_clock_was_set();
}

void BrokerWorld::start_server() {
  server_.start([this](Env& env) {
    workload_.count("broker starts");
    workload_.history().restarts.push_back(world_.now());
    auto node = std::make_shared<BrokerNode>(
        env, BrokerNodeOptions{.recovery_checks_crc = bug_.check_crc,
                               .settings = bug_.settings,
                               .exit = [this](const std::string& why) { give_up(why); }});
    broker_ = node.get();
    return node;
  });
}

// A process that is of no use is ended and started again.
void BrokerWorld::give_up(const std::string& why) {
  workload_.history().marks.push_back({world_.now(), "server gives up: " + why});
  workload_.count("brokers given up");
  last_exit_ = why;
  world_.at(world_.now(), [this] {
    if (!server_.running()) return;
    server_.kill();
    if (!calm_) return of_server_->restart_later(server_);
    world_.at(world_.now() + seconds(1), [this] {
      if (!server_.running()) server_.start();
    });
  });
}

// Adding a machine changes what later ones draw, so each is added once.
Node& BrokerWorld::machine(const std::string& name) {
  Node*& node = machines_[name];
  if (!node) node = &world_.add_node(name);
  if (!node->running()) node->start([](Env&) { return nullptr; });
  return *node;
}

Result<> BrokerWorld::set_up() {
  Node& founder = machine(calm_ ? "late founder" : "founder");
  return world_.run(founder, create_topics(&founder.env(), &workload_), kCalmTimeout);
}

void BrokerWorld::add_client(std::string name, Node::Program program) {
  Node& node = world_.add_node(std::move(name));
  node.start(std::move(program));
  clients_.push_back(&node);
}

void BrokerWorld::start_clients() {
  for (Node* client : clients_) client->start();
  if (!clients_.empty()) return;
  for (int i = 0; i < 3; ++i) {
    add_client(fmt::format("producer-{}", i), [this, i](Env& env) {
      return std::make_shared<ProducingClient>(env, workload_, i != 0);
    });
  }
  for (int i = 0; i < 2; ++i) {
    add_client(fmt::format("reader-{}", i),
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
      add_client(fmt::format("{}-{}", group.id, i), [this, group](Env& env) {
        return std::make_shared<GroupMember>(env, workload_, group);
      });
    }
  }
  add_client("operator",
             [this](Env& env) { return std::make_shared<OperatingClient>(env, workload_); });
}

void BrokerWorld::end_clients() {
  for (Node* client : clients_) {
    if (client->running()) client->kill();
  }
}

// Kept until the end: what a nemesis has planned calls it.
Nemesis& BrokerWorld::plague(std::vector<Node*> victims) {
  plagues_.push_back(std::make_unique<Nemesis>(
      world_, std::move(victims),
      [this](std::string_view what, Node& victim) { mark(what, victim); }));
  return *plagues_.back();
}

void BrokerWorld::plague_server() {
  calm_ = false;
  of_server_ = &plague({&server_});
  of_server_->start();
}

void BrokerWorld::plague_clients() {
  of_clients_ = &plague(clients_);
  of_clients_->start();
}

void BrokerWorld::calm_clients() {
  if (of_clients_) std::exchange(of_clients_, nullptr)->stop();
}

void BrokerWorld::calm_all() {
  calm_clients();
  of_server_->stop();
  calm_ = true;
}

void BrokerWorld::end_server() {
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

void BrokerWorld::keep_measuring() {
  world_.at(world_.now() + kMeasureEvery, [this] {
    measure();
    keep_measuring();
  });
}

void BrokerWorld::measure() {
  sample("bytes on the heap", static_cast<int64_t>(mallinfo2().uordblks), kHeapBytesMax);
  sample("bytes on disk", server_.disk().used_bytes(), kDiskBytesMax);
  sample("open files", server_.disk().open_files(), kOpenFilesMax);
  if (!server_.running() || !broker_->serving()) return;
  const broker::BrokerStatus status = broker_->broker().status();
  sample("connections", static_cast<int64_t>(status.connections), kConnectionsMax);
  sample("parked fetches", std::ssize(status.parked_fetches), kConnectionsMax);
  sample("bytes of answers", status.answer_bytes, kAnswerBytesMax);
  sample("bytes of requests", status.request_bytes, kRequestBytesMax);
}

void BrokerWorld::sample(const char* what, int64_t value, int64_t limit) {
  int64_t& most = most_[what];
  most = std::max(most, value);
  if (value <= limit) return;
  workload_.history().samples.push_back(
      {.what = what, .value = value, .limit = limit, .at = world_.now()});
}

void BrokerWorld::note_progress(const std::string& text) {
  workload_.noticed().add("progress",
                          last_exit_.empty() ? text : text + "; the broker gave up: " + last_exit_);
}

std::string BrokerWorld::log_text(const History& history) const {
  if (!options_.keep_log) return "";
  std::string text = world_.log_text();
  for (const Mark& mark : history.marks) {
    text += fmt::format("{:12.6f} {}\n", static_cast<double>(mark.at.ns) / 1e9, mark.what);
  }
  return text;
}

}  // namespace millrace::scenario
