#include "log/committer.h"

#include "log/partition_log.h"

namespace millrace::log {

using runtime::Task;

void Committer::add(std::shared_ptr<PartitionLog> log) {
  marked_.push_back(std::move(log));
  if (running_) return;
  running_ = true;
  scope_.spawn("commit", run());
}

Task<> Committer::run() {
  while (!marked_.empty()) {
    const std::vector<std::shared_ptr<PartitionLog>> group = std::move(marked_);
    marked_.clear();
    ++commit_count_;
    // All at once: file systems make one journal commit of syncs that run together.
    runtime::Scope syncs(env_.loop);
    for (const std::shared_ptr<PartitionLog>& log : group) syncs.spawn("sync", commit(log));
    co_await syncs.join();
  }
  running_ = false;
  idle_.wake_all();
}

Task<> Committer::commit(std::shared_ptr<PartitionLog> log) {
  const PartitionLog::Commit commit = log->begin_commit();
  Result<> result = commit.prepared;
  for (const std::shared_ptr<runtime::File>& file : commit.files) {
    if (!result) break;
    ++sync_count_;
    result = co_await runtime::as_result(file->sync());
  }
  if (result && commit.lower_recovery_point) {
    result = co_await runtime::as_result(log->services_.write_recovery_points());
  }
  for (const std::string& directory : commit.directories) {
    if (result) result = env_.disk.sync_directory(directory);
  }
  // Given up because the server goes down: nobody learns anything.
  if (!result && result.error().code() == Errc::kCancelled) co_return;
  log->end_commit(commit, result);
}

Task<> Committer::idle() {
  while (running_) co_await idle_.wait();
}

}  // namespace millrace::log
