#include "simulation/timeline.h"

#include <algorithm>
#include <memory>
#include <vector>

#include "base/random.h"

#include "base/testing.h"

namespace millrace::simulation {
namespace {

struct Probe : Event {
  Probe(std::vector<int>* l, int n)
      : Event([](Event& self) {
          auto& probe = static_cast<Probe&>(self);
          probe.log->push_back(probe.number);
        }),
        log(l),
        number(n) {}
  std::vector<int>* log;
  int number;
};

TEST_CASE("things happen in order of time, and equal times in order of scheduling") {
  Timeline timeline;
  std::vector<int> log;
  Probe a(&log, 1), b(&log, 2), c(&log, 3), d(&log, 4);
  const MonoTime start = timeline.now();
  timeline.schedule(a, start + seconds(2));
  timeline.schedule(b, start + seconds(1));
  timeline.schedule(c, start + seconds(2));
  timeline.schedule(d, start + seconds(5));
  while (timeline.step(start + seconds(3))) {
  }
  CHECK(log == std::vector{2, 1, 3});
  CHECK(timeline.now() == start + seconds(3));
  CHECK(d.scheduled());
}

TEST_CASE("an event that is destroyed or cancelled does not happen") {
  Timeline timeline;
  std::vector<int> log;
  Probe a(&log, 1);
  {
    Probe b(&log, 2);
    timeline.schedule(a, timeline.now() + seconds(1));
    timeline.schedule(b, timeline.now() + seconds(1));
  }
  a.cancel();
  CHECK(timeline.next() == kNever);
  CHECK(!timeline.step(timeline.now() + seconds(2)));
  CHECK(log.empty());
}

TEST_CASE("schedule moves an event, schedule_no_later moves it only forward") {
  Timeline timeline;
  std::vector<int> log;
  Probe a(&log, 1);
  const MonoTime start = timeline.now();
  timeline.schedule(a, start + seconds(1));
  timeline.schedule_no_later(a, start + seconds(2));
  CHECK(timeline.next() == start + seconds(1));
  timeline.schedule(a, start + seconds(2));
  CHECK(timeline.next() == start + seconds(2));
  timeline.schedule_no_later(a, MonoTime{});  // the past is now
  CHECK(timeline.next() == start);
}

TEST_CASE("a thousand random events come in the order of a sorted list") {
  const uint64_t seed = 7;
  CAPTURE(seed);
  Random random(seed);
  Timeline timeline;
  std::vector<int> log;
  std::vector<std::unique_ptr<Probe>> probes;
  std::vector<std::pair<MonoTime, int>> expected;
  for (int i = 0; i < 1000; ++i) {
    probes.push_back(std::make_unique<Probe>(&log, i));
    const MonoTime at = timeline.now() + milliseconds(random.between(0, 100));
    timeline.schedule(*probes.back(), at);
    if (random.chance(0.2)) {
      probes.back().reset();
    } else {
      expected.emplace_back(at, i);
    }
  }
  std::sort(expected.begin(), expected.end());
  while (timeline.step(kNever)) {
  }
  REQUIRE(log.size() == expected.size());
  for (size_t i = 0; i < log.size(); ++i) CHECK(log[i] == expected[i].second);
}

}  // namespace
}  // namespace millrace::simulation
