// The offsets one group has committed: those in force, and those of transactions that are still
// open. Not who may commit: see offset_commit.cc.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "base/ids.h"
#include "base/time.h"

namespace millrace::group {

struct CommittedOffset {
  Offset offset;
  LeaderEpoch leader_epoch;
  std::string metadata;  ///< the client's own note
  Timestamp committed_at;
  Timestamp expires_at;   ///< only where an old client chose (OffsetCommit v2-4); -1 = by retention
  TopicId topic_id;       ///< zero when it was committed by name
  uint64_t sequence = 0;  ///< its record's place among those applied; decides which one is newer
};

class Offsets {
 public:
  using Partitions = std::map<PartitionIndex, CommittedOffset>;
  using Topics = std::map<std::string, Partitions, std::less<>>;

  const Topics& topics() const { return committed_; }
  /// Null when nothing is committed.
  const CommittedOffset* find(std::string_view topic, PartitionIndex partition) const;
  /// Neither committed nor in an open transaction.
  bool empty() const { return committed_.empty() && pending_.empty(); }
  /// Units: partitions with a committed offset.
  size_t size() const;

  void commit(std::string_view topic, PartitionIndex partition, CommittedOffset offset);
  /// Forgets what is committed and what open transactions would commit.
  void erase(std::string_view topic, PartitionIndex partition);

  // Transactions (KIP-98, KIP-447)

  void commit_pending(ProducerId producer, std::string_view topic, PartitionIndex partition,
                      CommittedOffset offset);
  /// Puts the producer's pending offsets in force, unless a newer one is, or drops them.
  void end_transaction(ProducerId producer, bool commit);
  bool is_pending(std::string_view topic, PartitionIndex partition) const;
  bool has_pending() const { return !pending_.empty(); }
  const std::map<ProducerId, Topics>& pending() const { return pending_; }

 private:
  Topics committed_;
  std::map<ProducerId, Topics> pending_;
};

}  // namespace millrace::group
