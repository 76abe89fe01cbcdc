// The runtime under a clock that moves only when told.
#include <string>
#include <vector>

#include "base/random.h"
#include "runtime/channel.h"
#include "runtime/loop.h"
#include "runtime/network.h"
#include "runtime/scope.h"
#include "runtime/task.h"
#include "runtime/timers.h"
#include "runtime/wait.h"

#include "base/testing.h"

namespace millrace::runtime {
namespace {

class ManualClock : public Clock {
 public:
  MonoTime mono() override { return now; }
  Timestamp wall() override { return Timestamp{now.ns / 1'000'000}; }
  MonoTime now{};
};

struct World {
  ManualClock clock;
  Loop loop{clock};

  void run() {
    while (loop.run_turn()) {
    }
  }
  void pass(Duration time) {
    const MonoTime until = clock.now + time;
    run();
    while (loop.next_deadline() <= until) {
      clock.now = std::max(clock.now, loop.next_deadline());
      run();
    }
    clock.now = until;
    run();
  }
};

Task<int> give(int n) {
  co_return n;
}
Task<int> refuse() {
  co_return fail(Errc::kNotFound, "no such number");
}
Task<int64_t> sum(int n) {
  int64_t total = 0;
  for (int i = 0; i < n; ++i) total += co_await give(i);
  co_return total;
}
Task<int> through_two_levels() {
  co_return 1 + co_await refuse();
}
Task<int> middle() {
  co_return 1 + co_await through_two_levels();
}

template <class T>
Task<> put(Task<T> task, std::optional<Result<T>>* into) {
  *into = co_await as_result(std::move(task));
}

template <class T>
Result<T> run_to_end(World& world, Task<T> task) {
  std::optional<Result<T>> result;
  Scope scope(world.loop);
  scope.spawn("test", put(std::move(task), &result));
  world.run();
  REQUIRE(result.has_value());
  return *std::move(result);
}

TEST_CASE("a task gives its value, and a million immediate ones do not overflow the stack") {
  World world;
  CHECK(run_to_end(world, sum(1'000'000)) == 499'999'500'000);
}

TEST_CASE("an error travels up through every task that unwraps, to the one that looks") {
  World world;
  const Result<int> result = run_to_end(world, middle());
  REQUIRE(!result);
  CHECK(result.error().code() == Errc::kNotFound);
  CHECK(result.error().detail() == "no such number");
}

Task<> sleeper(Loop* loop, Duration time, std::vector<int>* log, int id) {
  co_await sleep_until(loop->now() + time);
  log->push_back(id);
}

TEST_CASE("sleepers wake in the order of their deadlines") {
  World world;
  std::vector<int> log;
  Scope scope(world.loop);
  scope.spawn("a", sleeper(&world.loop, milliseconds(300), &log, 3));
  scope.spawn("b", sleeper(&world.loop, milliseconds(5), &log, 1));
  scope.spawn("c", sleeper(&world.loop, seconds(3600), &log, 4));
  scope.spawn("d", sleeper(&world.loop, milliseconds(64), &log, 2));
  world.pass(seconds(10));
  CHECK(log == std::vector{1, 2, 3});
  world.pass(seconds(3600));
  CHECK(log == std::vector{1, 2, 3, 4});
  CHECK(scope.size() == 0);
}

Task<> waits_for_ever(WaitQueue* queue, std::string* log) {
  struct Trace {
    std::string* log;
    ~Trace() { *log += "destroyed "; }
  } trace{log};
  *log += "waiting ";
  co_await queue->wait();
  *log += "woken ";
}

Task<> close_scope(Scope* scope, std::string* log) {
  co_await scope->close();
  *log += "closed ";
}

TEST_CASE("closing a scope cancels what waits in it and waits for its end") {
  World world;
  WaitQueue queue;
  std::string log;
  Scope outer(world.loop);
  Scope inner(world.loop);
  inner.spawn("waiter", waits_for_ever(&queue, &log));
  world.run();
  outer.spawn("closer", close_scope(&inner, &log));
  world.run();
  CHECK(log == "waiting destroyed closed ");
  CHECK(queue.empty());
}

TEST_CASE("a destroyed scope drops its tasks where they stand") {
  World world;
  WaitQueue queue;
  std::string log;
  {
    Scope scope(world.loop);
    scope.spawn("waiter", waits_for_ever(&queue, &log));
    scope.spawn("never started", waits_for_ever(&queue, &log));
    world.run();
    queue.wake_one();  // woken, and destroyed before it runs
  }
  world.run();
  CHECK(log == "waiting waiting destroyed destroyed ");
}

Task<std::string> answer_after(Loop* loop, Duration time) {
  co_await sleep_until(loop->now() + time);
  co_return "done";
}

TEST_CASE("with_timeout gives the answer or kTimedOut") {
  World world;
  std::optional<Result<std::string>> quick;
  std::optional<Result<std::string>> slow;
  Scope scope(world.loop);
  Loop* loop = &world.loop;
  scope.spawn("quick", put(with_timeout(loop, seconds(2), answer_after(loop, seconds(1))), &quick));
  scope.spawn("slow", put(with_timeout(loop, seconds(2), answer_after(loop, seconds(3))), &slow));
  world.pass(seconds(10));
  REQUIRE((quick && slow));
  CHECK(*quick == "done");
  CHECK(slow->error().code() == Errc::kTimedOut);
}

TEST_CASE("cancelling a task in with_timeout drops the inner task too") {
  World world;
  std::optional<Result<std::string>> result;
  Loop* loop = &world.loop;
  {
    Scope scope(world.loop);
    scope.spawn("t", put(with_timeout(loop, seconds(2), answer_after(loop, seconds(1))), &result));
    world.run();
    scope.cancel();
    world.run();
    CHECK(scope.size() == 0);
  }
  REQUIRE(result);
  CHECK(result->error().code() == Errc::kCancelled);
  CHECK(world.loop.timers().size() == 0);
}

Task<> send_numbers(Channel<int>* channel, int count) {
  for (int i = 0; i < count; ++i) co_await channel->send(i);
  channel->close();
}
Task<> receive_numbers(Channel<int>* channel, std::vector<int>* into, size_t* most) {
  while (true) {
    *most = std::max(*most, channel->size());
    const Result<int> n = co_await as_result(channel->receive());
    if (!n) break;
    into->push_back(*n);
  }
}

TEST_CASE("a channel keeps order and never holds more than its capacity") {
  World world;
  Channel<int> channel(3);
  std::vector<int> got;
  size_t most = 0;
  Scope scope(world.loop);
  scope.spawn("send", send_numbers(&channel, 100));
  scope.spawn("receive", receive_numbers(&channel, &got, &most));
  world.run();
  CHECK(got.size() == 100);
  CHECK(std::is_sorted(got.begin(), got.end()));
  CHECK(most <= 3);
}

TEST_CASE("timers expire at their deadline and no later than next_deadline says, for random ones") {
  const uint64_t seed = 42;
  CAPTURE(seed);
  Random random(seed);
  struct Probe : Timer {
    Probe() : Timer([](Timer& t) { static_cast<Probe&>(t).expired = true; }) {}
    MonoTime deadline{};
    bool expired = false;
  };
  for (int round = 0; round < 20; ++round) {
    MonoTime now{static_cast<int64_t>(random.below(1'000'000'000'000))};
    Timers timers(now);
    std::vector<std::unique_ptr<Probe>> probes;
    for (int i = 0; i < 200; ++i) {
      auto probe = std::make_unique<Probe>();
      const int64_t ahead = static_cast<int64_t>(random.below(uint64_t{1} << random.below(45)));
      probe->deadline = now + nanoseconds(ahead);
      timers.start(*probe, probe->deadline);
      if (random.chance(0.1)) {
        probe->stop();
        probe->deadline = kNever;
      }
      probes.push_back(std::move(probe));
    }
    while (timers.size() > 0) {
      const MonoTime next = timers.next_deadline();
      REQUIRE(next != kNever);
      now =
          random.chance(0.3) ? next + microseconds(static_cast<int64_t>(random.below(5000))) : next;
      timers.advance(now);
      for (const auto& probe : probes) {
        if (probe->deadline == kNever) continue;
        const int64_t rounded_up = (probe->deadline.ns + 999'999) / 1'000'000 * 1'000'000;
        REQUIRE(probe->expired == (rounded_up <= now.ns));
      }
    }
    CHECK(timers.next_deadline() == kNever);
  }
}

TEST_CASE("addresses are parsed as people write them") {
  CHECK(Address::parse("localhost:9092") == Address{"localhost", 9092});
  CHECK(Address::parse("[::1]:0") == Address{"::1", 0});
  CHECK(Address{"::1", 5}.to_string() == "[::1]:5");
  for (const char* bad :
       {"", "9092", "host:", "host:x", "host:70000", "::1:9", "[::1:9", "[[0]:0"}) {
    CAPTURE(bad);
    CHECK(!Address::parse(bad));
  }
}

}  // namespace
}  // namespace millrace::runtime
