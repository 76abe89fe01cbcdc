// Nemesis: does to machines, paths and disks what the episodes of faults.def say: kills, power
// losses, pauses, partitions, full and slow disks, jumping clocks. Single packets and calls suffer
// by themselves, in fabric.h and disk.h.
#pragma once

#include <functional>
#include <string_view>
#include <vector>

#include "simulation/world.h"

namespace millrace::simulation {

class Nemesis {
 public:
  /// Told of everything it does, as it does it; for histories and marks.
  using Witness = std::function<void(std::string_view what, Node& victim)>;

  /// Borrows all. `victims` are started again by it; all nodes of the world may be cut off from
  /// them.
  Nemesis(World& world, std::vector<Node*> victims, Witness witness = {});
  Nemesis(const Nemesis&) = delete;
  Nemesis& operator=(const Nemesis&) = delete;

  void start();
  /// No new episodes; the world is calm and every victim runs. Requires: called once.
  void stop();

  /// Starts a victim again after a while, if nobody did before. For processes that end themselves.
  void restart_later(Node& victim);

  uint64_t episodes() const { return episodes_; }

 private:
  using Action = void (Nemesis::*)(Node& victim);

  void plan(const char* name, Duration every, Action action);
  Duration up_to(Duration most);
  void note(std::string_view what, Node& victim);

  void kill(Node& victim);
  void crash(Node& victim);
  void pause(Node& victim);
  void partition(Node& victim);
  void break_connections(Node& victim);
  void fill_disk(Node& victim);
  void slow_disk(Node& victim);
  void refuse_files(Node& victim);
  void jump_clock(Node& victim);

  World& world_;
  std::vector<Node*> victims_;
  Witness witness_;
  Random random_;
  bool active_ = false;
  uint64_t episodes_ = 0;
};

}  // namespace millrace::simulation
