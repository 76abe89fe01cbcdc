#include "simulation/world.h"

namespace millrace::simulation {
namespace {

constexpr size_t kLogLinesMax = 4000;

}  // namespace

// An action to come; destroys itself once it has happened.
struct World::Later : Event {
  Later(World* w, uint64_t n, std::function<void()> a)
      : Event([](Event& self) { static_cast<Later&>(self).happen(); }),
        world(w),
        number(n),
        action(std::move(a)) {}

  void happen() {
    World& w = *world;
    const auto self = w.later_.extract(number);
    action();
    w.wake_all();
  }

  World* world;
  uint64_t number;
  std::function<void()> action;
};

World::World(uint64_t seed, const Faults& faults)
    : faults_(faults),
      random_(seed),
      ring_(timeline_, kLogLinesMax),
      fabric_(timeline_, faults_, random_.fork()) {}

World::~World() {
  later_.clear();
  // Processes first: they hold sockets of one another's connections.
  for (const auto& node : nodes_) {
    if (node->running()) node->kill();
  }
}

Node& World::add_node(std::string name) {
  nodes_.push_back(
      std::make_unique<Node>(timeline_, fabric_, faults_, ring_, random_.fork(), std::move(name)));
  nodes_.back()->set_log_level(log_level_);
  return *nodes_.back();
}

void World::calm() {
  faults_ = Faults{};
  fabric_.heal();
  for (const auto& node : nodes_) node->disk().repair();
}

void World::at(MonoTime when, std::function<void()> action) {
  const uint64_t number = next_later_++;
  auto& later = later_[number];
  later = std::make_unique<Later>(this, number, std::move(action));
  timeline_.schedule(*later, when);
}

void World::run_until(MonoTime when) {
  wake_all();
  while (timeline_.step(when)) {
  }
}

// Whoever directs the run may have made tasks ready on any node.
void World::wake_all() {
  for (const auto& node : nodes_) node->wake();
}

void World::set_log_level(std::optional<LogLevel> level) {
  log_level_ = level;
  for (const auto& node : nodes_) node->set_log_level(level);
}

}  // namespace millrace::simulation
