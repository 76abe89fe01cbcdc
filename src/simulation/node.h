// Node: one simulated machine and the process on it: a clock, a disk, a network door, and, while it
// runs, a loop with the objects that a program built. Made by World::add_node.
//
//   start()   builds the process
//   pause()   no processor for a while
//   kill()    the process is gone, as by kill -9; the machine and its page cache are not
//   crash()   the power is gone: unsynced writes too, and nobody is told that connections are dead
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/random.h"
#include "runtime/env.h"
#include "runtime/scope.h"
#include "simulation/clock.h"
#include "simulation/disk.h"
#include "simulation/fabric.h"
#include "simulation/log_ring.h"
#include "simulation/network.h"

namespace millrace::simulation {

class Node {
 public:
  /// Builds the objects of a process. Keeps nothing from one start to the next but what it writes
  /// to the disk; what it returns is destroyed by kill() and crash(), wherever it stands.
  using Program = std::function<std::shared_ptr<void>(runtime::Env& env)>;

  /// Everything is borrowed but `random` and `name`.
  Node(Timeline& timeline, Fabric& fabric, const Faults& faults, LogRing& ring, Random random,
       std::string name);
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;
  ~Node();

  const std::string& name() const { return host_.name; }
  int32_t index() const { return host_.index; }
  SimulatedDisk& disk() { return disk_; }
  SimulatedClock& clock() { return clock_; }
  Host& host() { return host_; }

  /// Starts a process. Requires: none runs, and for the second form that one ran before.
  void start(Program program);
  void start();
  bool running() const { return process_ != nullptr; }
  /// Whether start() without a program can be called.
  bool has_program() const { return program_ != nullptr; }

  /// The running process' world. Requires: running().
  runtime::Env& env();
  /// Runs a task beside the program, as long as the process lives. Requires: running().
  void spawn(const char* name, runtime::Task<> task);

  // Runs: never from a task of this node; from within, use World::at(now).
  void kill();
  void crash();
  void pause(Duration time);
  /// See World::set_log_level.
  void set_log_level(std::optional<LogLevel> level);

  /// Brings the next turn forward if somebody outside made a task ready.
  void wake();

  uint64_t turns() const { return turns_; }

 private:
  struct Process;
  struct Turn : Event {
    explicit Turn(Node* n);
    Node* node;
  };

  void run_turn();
  void schedule_turn();
  void end_process();

  Timeline& timeline_;
  const Faults& faults_;
  Random random_;
  Turn turn_;
  Host& host_;
  SimulatedClock clock_;
  SimulatedDisk disk_;
  SimulatedNetwork network_;
  NodeLog log_;
  bool silent_ = false;
  Program program_;
  std::unique_ptr<Process> process_;
  MonoTime busy_until_{};
  uint64_t turns_ = 0;
};

}  // namespace millrace::simulation
