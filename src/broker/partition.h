// Partition: one partition that this broker leads: its log, its leader epoch, and who watches it.
// Not the records (log/partition_log.h) and not which partitions there are (topics.h).
#pragma once

#include <memory>
#include <string>

#include "base/ids.h"
#include "base/result.h"
#include "log/partition_log.h"

namespace millrace::broker {

class Partition;

/// Is told when a partition may have more to read, or is gone. Called in the middle of an append:
/// it may note and post. Leaves the partition's list when destroyed.
class PartitionWatcher {
 public:
  PartitionWatcher() = default;
  PartitionWatcher(const PartitionWatcher&) = delete;
  PartitionWatcher& operator=(const PartitionWatcher&) = delete;
  virtual ~PartitionWatcher() { unlink(); }

  virtual void on_partition_change(const Partition& partition) = 0;

 private:
  friend class Partition;
  void unlink();
  PartitionWatcher* next_ = nullptr;
  PartitionWatcher** link_ = nullptr;  // whoever points at this watcher
};

class Partition final : private log::LogObserver {
 public:
  Partition(std::shared_ptr<log::PartitionLog> log, LeaderEpoch epoch);
  Partition(const Partition&) = delete;
  Partition& operator=(const Partition&) = delete;
  ~Partition() override;

  const std::string& topic() const { return log_->name().topic; }
  PartitionIndex index() const { return log_->name().partition; }
  TopicId topic_id() const { return log_->topic_id(); }
  LeaderEpoch leader_epoch() const { return leader_epoch_; }
  log::PartitionLog& log() const { return *log_; }
  const std::shared_ptr<log::PartitionLog>& shared_log() const { return log_; }

  /// Whether the topic still exists and the broker runs. Check it after every wait.
  bool is_open() const { return open_; }
  /// Tells all who watch; nothing is served from here any more.
  void close();

  /// Takes over with a later epoch, from the log end on.
  void lead(LeaderEpoch epoch);

  /// Compares what a client believes with what is; kNoLeaderEpoch believes nothing.
  /// Errors: kFencedLeaderEpoch, kUnknownLeaderEpoch. Source: KIP-320.
  Result<> check_leader_epoch(LeaderEpoch believed) const;

  void watch(PartitionWatcher& watcher);

 private:
  void on_log_change(log::PartitionLog& log) override;
  void tell_watchers();

  std::shared_ptr<log::PartitionLog> log_;
  LeaderEpoch leader_epoch_;
  bool open_ = true;
  PartitionWatcher* first_watcher_ = nullptr;
};

}  // namespace millrace::broker
