#include "metadata/placement.h"

#include <fmt/core.h>
#include <algorithm>

#include "base/check.h"

namespace millrace::metadata {
namespace {

bool is_cordoned(const Broker& broker, Uuid directory) {
  return broker.cordoned_directories &&
         std::ranges::find(*broker.cordoned_directories, directory) !=
             broker.cordoned_directories->end();
}

bool has_room(const Broker& broker) {
  return broker.directories.empty() || std::ranges::any_of(broker.directories, [&](Uuid directory) {
           return !is_cordoned(broker, directory);
         });
}

template <class T>
void shuffle(std::vector<T>& items, Random& random) {
  for (size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[random.below(i)]);
}

// Keeps the order on both sides. Not std::stable_partition, whose libstdc++ warns of itself.
template <class T, class Holds>
void holding_first(std::vector<T>& items, Holds holds) {
  std::vector<T> others;
  std::ranges::copy_if(items, std::back_inserter(others), [&](const T& t) { return !holds(t); });
  std::erase_if(items, [&](const T& t) { return !holds(t); });
  items.insert(items.end(), others.begin(), others.end());
}

// The brokers of one rack, dealt out like cards: the first pick for a partition goes round and
// round, with a count of its own for leaders so that these are even too; further picks for the same
// partition follow at a distance that grows by one with each round, so that two brokers do not
// share all their partitions.
class Rack {
 public:
  void add(const Broker& broker) { (broker.fenced ? fenced_ : live_).push_back(broker.id); }
  void shuffle_all(Random& random) {
    shuffle(live_, random);
    shuffle(fenced_, random);
  }

  size_t size() const { return live_.size() + fenced_.size(); }
  bool can_lead() const { return !live_.empty(); }

  void begin_partition(bool leads) {
    first_ = leads ? led_++ : followed_++;
    turn_ = 0;
  }
  bool exhausted() const { return turn_ == size(); }
  /// Requires: !exhausted().
  BrokerId pick() {
    const size_t turn = turn_++;
    if (turn >= live_.size()) return fenced_[(first_ + turn) % fenced_.size()];
    if (turn == 0) return live_[first_ % live_.size()];
    const size_t round = first_ / live_.size();
    return live_[(first_ + 1 + (round + turn - 1) % (live_.size() - 1)) % live_.size()];
  }

 private:
  std::vector<BrokerId> live_;
  std::vector<BrokerId> fenced_;
  size_t led_ = 0;
  size_t followed_ = 0;
  size_t first_ = 0;  // of the present partition
  size_t turn_ = 0;
};

// Racks that can lead come first, so that leaders rotate over them.
std::vector<Rack> racks_of(const std::map<BrokerId, Broker>& brokers, Random& random) {
  std::map<std::optional<std::string>, Rack> by_name;
  for (const auto& [id, broker] : brokers) {
    if (!broker.in_controlled_shutdown && has_room(broker)) by_name[broker.rack].add(broker);
  }
  std::vector<Rack> racks;
  for (auto& [name, rack] : by_name) {
    rack.shuffle_all(random);
    racks.push_back(std::move(rack));
  }
  shuffle(racks, random);
  holding_first(racks, [](const Rack& rack) { return rack.can_lead(); });
  return racks;
}

std::vector<BrokerId> place_one(std::vector<Rack>& racks, size_t leading, size_t replicas) {
  // A rack that is not reached keeps its turn for the next partition.
  const size_t reached = std::min(racks.size(), replicas);
  for (size_t i = 0; i < reached; ++i) {
    racks[(leading + i) % racks.size()].begin_partition(i == 0);
  }
  std::vector<BrokerId> placed;
  for (size_t i = 0; placed.size() < replicas; ++i) {
    Rack& rack = racks[(leading + i) % racks.size()];
    if (!rack.exhausted()) placed.push_back(rack.pick());
  }
  return placed;
}

// Leaders are live; among the followers, fenced brokers come last.
void fenced_last(std::vector<BrokerId>& replicas, const std::map<BrokerId, Broker>& brokers) {
  holding_first(replicas, [&](BrokerId id) { return !brokers.at(id).fenced; });
}

}  // namespace

Result<std::vector<std::vector<BrokerId>>> place_partitions(
    const std::map<BrokerId, Broker>& brokers, int32_t partition_count, int16_t replication_factor,
    Random& random) {
  CHECK(partition_count >= 0);
  std::vector<Rack> racks = racks_of(brokers, random);
  size_t usable = 0;
  for (const Rack& rack : racks) usable += rack.size();
  const auto leading_racks = static_cast<size_t>(std::ranges::count_if(racks, &Rack::can_lead));
  if (replication_factor < 1) {
    return fail(Errc::kInvalidReplicationFactor, "the replication factor must be at least 1");
  }
  if (static_cast<size_t>(replication_factor) > usable) {
    return fail(Errc::kInvalidReplicationFactor,
                fmt::format("{} replicas were asked for, but only {} broker(s) can take one",
                            replication_factor, usable));
  }
  if (leading_racks == 0) {
    return fail(Errc::kInvalidReplicationFactor, "all brokers are fenced at present");
  }
  std::vector<std::vector<BrokerId>> partitions;
  const size_t start = random.below(leading_racks);
  for (int32_t p = 0; p < partition_count; ++p) {
    const size_t leading = (start + static_cast<size_t>(p)) % leading_racks;
    partitions.push_back(place_one(racks, leading, static_cast<size_t>(replication_factor)));
    fenced_last(partitions.back(), brokers);
  }
  return partitions;
}

Uuid directory_for_new_replica(const Broker& broker) {
  if (broker.directories.empty()) return kMigratingDirectory;
  Uuid only = kUnassignedDirectory;
  for (const Uuid directory : broker.directories) {
    if (is_cordoned(broker, directory)) continue;
    if (only != kUnassignedDirectory) return kUnassignedDirectory;
    only = directory;
  }
  return only;
}

}  // namespace millrace::metadata
