#include "log/committer.h"

#include "log/partition_log.h"

namespace millrace::log {

using runtime::Task;

void Committer::add(std::shared_ptr<PartitionLog> log) {
  ++running_;
  scope_.spawn("commit", run(std::move(log)));
}

Task<> Committer::run(std::shared_ptr<PartitionLog> log) {
  while (log->begins_commit()) {
    ++commit_count_;
    co_await commit(log.get());
  }
  if (--running_ == 0) idle_.wake_all();
}

Task<> Committer::commit(PartitionLog* log) {
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
    if (!result) break;
    result = co_await runtime::as_result(env_.disk.sync_directory_aside(directory));
  }
  // Given up because the server goes down: nobody learns anything.
  if (!result && result.error().code() == Errc::kCancelled) co_return;
  log->end_commit(commit, result);
}

Task<> Committer::idle() {
  while (running_ > 0) co_await idle_.wait();
}

}  // namespace millrace::log
