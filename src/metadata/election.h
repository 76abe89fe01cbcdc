// Who leads a partition when brokers come, go or are asked to lead: the one rule, and the record
// that carries its result.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "base/arena.h"
#include "base/ids.h"
#include "metadata/entities.h"
#include "metadata/record.h"

namespace millrace::metadata {

enum class Election : uint8_t {
  kOnline,     ///< keep the leader if it may lead, else the first in-sync replica that may
  kPreferred,  ///< the first replica if it may, else as above
  kUnclean,    ///< as kOnline, and in the last resort any live replica, losing what it lacks
};

struct PartitionChange {
  TopicId topic;
  PartitionIndex index;
  const Partition& partition;
  std::vector<BrokerId> isr;               ///< who is to be in sync
  std::function<bool(BrokerId)> may_lead;  ///< alive and not on its way out
  Election election = Election::kOnline;
  int16_t metadata_version = 0;
};

/// The change record, or nothing when all stays as it is. An in-sync set is never emptied: its last
/// members stay although they may be dead, for only they have everything. With no in-sync replica
/// at all (Kafka's ELR leaves it so) an eligible one leads.
/// Source: KIP-966 for eligible replicas, KIP-704 for recovery after an unclean election.
std::optional<Record> change_partition(const PartitionChange& change, Arena& arena);

}  // namespace millrace::metadata
