// Where new partitions go: which brokers hold their replicas, and which leads. Spread over racks
// first, then over the brokers of each rack.
// Not for moving partitions that exist.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/random.h"
#include "base/result.h"
#include "metadata/entities.h"

namespace millrace::metadata {

/// The replicas of each new partition, the leader first. No broker twice; the first is unfenced;
/// fenced brokers come last. Leaders and replicas are even over racks and brokers as far as the
/// numbers allow, from a random start so that small topics do not all meet on one broker.
/// Brokers in controlled shutdown, and those whose every directory is cordoned, get nothing.
/// Errors: kInvalidReplicationFactor: below one, above the number of usable brokers, or no broker
/// is unfenced.
/// Bounds: O(partitions * replicas + brokers).
Result<std::vector<std::vector<BrokerId>>> place_partitions(
    const std::map<BrokerId, Broker>& brokers, int32_t partition_count, int16_t replication_factor,
    Random& random);

/// The directory a new replica goes to, as far as it is known: the broker's only usable one, else
/// kUnassignedDirectory and the broker chooses.
Uuid directory_for_new_replica(const Broker& broker);

}  // namespace millrace::metadata
