#include "metadata/election.h"

#include <algorithm>

#include "metadata/features.h"

namespace millrace::metadata {
namespace {

constexpr BrokerId kLeaderUnchanged{-2};
constexpr int8_t kRecovering = 1;

bool contains(const std::vector<BrokerId>& brokers, BrokerId broker) {
  return std::ranges::find(brokers, broker) != brokers.end();
}

bool includes_all(const std::vector<BrokerId>& brokers, const std::vector<BrokerId>& wanted) {
  return std::ranges::all_of(wanted, [&](BrokerId b) { return contains(brokers, b); });
}

struct Elected {
  BrokerId leader = kNoBroker;
  bool unclean = false;
};

Elected elect(const PartitionChange& change) {
  const Partition& partition = change.partition;
  const auto is_clean = [&](BrokerId broker) {
    const bool complete =
        contains(change.isr, broker) || (change.isr.empty() && contains(partition.elr, broker));
    return complete && change.may_lead(broker);
  };
  if (change.election == Election::kPreferred && !partition.replicas.empty() &&
      is_clean(partition.replicas.front())) {
    return {partition.replicas.front()};
  }
  if (is_clean(partition.leader)) return {partition.leader};
  for (const BrokerId broker : partition.replicas) {
    if (is_clean(broker)) return {broker};
  }
  if (change.election != Election::kUnclean) return {};
  for (const BrokerId broker : partition.replicas) {
    if (change.may_lead(broker)) return {broker, true};
  }
  return {};
}

}  // namespace

std::optional<Record> change_partition(const PartitionChange& change, Arena& arena) {
  const Partition& partition = change.partition;
  kafka::PartitionChangeRecord record{.partition_id = change.index, .topic_id = change.topic};
  std::vector<BrokerId> isr = change.isr;

  const Elected elected = elect(change);
  if (elected.leader != partition.leader) record.leader = elected.leader;
  const bool was_only_eligible = elected.leader != kNoBroker && !contains(isr, elected.leader);
  if (was_only_eligible) isr = {elected.leader};
  if (elected.unclean && partition.recovery_state != kRecovering) {
    record.leader_recovery_state = kRecovering;
  }

  if (!isr.empty() && isr != partition.isr) {
    record.isr = arena.copy_array(isr);
    // Older brokers need a new leader epoch to notice that the set has shrunk (KAFKA-15021).
    if (change.metadata_version < kLeaderEpochStableLevel && record.leader == kLeaderUnchanged &&
        !includes_all(isr, partition.isr)) {
      record.leader = partition.leader;
    }
  }
  // We do not keep eligible replicas; those that another controller left are used up by electing.
  if (elected.leader != kNoBroker) {
    if (!partition.elr.empty()) record.eligible_leader_replicas.emplace();
    if (!partition.last_known_elr.empty()) record.last_known_elr.emplace();
  }

  if (record ==
      kafka::PartitionChangeRecord{.partition_id = change.index, .topic_id = change.topic}) {
    return std::nullopt;
  }
  const RecordBody body(record);
  return Record{body, record_version(body, change.metadata_version)};
}

}  // namespace millrace::metadata
