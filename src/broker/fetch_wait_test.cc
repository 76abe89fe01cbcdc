#include "broker/fetch_wait.h"

#include <memory>
#include <string>
#include <vector>

#include "log/log_testing.h"
#include "runtime/scope.h"

#include "base/testing.h"

namespace millrace::broker {
namespace {

constexpr int32_t kPartitions = 20;

// A fetch that is parked on partitions 0 and 1 of twenty, and counts how often it is woken.
struct Fixture {
  Fixture() {
    REQUIRE(world.start());
    for (int32_t i = 0; i < kPartitions; ++i) {
      log::PartitionLog& log = world.create({"orders", PartitionIndex(i)},
                                            TopicId{Uuid{7, static_cast<uint64_t>(i + 1)}});
      partitions.push_back(std::make_unique<Partition>(log.shared_from_this(), LeaderEpoch(0)));
    }
    wait = std::make_unique<FetchWait>(waits, FetchWait::Facts{.deadline = kNever});
    for (size_t i = 0; i < 2; ++i) {
      wait->watch(*partitions[i], i, Offset(0), log::ReadBound::kHighWatermark);
    }
    tasks = std::make_unique<runtime::Scope>(world.node().env().loop);
    tasks->start("parked", count(this));
  }

  static runtime::Task<> count(Fixture* f) {
    while (true) {
      co_await f->wait->changed();
      ++f->woken;
      for (const size_t target : f->wait->take_changed()) {
        f->seen.push_back(target);
        f->wait->set_end(target, f->partitions[target]->log().high_watermark());
      }
    }
  }

  /// Appends and waits until it is stable: the high watermark has moved.
  void append(int32_t partition) {
    log::PartitionLog& log = partitions[static_cast<size_t>(partition)]->log();
    REQUIRE(log::testing::put(log, {"value"}));
    REQUIRE(world.durable(log));
    world.run_for(milliseconds(1));
  }

  FetchWaits waits;
  int woken = 0;
  std::vector<size_t> seen;
  log::testing::LogWorld world;
  std::vector<std::unique_ptr<Partition>> partitions;
  std::unique_ptr<FetchWait> wait;
  std::unique_ptr<runtime::Scope> tasks;
};

TEST_CASE("an append wakes who waits for it once, when it can be read, and nobody else") {
  Fixture f;
  for (int32_t i = 2; i < kPartitions; ++i) f.append(i);
  CHECK(f.woken == 0);
  f.append(0);
  CHECK(f.woken == 1);
  f.append(1);
  f.append(1);
  CHECK(f.woken == 3);
  CHECK(f.seen == std::vector<size_t>{0, 1, 1});
}

TEST_CASE("appends that become stable together are one wake-up") {
  Fixture f;
  for (int i = 0; i < 5; ++i) REQUIRE(log::testing::put(f.partitions[0]->log(), {"value"}));
  CHECK(f.woken == 0);  // nothing of it can be read yet
  f.world.run_for(milliseconds(100));
  CHECK(f.woken == 1);
  CHECK(f.seen == std::vector<size_t>{0});
}

}  // namespace
}  // namespace millrace::broker
