// One partition of a topic as Metadata and DescribeTopicPartitions tell it. For the files of this
// folder only.
#pragma once

#include "base/arena.h"
#include "broker/request.h"
#include "metadata/image.h"

namespace millrace::broker {

inline std::span<BrokerId> offline_replicas(const metadata::Partition& partition,
                                            const metadata::Image& image, Arena& arena) {
  std::vector<BrokerId> offline;
  for (const BrokerId id : partition.replicas) {
    const metadata::Broker* broker = image.find_broker(id);
    if (!broker || broker->fenced) offline.push_back(id);
  }
  return arena.copy_array(offline);
}

/// Fills all fields that the two answers share.
template <class PartitionAnswer>
void fill_partition(PartitionIndex index, const metadata::Partition& partition,
                    const metadata::Image& image, Arena& arena, PartitionAnswer& out) {
  out.partition_index = index;
  out.error_code =
      partition.leader == kNoBroker ? wire_code(Errc::kLeaderNotAvailable) : int16_t{0};
  out.leader_id = partition.leader;
  out.leader_epoch = partition.leader_epoch;
  out.replica_nodes = arena.copy_array(partition.replicas);
  out.isr_nodes = arena.copy_array(partition.isr);
  out.offline_replicas = offline_replicas(partition, image, arena);
}

}  // namespace millrace::broker
