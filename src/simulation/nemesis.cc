#include "simulation/nemesis.h"

#include <fmt/core.h>
#include <utility>

#include "base/check.h"

namespace millrace::simulation {

Nemesis::Nemesis(World& world, std::vector<Node*> victims, Witness witness)
    : world_(world),
      victims_(std::move(victims)),
      witness_(std::move(witness)),
      random_(world.random().fork()) {
  CHECK(!victims_.empty());
}

void Nemesis::start() {
  active_ = true;
  const Faults& faults = world_.faults();
  plan("kill", faults.kill_every, &Nemesis::kill);
  plan("crash", faults.crash_every, &Nemesis::crash);
  plan("pause", faults.pause_every, &Nemesis::pause);
  plan("partition", faults.partition_every, &Nemesis::partition);
  plan("break", faults.break_every, &Nemesis::break_connections);
  plan("disk full", faults.disk_full_every, &Nemesis::fill_disk);
  plan("disk slow", faults.disk_slow_every, &Nemesis::slow_disk);
  plan("clock jump", faults.wall_jump_every, &Nemesis::jump_clock);
  plan("files short", faults.files_short_every, &Nemesis::refuse_files);
}

void Nemesis::stop() {
  active_ = false;
  world_.calm();
  for (Node* victim : victims_) {
    if (!victim->running() && victim->has_program()) victim->start();
  }
}

Duration Nemesis::up_to(Duration most) {
  return nanoseconds(static_cast<int64_t>(random_.below(static_cast<uint64_t>(most.ns) + 1)));
}

void Nemesis::note(std::string_view what, Node& victim) {
  ++episodes_;
  world_.timeline().note(TraceKind::kFault, victim.index(), hash_of(what));
  if (witness_) witness_(what, victim);
}

void Nemesis::plan(const char* name, Duration every, Action action) {
  if (every.ns == 0) return;
  world_.at(world_.now() + up_to(every * 2), [this, name, every, action] {
    if (!active_) return;
    (this->*action)(*victims_[random_.below(victims_.size())]);
    plan(name, every, action);
  });
}

void Nemesis::restart_later(Node& victim) {
  world_.at(world_.now() + up_to(world_.faults().down_for), [this, &victim] {
    if (active_ && !victim.running() && victim.has_program()) {
      note("start", victim);
      victim.start();
    }
  });
}

void Nemesis::kill(Node& victim) {
  if (!victim.running()) return;
  note("kill", victim);
  victim.kill();
  restart_later(victim);
}

// Also strikes what is just down, or has just come up.
void Nemesis::crash(Node& victim) {
  note("crash", victim);
  victim.crash();
  restart_later(victim);
}

void Nemesis::pause(Node& victim) {
  note("pause", victim);
  victim.pause(up_to(world_.faults().pause_for));
}

void Nemesis::partition(Node& victim) {
  const auto other = static_cast<int32_t>(random_.below(world_.node_count()));
  if (other == victim.index()) return;
  note("partition", victim);
  const bool both = random_.chance(0.5);
  const bool inward = random_.chance(0.5);
  const MonoTime until = world_.now() + up_to(world_.faults().partition_for);
  world_.fabric().cut(inward ? other : victim.index(), inward ? victim.index() : other,
                      both ? Direction::kBothWays : Direction::kOneWay, until);
}

void Nemesis::break_connections(Node& victim) {
  note("break", victim);
  world_.fabric().break_connections(victim.index());
}

void Nemesis::fill_disk(Node& victim) {
  note("disk full", victim);
  victim.disk().set_full(true);
  world_.at(world_.now() + up_to(world_.faults().disk_full_for),
            [&victim] { victim.disk().set_full(false); });
}

void Nemesis::slow_disk(Node& victim) {
  note("disk slow", victim);
  victim.disk().set_slow(true);
  world_.at(world_.now() + up_to(world_.faults().disk_slow_for),
            [&victim] { victim.disk().set_slow(false); });
}

void Nemesis::refuse_files(Node& victim) {
  note("files short", victim);
  victim.disk().refuse_files(true);
  world_.at(world_.now() + up_to(world_.faults().files_short_for),
            [&victim] { victim.disk().refuse_files(false); });
}

void Nemesis::jump_clock(Node& victim) {
  note("clock jump", victim);
  const Duration by = up_to(world_.faults().wall_jump_by);
  victim.clock().jump(random_.chance(0.5) ? by : Duration{} - by);
}

}  // namespace millrace::simulation
