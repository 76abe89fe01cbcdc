// Committer: makes the files of logs stable. A log that is added is synced at once; if that is
// under way already, once more afterwards, so the busier it is, the more one sync covers. There is
// no timer.
//
// Most appends need no commit of their own, because the journal has them (journal.h); their
// segments are committed behind, and when a log closes.
#pragma once

#include <memory>

#include "runtime/env.h"
#include "runtime/scope.h"
#include "runtime/task.h"

namespace millrace::log {

class PartitionLog;

class Committer {
 public:
  explicit Committer(runtime::Env& env) : env_(env), scope_(env.loop) {}

  /// Commits the log until it needs none any more. Requires: not under way for this log.
  void add(std::shared_ptr<PartitionLog> log);

  /// Waits until nothing is left to commit.
  runtime::Task<> idle();

  /// Units: commits and syncs of files since the start.
  uint64_t commit_count() const { return commit_count_; }
  uint64_t sync_count() const { return sync_count_; }

 private:
  runtime::Task<> run(std::shared_ptr<PartitionLog> log);
  runtime::Task<> commit(PartitionLog* log);

  runtime::Env& env_;
  runtime::WaitQueue idle_;
  size_t running_ = 0;
  uint64_t commit_count_ = 0;
  uint64_t sync_count_ = 0;
  runtime::Scope scope_;  // last: its tasks use the rest
};

}  // namespace millrace::log
