// Committer: makes the files of logs stable. A log that is added is synced at once, or when its
// turn comes: only so many have descriptors open for it at the same time. If it is under way
// already, it is once more afterwards, so the busier it is, the more one sync covers. There is no
// timer.
//
// Most appends need no commit of their own, because the journal has them (journal.h); their
// segments are committed behind, and when a log closes.
#pragma once

#include <memory>
#include <string>

#include "base/ring_queue.h"
#include "log/partition_log.h"
#include "runtime/env.h"
#include "runtime/scope.h"
#include "runtime/task.h"

namespace millrace::log {

class Committer {
 public:
  /// `room` is woken when has_room() has become true. Borrows it.
  Committer(runtime::Env& env, runtime::WaitQueue& room);

  /// Whether a lack of descriptors or space is waited out, as a server does that serves. One that
  /// starts or stops waits only for its other commits, and a log that cannot be committed then has
  /// failed.
  void set_patient(bool patient) { patient_ = patient; }

  /// Commits the log until it needs none any more. Requires: not under way for this log.
  void add(std::shared_ptr<PartitionLog> log);

  /// Whether another append is welcome. What waits for its turn may keep descriptors open.
  bool has_room() const { return waiting_.size() < waiting_max_; }
  /// Waits until so few wait for their turn that others may be added without a thought.
  runtime::Task<> few_waiting();
  /// Waits until nothing is left to commit.
  runtime::Task<> idle();

  /// Units: commits and syncs of files since the start.
  uint64_t commit_count() const { return commit_count_; }
  uint64_t sync_count() const { return sync_count_; }

 private:
  runtime::Task<> run();
  runtime::Task<> commit(PartitionLog* log);
  runtime::Task<> make_stable(PartitionLog* log, PartitionLog::Commit* commit);
  runtime::Task<> sit_out(Error error);

  runtime::Env& env_;
  runtime::WaitQueue& room_;
  const size_t at_once_;
  const size_t waiting_max_;
  runtime::WaitQueue progress_;
  std::vector<UnsyncedFiles> spares_;  // empty, for their memory; as many as commits at once
  RingQueue<std::shared_ptr<PartitionLog>> waiting_;
  size_t running_ = 0;
  size_t sitting_out_ = 0;  // of these
  bool patient_ = false;
  MonoTime quiet_until_;
  uint64_t commit_count_ = 0;
  uint64_t sync_count_ = 0;
  runtime::Scope scope_;  // last: its tasks use the rest
};

}  // namespace millrace::log
