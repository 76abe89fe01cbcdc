// BrokerWorld: the world of the scenarios with a whole broker: a server, producers, readers, groups
// and an operator as its clients, and what plagues both. Not how a run goes and what is judged in
// the end: that is in broker_scenario.h and long_scenario.h.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "simulation/nemesis.h"
#include "simulation/world.h"
#include "tests/simulation/broker_node.h"
#include "tests/simulation/scenario.h"
#include "tests/simulation/workload.h"

namespace millrace::scenario {

/// For all that is open to end, once all is well.
inline constexpr Duration kCalmTimeout = seconds(300);

/// A bug to put in: what it does to the faults, the disk and the broker.
struct PlantedBug {
  bool check_crc = true;
  std::vector<std::pair<std::string, std::string>> settings;
  /// Errors: kInvalidSetting when nobody knows it.
  static Result<PlantedBug> find(std::string_view name, simulation::Faults& faults);
};
const std::vector<Plant>& broker_plants();

class BrokerWorld {
 public:
  BrokerWorld(const RunOptions& options, const simulation::Faults& faults, PlantedBug bug);

  simulation::World& world() { return world_; }
  simulation::Node& server() { return server_; }
  Workload& workload() { return workload_; }
  BrokerNode& broker() { return *broker_; }
  uint64_t episodes() const;

  void start_server();
  /// Creates the topics. Errors: kTimedOut where the world is too bad for it.
  Result<> set_up();
  /// Starts all clients; those that had been started before begin a new life.
  void start_clients();
  /// Ends those that run, once Workload::busy() is zero.
  void end_clients();

  // What goes wrong, as the world's faults say. To be calmed before it is plagued anew.
  void plague_server();
  void plague_clients();
  /// Also starts whatever is down.
  void calm_clients();
  void calm_all();

  /// Stops the server in order, or kills it, or takes its power, and starts it again.
  void end_server();
  /// Runs a task on a machine of its own. Requires: all is calm.
  template <class T>
  Result<T> ask(runtime::Task<T> (*task)(runtime::Env*, Workload*)) {
    simulation::Node& node = machine("auditor");
    Result<T> result = world_.run(node, task(&node.env(), &workload_), kCalmTimeout);
    node.kill();
    return result;
  }

  /// Looks at what the server holds; what is too much goes to the history. Also done every second.
  void measure();
  /// By what was measured, the most there was.
  const std::map<std::string, int64_t>& most() const { return most_; }

  /// Notes that something did not get anywhere, with why the broker last gave up.
  void note_progress(const std::string& text);
  std::string log_text(const History& history) const;

 private:
  simulation::Node& machine(const std::string& name);
  void add_client(std::string name, simulation::Node::Program program);
  simulation::Nemesis& plague(std::vector<simulation::Node*> victims);
  void mark(std::string_view what, simulation::Node& victim);
  void keep_measuring();
  void sample(const char* what, int64_t value, int64_t limit);
  void give_up(const std::string& why);

  const RunOptions& options_;
  PlantedBug bug_;
  simulation::World world_;
  simulation::Node& server_;
  Workload workload_;
  BrokerNode* broker_ = nullptr;  // the running process'
  std::vector<simulation::Node*> clients_;
  std::map<std::string, simulation::Node*> machines_;  // that come and go
  std::vector<std::unique_ptr<simulation::Nemesis>> plagues_;
  simulation::Nemesis* of_server_ = nullptr;
  simulation::Nemesis* of_clients_ = nullptr;
  std::map<std::string, int64_t> most_;
  std::string last_exit_;
  bool calm_ = false;
};

}  // namespace millrace::scenario
