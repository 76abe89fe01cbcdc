#include "simulation/world.h"

#include <string>

#include "base/logging.h"
#include "simulation/nemesis.h"

#include "base/testing.h"

namespace millrace::simulation {
namespace {

using runtime::Env;
using runtime::File;
using runtime::Socket;
using runtime::Task;

constexpr uint16_t kPort = 7;

// A server that appends every byte it gets to a file, syncs, and answers with the count so far.
class Counter {
 public:
  explicit Counter(Env& env) : env_(env), scope_(env.loop) { scope_.spawn("serve", serve(this)); }

 private:
  static Task<> serve(Counter* self) {
    self->file_ = co_await self->env_.disk.open("count", {.create = true});
    co_await self->env_.disk.sync_directory("/");
    self->size_ = co_await self->file_->size();
    LOG_INFO("counter", "starts at {}", self->size_);
    self->listener_ = co_await self->env_.network.listen({"0.0.0.0", kPort}, {.backlog = 100});
    while (true) {
      std::unique_ptr<Socket> socket = co_await runtime::accept(self->listener_.get());
      self->scope_.spawn("talk", talk(self, std::move(socket)));
    }
  }

  static Task<> talk(Counter* self, std::unique_ptr<Socket> socket) {
    while (true) {
      uint8_t byte = 0;
      if (co_await runtime::read_some(socket.get(), {&byte, 1}) == 0) co_return;
      const Bytes bytes(&byte, 1);
      co_await self->file_->write_at(self->size_, {&bytes, 1});
      const int64_t count = ++self->size_;
      co_await self->file_->sync();
      uint8_t answer[8];
      store_be64(answer, static_cast<uint64_t>(count));
      co_await runtime::write_all(socket.get(), answer);
    }
  }

  Env& env_;
  std::unique_ptr<File> file_;
  std::unique_ptr<runtime::Listener> listener_;
  int64_t size_ = 0;
  runtime::Scope scope_;
};

// What clients were told. A count that does not exceed what was known when the byte was sent means
// that the server has forgotten something.
struct Told {
  int64_t most = 0;
  int64_t lost = 0;
};

// A client that sends a byte again and again.
class Clicker {
 public:
  Clicker(Env& env, Told* told) : env_(env), told_(told), scope_(env.loop) {
    scope_.spawn("click", click(this));
  }

 private:
  static Task<> click(Clicker* self) {
    while (true) {
      const Result<> ended = co_await runtime::as_result(click_until_broken(self));
      if (ended.error().code() == Errc::kCancelled) co_await ended;
      co_await runtime::sleep_until(self->env_.loop.now() + milliseconds(50));
    }
  }

  static Task<> click_until_broken(Clicker* self) {
    const std::unique_ptr<Socket> socket = co_await self->env_.network.connect({"server", kPort});
    while (true) {
      const int64_t known = self->told_->most;
      const uint8_t byte = 1;
      co_await runtime::write_all(socket.get(), {&byte, 1});
      uint8_t answer[8];
      co_await runtime::with_timeout(&self->env_.loop, seconds(10),
                                     runtime::read_exactly(socket.get(), answer));
      const auto count = static_cast<int64_t>(load_be64(answer));
      if (count <= known) ++self->told_->lost;
      self->told_->most = std::max(self->told_->most, count);
      co_await runtime::sleep_until(self->env_.loop.now() + milliseconds(5));
    }
  }

  Env& env_;
  Told* told_;
  runtime::Scope scope_;
};

struct Outcome {
  uint64_t hash = 0;
  Told told;
  int64_t stored = 0;
  uint64_t episodes = 0;
};

Outcome run(uint64_t seed, Faults faults) {
  World world(seed, faults);
  Outcome outcome;
  Node& server = world.add_node("server");
  server.start([](Env& env) { return std::make_shared<Counter>(env); });
  for (const char* name : {"client-a", "client-b"}) {
    world.add_node(name).start(
        [&outcome](Env& env) { return std::make_shared<Clicker>(env, &outcome.told); });
  }
  Nemesis nemesis(world, {&server});
  nemesis.start();
  world.run_for(seconds(12));
  nemesis.stop();
  world.run_for(seconds(2));
  server.crash();
  outcome.stored = server.disk().info("count").value_or(runtime::FileInfo{}).size;
  outcome.hash = world.trace_hash();
  outcome.episodes = nemesis.episodes();
  return outcome;
}

TEST_CASE("the same seed gives the same trace, another seed another one") {
  for (uint64_t seed = 1; seed <= 6; ++seed) {
    CAPTURE(seed);
    const Faults faults = Faults::draw(Random(seed));
    const Outcome first = run(seed, faults);
    const Outcome second = run(seed, faults);
    CHECK(first.hash == second.hash);
    CHECK(first.told.most == second.told.most);
    CHECK(run(seed + 100, faults).hash != first.hash);
  }
}

TEST_CASE("a server that syncs before it answers loses nothing it answered, whatever the faults") {
  int64_t total = 0;
  uint64_t episodes = 0;
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    CAPTURE(seed);
    Faults faults = Faults::draw(Random(seed));
    // This server does not look at errors of the disk as a broker must.
    faults.disk_sync_error = faults.disk_write_error = 0;
    const Outcome outcome = run(seed, faults);
    CHECK(outcome.told.lost == 0);
    CHECK(outcome.stored >= outcome.told.most);
    total += outcome.told.most;
    episodes += outcome.episodes;
  }
  CHECK(total > 1'000);
  CHECK(episodes > 50);
}

TEST_CASE("a disk that lies about its syncs now and then is found out by some seed") {
  bool found = false;
  for (uint64_t seed = 1; seed <= 200 && !found; ++seed) {
    Faults faults = Faults::draw(Random(seed));
    faults.disk_sync_error = faults.disk_write_error = 0;
    faults.disk_sync_lie = 0.2;
    const Outcome outcome = run(seed, faults);
    found = outcome.told.lost > 0 || outcome.stored < outcome.told.most;
  }
  CHECK(found);
}

Task<> tick(runtime::Loop* loop, int* ticks) {
  while (true) {
    co_await runtime::sleep_until(loop->now() + milliseconds(100));
    ++*ticks;
  }
}

struct Ticker {
  Ticker(Env& env, int* ticks) : scope(env.loop) { scope.spawn("tick", tick(&env.loop, ticks)); }
  runtime::Scope scope;
};

TEST_CASE("virtual hours pass in no time, and clocks drift as told") {
  Faults faults;
  faults.clock_drift = 500;
  World world(3, faults);
  int ticks = 0;
  Node& node = world.add_node("node");
  node.start([&](Env& env) { return std::make_shared<Ticker>(env, &ticks); });
  const MonoTime mono = node.clock().mono();
  const Timestamp wall = node.clock().wall();
  world.run_for(seconds(3600));
  CHECK(ticks > 35'000);
  CHECK(ticks < 36'100);
  const int64_t off_ms = (node.clock().mono() - mono).ms() - 3'600'000;
  CHECK(off_ms != 0);
  CHECK(std::abs(off_ms) <= 1'801);
  CHECK(std::abs((node.clock().wall() - wall).ms() - 3'600'000 - off_ms) <= 2);
  node.clock().jump(seconds(-10));
  CHECK((node.clock().wall() - wall).ms() < 3'600'000);
}

TEST_CASE("a paused process stands still and then goes on; a killed one is gone") {
  World world(1);
  int ticks = 0;
  Node& node = world.add_node("node");
  node.start([&](Env& env) { return std::make_shared<Ticker>(env, &ticks); });
  world.run_for(seconds(1));
  const int before = ticks;
  CHECK(before >= 9);
  node.pause(seconds(5));
  world.run_for(seconds(4));
  CHECK(ticks == before);
  world.run_for(seconds(3));
  CHECK(ticks > before);
  node.kill();
  const int at_kill = ticks;
  world.run_for(seconds(2));
  CHECK(ticks == at_kill);
  node.start();
  world.run_for(seconds(1));
  CHECK(ticks > at_kill);
}

Task<> spin() {
  while (true) co_await runtime::yield();
}

TEST_CASE("a task that never stops working cannot stop time") {
  World world(1);
  Node& node = world.add_node("node");
  node.start([](Env&) { return std::make_shared<int>(0); });
  node.spawn("spin", spin());
  world.run_for(milliseconds(100));
  CHECK(node.turns() > 1'000);
}

TEST_CASE("log lines carry time and node, are kept up to a bound, and do not leak outside") {
  World world(1);
  Node& node = world.add_node("server");
  node.start([](Env& env) { return std::make_shared<Counter>(env); });
  world.run_for(seconds(1));
  CHECK(world.log_text().contains("server I counter: starts at 0"));
  CHECK(current_log_sink() == nullptr);
  LogRing ring(world.timeline(), 3);
  for (int i = 0; i < 10; ++i) ring.add("n", LogLevel::kInfo, "a", std::to_string(i));
  CHECK(ring.lines().size() == 3);
  CHECK(ring.text().contains("7 older lines dropped"));
}

TEST_CASE("actions planned by whoever directs the run happen at their time, between turns") {
  World world(1);
  std::vector<int64_t> seen;
  const MonoTime start = world.now();
  world.at(start + seconds(2), [&] {
    seen.push_back((world.now() - start).ms());
    world.at(world.now() + seconds(1), [&] { seen.push_back((world.now() - start).ms()); });
  });
  world.run_for(seconds(10));
  CHECK(seen == std::vector<int64_t>{2'000, 3'000});
}

TEST_CASE("a task run from outside gives its result, kTimedOut, or kCancelled with its process") {
  World world(1);
  Node& node = world.add_node("node");
  node.start([](Env&) { return std::make_shared<int>(0); });
  const auto give = []() -> Task<int> { co_return 7; };
  CHECK(world.run(node, give()) == 7);
  CHECK(world.run(node, spin(), milliseconds(10)).error().code() == Errc::kTimedOut);
  world.at(world.now() + milliseconds(1), [&] { node.kill(); });
  CHECK(world.run(node, spin()).error().code() == Errc::kCancelled);
}

}  // namespace
}  // namespace millrace::simulation
