#include "metadata/election.h"

#include <set>

#include "base/testing.h"

namespace millrace::metadata {
namespace {

std::vector<BrokerId> ids(std::initializer_list<int> numbers) {
  std::vector<BrokerId> brokers;
  for (const int n : numbers) brokers.push_back(BrokerId(n));
  return brokers;
}

struct Case {
  Partition partition{.replicas = ids({1, 2, 3}), .isr = ids({1, 2, 3}), .leader = BrokerId(1)};
  std::vector<BrokerId> isr = ids({1, 2, 3});
  std::set<int> alive{1, 2, 3};
  Election election = Election::kOnline;
  int16_t level = 30;
  Arena arena;

  std::optional<kafka::PartitionChangeRecord> change() {
    const auto record =
        change_partition({.topic = {},
                          .index = PartitionIndex(0),
                          .partition = partition,
                          .isr = isr,
                          .may_lead = [this](BrokerId id) { return alive.contains(id.value); },
                          .election = election,
                          .metadata_version = level},
                         arena);
    if (!record) return std::nullopt;
    return std::get<kafka::PartitionChangeRecord>(record->body);
  }
  std::vector<BrokerId> new_isr() {
    const auto changed = change();
    REQUIRE(changed);
    REQUIRE(changed->isr);
    return {changed->isr->begin(), changed->isr->end()};
  }
};

TEST_CASE("nothing changes while the leader may lead") {
  Case c;
  CHECK(!c.change());
}

TEST_CASE("when the leader goes, the first in-sync replica that may lead follows") {
  Case c;
  c.alive = {3};
  c.isr = ids({2, 3});
  const auto change = c.change();
  REQUIRE(change);
  CHECK(change->leader == BrokerId(3));
  CHECK(c.new_isr() == ids({2, 3}));
}

TEST_CASE("the last in-sync replica stays in sync when it goes; nobody leads") {
  Case c;
  c.partition.isr = ids({1});
  c.isr = {};
  c.alive = {2, 3};
  const auto change = c.change();
  REQUIRE(change);
  CHECK(change->leader == kNoBroker);
  CHECK(!change->isr);
}

TEST_CASE("an unclean election takes any live replica, alone in sync and recovering") {
  Case c;
  c.partition.isr = ids({1});
  c.isr = {};
  c.alive = {3};
  c.election = Election::kUnclean;
  const auto change = c.change();
  REQUIRE(change);
  CHECK(change->leader == BrokerId(3));
  CHECK(change->leader_recovery_state == 1);
  CHECK(c.new_isr() == ids({3}));
}

TEST_CASE("the preferred replica leads again when asked to, and only then") {
  Case c;
  c.partition.leader = BrokerId(2);
  CHECK(!c.change());
  c.election = Election::kPreferred;
  CHECK(c.change()->leader == BrokerId(1));
  c.alive = {2, 3};
  CHECK(!c.change());
}

TEST_CASE("a shrinking set raises the leader epoch only for brokers that need it") {
  Case c;
  c.isr = ids({1, 2});
  CHECK(c.change()->leader == BrokerId(-2));
  c.level = 11;
  CHECK(c.change()->leader == BrokerId(1));
}

TEST_CASE("an eligible replica that Kafka left behind leads when nobody is in sync") {
  Case c;
  c.partition.isr = {};
  c.partition.leader = kNoBroker;
  c.partition.elr = ids({2, 3});
  c.partition.last_known_elr = ids({2});
  c.isr = {};
  c.alive = {3};
  const auto change = c.change();
  REQUIRE(change);
  CHECK(change->leader == BrokerId(3));
  CHECK(c.new_isr() == ids({3}));
  REQUIRE(change->eligible_leader_replicas);
  CHECK(change->eligible_leader_replicas->empty());
  CHECK(change->last_known_elr->empty());
}

}  // namespace
}  // namespace millrace::metadata
