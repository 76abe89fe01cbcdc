#include "broker/memory_budget.h"

#include "simulation/world.h"

#include "base/testing.h"

namespace millrace::broker {
namespace {

TEST_CASE("whoever takes shares and gives nothing back never takes all") {
  simulation::World world(1);
  simulation::Node& node = world.add_node("server");
  node.start([](runtime::Env&) { return nullptr; });
  MemoryBudget budget(256 << 20);
  std::vector<MemoryGrant> kept;
  for (int i = 0; i < 40; ++i) {
    const int64_t share = budget.share(1 << 20);
    CHECK(share >= 1 << 20);
    Result<MemoryGrant> grant = world.run(node, budget.take(share), seconds(1));
    REQUIRE(grant);
    kept.push_back(*std::move(grant));
  }
  CHECK(budget.held() < budget.limit());
  CHECK(!budget.has_waiters());
}

}  // namespace
}  // namespace millrace::broker
