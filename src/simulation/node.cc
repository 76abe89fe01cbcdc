#include "simulation/node.h"

#include <utility>

#include "base/check.h"

namespace millrace::simulation {
namespace {

// Log lines go to the node's sink while its code runs, and nowhere else.
class WithLog {
 public:
  explicit WithLog(NodeLog* log) : before_(install_log_sink(log)) {}
  WithLog(const WithLog&) = delete;
  WithLog& operator=(const WithLog&) = delete;
  ~WithLog() { install_log_sink(before_); }

 private:
  LogSink* before_;
};

Duration up_to(Random& random, Duration most) {
  return nanoseconds(static_cast<int64_t>(random.below(static_cast<uint64_t>(most.ns) + 1)));
}

// Anything between so much too slow and so much too fast.
int64_t either_way(Random& random, int64_t most) {
  return random.between(-most, most);
}

}  // namespace

// In the order of construction: guests leave before the program, the program before its loop.
struct Node::Process {
  explicit Process(Node& node)
      : loop(node.clock_),
        random(node.random_.fork()),
        env{loop, node.clock_, node.network_, node.disk_, random},
        guests(loop) {}

  runtime::Loop loop;
  Random random;
  runtime::Env env;
  std::shared_ptr<void> program;
  runtime::Scope guests;
};

Node::Turn::Turn(Node* n)
    : Event([](Event& self) { static_cast<Turn&>(self).node->run_turn(); }), node(n) {}

Node::Node(Timeline& timeline, Fabric& fabric, const Faults& faults, LogRing& ring, Random random,
           std::string name)
    : timeline_(timeline),
      faults_(faults),
      random_(random),
      turn_(this),
      host_(fabric.add_host(std::move(name), turn_)),
      clock_(timeline, {.drift_ppm = either_way(random_, faults.clock_drift),
                        .wall_skew = nanoseconds(either_way(random_, faults.wall_skew.ns))}),
      disk_(timeline, faults, random_.fork(), host_.index, turn_),
      network_(fabric, host_),
      log_(ring, host_.name) {}

Node::~Node() {
  if (process_) kill();
}

void Node::start(Program program) {
  program_ = std::move(program);
  start();
}

void Node::start() {
  CHECK(!process_ && program_);
  timeline_.note(TraceKind::kStart, host_.index);
  host_.powered = true;
  // What an earlier process read from this clock means nothing any more.
  clock_.restart(MonoTime{random_.between(1, seconds(1'000'000).ns)});
  busy_until_ = timeline_.now();
  const WithLog log(silent_ ? nullptr : &log_);
  process_ = std::make_unique<Process>(*this);
  process_->program = program_(process_->env);
  wake();
}

runtime::Env& Node::env() {
  CHECK(process_);
  return process_->env;
}

void Node::spawn(const char* name, runtime::Task<> task) {
  CHECK(process_);
  process_->guests.spawn(name, std::move(task));
  wake();
}

void Node::kill() {
  CHECK(process_);
  timeline_.note(TraceKind::kKill, host_.index);
  end_process();
}

void Node::crash() {
  host_.powered = false;
  if (process_) end_process();
  disk_.crash();
}

void Node::end_process() {
  const WithLog log(silent_ ? nullptr : &log_);
  process_.reset();
  turn_.cancel();
}

void Node::pause(Duration time) {
  busy_until_ = std::max(busy_until_, timeline_.now() + time);
  schedule_turn();
}

void Node::set_log_level(std::optional<LogLevel> level) {
  silent_ = !level;
  log_.level = level.value_or(LogLevel::kError);
}

void Node::wake() {
  if (process_) schedule_turn();
}

void Node::run_turn() {
  if (!process_) return;  // news for a machine on which nothing runs
  if (busy_until_ > timeline_.now()) return schedule_turn();
  const WithLog log(silent_ ? nullptr : &log_);
  const bool more = process_->loop.run_turn();
  ++turns_;
  timeline_.note(TraceKind::kTurn, host_.index, more);
  busy_until_ = timeline_.now() + faults_.turn_cost + up_to(random_, faults_.turn_cost);
  schedule_turn();
}

void Node::schedule_turn() {
  if (!process_) return;
  const runtime::Loop& loop = process_->loop;
  const MonoTime wanted =
      loop.has_work() ? timeline_.now() : clock_.world_time_of(loop.next_deadline());
  if (wanted == kNever) return;
  timeline_.schedule_no_later(turn_, std::max(wanted, busy_until_));
}

}  // namespace millrace::simulation
