// World: machines, cables, disks and time, all in one thread and all from one seed. The same seed
// and the same program give the same run, to the last byte; trace_hash() tells.
//
//   World world(seed, Faults::draw(Random(seed)));
//   Node& server = world.add_node("server");
//   server.start([](runtime::Env& env) { return std::make_shared<Server>(env); });
//   world.run_for(seconds(10));
//   server.crash();
//   server.start();
//
// Not a scenario: what runs in a world and what must hold is in tests/simulation.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/random.h"
#include "runtime/scope.h"
#include "simulation/fabric.h"
#include "simulation/faults.h"
#include "simulation/log_ring.h"
#include "simulation/node.h"
#include "simulation/timeline.h"

namespace millrace::simulation {

class World {
 public:
  explicit World(uint64_t seed, const Faults& faults = {});
  World(const World&) = delete;
  World& operator=(const World&) = delete;
  ~World();

  /// Stays where it is; its address on the network is its name.
  Node& add_node(std::string name);
  Node& node(size_t index) { return *nodes_[index]; }
  size_t node_count() const { return nodes_.size(); }

  MonoTime now() const { return timeline_.now(); }
  /// For whoever directs the run; machines have streams of their own.
  Random& random() { return random_; }
  Fabric& fabric() { return fabric_; }
  Timeline& timeline() { return timeline_; }
  uint64_t trace_hash() const { return timeline_.trace_hash(); }

  const Faults& faults() const { return faults_; }
  void set_faults(const Faults& faults) { faults_ = faults; }
  /// No more faults: paths heal, disks are repaired. What is down stays down.
  void calm();

  /// Calls `action` at a moment to come, outside of any node's turn.
  void at(MonoTime when, std::function<void()> action);

  void run_until(MonoTime when);
  void run_for(Duration time) { run_until(now() + time); }
  /// Runs until `done` holds, asked after each event; returns whether it did within `limit`.
  template <class Done>
  bool run_until(Done done, Duration limit) {
    const MonoTime deadline = now() + limit;
    wake_all();
    while (!done()) {
      if (!timeline_.step(deadline)) return done();
    }
    return true;
  }
  /// Runs `task` on `node` to its end. Errors: its own; kTimedOut; kCancelled when the process
  /// ended.
  template <class T>
  Result<T> run(Node& node, runtime::Task<T> task, Duration limit = seconds(60));

  /// Keeps the last lines that nodes log, from this severity on; none: formats nothing at all,
  /// which is faster and changes nothing else.
  void set_log_level(std::optional<LogLevel> level);
  std::string log_text() const { return ring_.text(); }

 private:
  struct Later;

  void wake_all();
  template <class T>
  static runtime::Task<> keep_result(std::shared_ptr<std::optional<Result<T>>> into,
                                     runtime::Task<T> task) {
    *into = co_await runtime::as_result(std::move(task));
  }

  Faults faults_;
  Random random_;
  Timeline timeline_;
  LogRing ring_;
  Fabric fabric_;
  std::optional<LogLevel> log_level_ = LogLevel::kInfo;
  std::vector<std::unique_ptr<Node>> nodes_;
  std::map<uint64_t, std::unique_ptr<Later>> later_;
  uint64_t next_later_ = 0;
};

template <class T>
Result<T> World::run(Node& node, runtime::Task<T> task, Duration limit) {
  auto result = std::make_shared<std::optional<Result<T>>>();
  node.spawn("World::run", keep_result(result, std::move(task)));
  const bool ended = run_until([&] { return result->has_value() || !node.running(); }, limit);
  if (result->has_value()) return *std::move(*result);
  return fail(ended ? Errc::kCancelled : Errc::kTimedOut);
}

}  // namespace millrace::simulation
