#include "metadata/placement.h"

#include <algorithm>
#include <set>

#include "base/testing.h"

namespace millrace::metadata {
namespace {

using Brokers = std::map<BrokerId, Broker>;

void add(Brokers& brokers, int id, std::optional<std::string> rack = {}, bool fenced = false) {
  Broker& broker = brokers[BrokerId(id)];
  broker.id = BrokerId(id);
  broker.rack = std::move(rack);
  broker.fenced = fenced;
  broker.directories = {{static_cast<uint64_t>(id), 1000}};
}

std::vector<std::vector<BrokerId>> placed(const Brokers& brokers, int32_t partitions,
                                          int16_t factor, uint64_t seed = 1) {
  Random random(seed);
  auto result = place_partitions(brokers, partitions, factor, random);
  REQUIRE(result);
  return std::move(*result);
}

std::string refusal(const Brokers& brokers, int16_t factor) {
  Random random(1);
  const auto result = place_partitions(brokers, 1, factor, random);
  return result ? "" : result.error().detail();
}

TEST_CASE("one broker gets everything") {
  Brokers brokers;
  add(brokers, 1);
  for (const auto& replicas : placed(brokers, 5, 1)) CHECK(replicas == std::vector{BrokerId(1)});
  CHECK(placed(brokers, 0, 1).empty());
}

TEST_CASE("leaders and replicas are even over brokers") {
  for (const int brokers_count : {3, 4, 6}) {
    for (const int16_t factor : {int16_t{1}, int16_t{2}, int16_t{3}}) {
      CAPTURE(brokers_count);
      CAPTURE(factor);
      Brokers brokers;
      for (int id = 1; id <= brokers_count; ++id) add(brokers, id);
      std::map<BrokerId, int> leaders;
      std::map<BrokerId, int> replicas;
      for (const auto& p : placed(brokers, brokers_count * 10, factor)) {
        ++leaders[p.front()];
        for (const BrokerId id : p) ++replicas[id];
      }
      for (const auto& [id, broker] : brokers) {
        CHECK(leaders[id] == 10);
        CHECK(std::abs(replicas[id] - 10 * factor) <= 2 * factor);
      }
    }
  }
}

TEST_CASE("replicas spread over racks first, and leaders rotate over them") {
  Brokers brokers;
  for (int id = 0; id < 6; ++id) add(brokers, id, "rack" + std::to_string(id / 2));
  std::map<std::string, int> leading_racks;
  std::map<BrokerId, int> leaders;
  for (const auto& p : placed(brokers, 60, 3)) {
    std::set<std::string> racks;
    for (const BrokerId id : p) racks.insert(*brokers.at(id).rack);
    CHECK(racks.size() == 3);
    ++leading_racks[*brokers.at(p.front()).rack];
    ++leaders[p.front()];
  }
  for (const auto& [rack, count] : leading_racks) CHECK(count == 20);
  for (const auto& [id, broker] : brokers) CHECK(leaders[id] == 10);
}

TEST_CASE("fenced brokers come last and never lead; leaving and cordoned ones get nothing") {
  Brokers brokers;
  add(brokers, 1);
  add(brokers, 2, {}, true);
  add(brokers, 3);
  add(brokers, 4);
  brokers[BrokerId(4)].in_controlled_shutdown = true;
  add(brokers, 5);
  brokers[BrokerId(5)].cordoned_directories = brokers[BrokerId(5)].directories;
  for (const auto& p : placed(brokers, 20, 3)) {
    CHECK(p.back() == BrokerId(2));
    CHECK(std::ranges::find(p, BrokerId(4)) == p.end());
    CHECK(std::ranges::find(p, BrokerId(5)) == p.end());
  }
  CHECK(refusal(brokers, 4) == "4 replicas were asked for, but only 3 broker(s) can take one");
}

TEST_CASE("impossible factors are refused") {
  Brokers brokers;
  CHECK(refusal(brokers, 1) == "1 replicas were asked for, but only 0 broker(s) can take one");
  add(brokers, 1, {}, true);
  CHECK(refusal(brokers, 1) == "all brokers are fenced at present");
  CHECK(refusal(brokers, 0) == "the replication factor must be at least 1");
}

TEST_CASE("whatever the cluster, no broker is twice in a partition and live ones lead") {
  const uint64_t seed = 42;
  CAPTURE(seed);
  Random random(seed);
  for (int round = 0; round < 300; ++round) {
    CAPTURE(round);
    Brokers brokers;
    const auto count = static_cast<int>(random.between(1, 9));
    for (int id = 0; id < count; ++id) {
      std::optional<std::string> rack;
      if (random.chance(0.7)) rack = "r" + std::to_string(random.below(4));
      add(brokers, id, rack, id > 0 && random.chance(0.3));
    }
    const auto factor = static_cast<int16_t>(random.between(1, count));
    std::set<std::optional<std::string>> racks;
    for (const auto& [id, broker] : brokers) racks.insert(broker.rack);
    for (const auto& p : placed(brokers, 20, factor, random.next())) {
      CHECK(p.size() == static_cast<size_t>(factor));
      CHECK(std::set(p.begin(), p.end()).size() == p.size());
      CHECK(!brokers.at(p.front()).fenced);
      std::set<std::optional<std::string>> used;
      for (const BrokerId id : p) used.insert(brokers.at(id).rack);
      CHECK(used.size() == std::min(racks.size(), p.size()));
    }
  }
}

TEST_CASE("a new replica's directory is known where there is only one choice") {
  Broker broker;
  CHECK(directory_for_new_replica(broker) == kMigratingDirectory);
  broker.directories = {{1, 1000}};
  CHECK(directory_for_new_replica(broker) == Uuid{1, 1000});
  broker.directories = {{1, 1000}, {1, 1001}};
  CHECK(directory_for_new_replica(broker) == kUnassignedDirectory);
  broker.cordoned_directories = {{1, 1000}};
  CHECK(directory_for_new_replica(broker) == Uuid{1, 1001});
}

}  // namespace
}  // namespace millrace::metadata
