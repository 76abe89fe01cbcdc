#include "base/ring_queue.h"

#include <deque>
#include <memory>
#include <string>

#include "base/random.h"

#include "base/testing.h"

namespace millrace {
namespace {

TEST_CASE("a ring queue does what a deque does") {
  Random random(7);
  RingQueue<std::string> queue;
  std::deque<std::string> model;
  for (int step = 0; step < 20'000; ++step) {
    // Grows for a while, then shrinks, so that the ends pass the seam at every size.
    const bool push = random.chance(step % 400 < 200 ? 0.7 : 0.3);
    if (push) {
      model.push_back("a text of some length " + std::to_string(step));
      queue.push_back(model.back());
    } else if (!model.empty()) {
      model.pop_front();
      queue.pop_front();
    }
    REQUIRE(queue.size() == model.size());
    REQUIRE(queue.empty() == model.empty());
    if (model.empty()) continue;
    REQUIRE(queue.front() == model.front());
    REQUIRE(std::equal(queue.begin(), queue.end(), model.begin(), model.end()));
  }
}

TEST_CASE("a ring queue lets go of what was taken out, and of the rest when it ends") {
  const auto counted = std::make_shared<int>(0);
  {
    RingQueue<std::shared_ptr<int>> queue;
    for (int i = 0; i < 5; ++i) queue.push_back(counted);
    queue.pop_front();
    CHECK(counted.use_count() == 5);
  }
  CHECK(counted.use_count() == 1);
}

}  // namespace
}  // namespace millrace
