// Committer: makes what was appended stable, for all logs of a data directory together. Appends
// only mark their log; in the next turn one commit syncs everything that was marked, and while it
// runs the marks for the next one collect. So the busier it is, the more one sync covers; there is
// no timer.
#pragma once

#include <memory>
#include <vector>

#include "runtime/env.h"
#include "runtime/scope.h"
#include "runtime/task.h"

namespace millrace::log {

class PartitionLog;

class Committer {
 public:
  explicit Committer(runtime::Env& env) : env_(env), scope_(env.loop) {}

  /// Has the log in the next commit. Requires: once until its begin_commit().
  void add(std::shared_ptr<PartitionLog> log);

  /// Waits until nothing is left to commit.
  runtime::Task<> idle();

  /// Units: commits and syncs of files since the start.
  uint64_t commit_count() const { return commit_count_; }
  uint64_t sync_count() const { return sync_count_; }

 private:
  runtime::Task<> run();
  runtime::Task<> commit(std::shared_ptr<PartitionLog> log);

  runtime::Env& env_;
  std::vector<std::shared_ptr<PartitionLog>> marked_;
  runtime::WaitQueue idle_;
  bool running_ = false;
  uint64_t commit_count_ = 0;
  uint64_t sync_count_ = 0;
  runtime::Scope scope_;  // last: its tasks use the rest
};

}  // namespace millrace::log
