#include "log/committer.h"

#include <algorithm>
#include <utility>

#include "base/logging.h"
#include "log/segment.h"

namespace millrace::log {

using runtime::as_result;
using runtime::Task;

namespace {

constexpr Duration kShortageRetry = milliseconds(100);
constexpr Duration kQuiet = seconds(60);

// Units: files that a log has open which rolls, is loaded or closes.
constexpr int64_t kFilesOfLog = 8;

size_t share(const runtime::Disk& disk, int64_t part, int64_t most) {
  return static_cast<size_t>(std::clamp<int64_t>(disk.files_max() / part, 1, most));
}

}  // namespace

Committer::Committer(runtime::Env& env, runtime::WaitQueue& room)
    : env_(env),
      room_(room),
      at_once_(share(env.disk, 4 * kFilesOfLog, 32)),
      waiting_max_(share(env.disk, 4, 512)),
      scope_(env.loop) {}

void Committer::add(std::shared_ptr<PartitionLog> log) {
  waiting_.push_back(std::move(log));
  if (running_ == at_once_) return;
  ++running_;
  scope_.spawn("commit", run());
}

Task<> Committer::run() {
  while (!waiting_.empty()) {
    std::shared_ptr<PartitionLog> log = std::move(waiting_.front());
    waiting_.pop_front();
    if (waiting_.size() + 1 == waiting_max_) room_.wake_all();
    if (!log->begins_commit()) continue;
    ++commit_count_;
    co_await commit(log.get());
    log->services_.cache.make_room();
    waiting_.push_back(std::move(log));  // once more, if it needs that meanwhile
    progress_.wake_all();
  }
  --running_;
  progress_.wake_all();
}

Task<> Committer::commit(PartitionLog* log) {
  UnsyncedFiles next;
  if (!spares_.empty()) {
    next = std::move(spares_.back());
    spares_.pop_back();
  }
  PartitionLog::Commit commit = log->begin_commit(std::move(next));
  const Result<> result = co_await as_result(make_stable(log, &commit));
  // Given up because the server goes down: nobody learns anything.
  if (!result && result.error().code() == Errc::kCancelled) co_return;
  log->end_commit(commit, result);
  commit.files.clear();
  spares_.push_back(std::move(commit.files));
}

// Errors: those of a sync, which is never tried again: what it has covered may be gone, and the
// next one would not tell. Before a sync nothing is lost.
Task<> Committer::make_stable(PartitionLog* log, PartitionLog::Commit* commit) {
  while (commit->metadata) {
    Result<std::shared_ptr<runtime::File>> metadata = log->write_metadata();
    commit->metadata = !metadata;
    if (metadata) {
      commit->files.push_back(*std::move(metadata));
    } else {
      co_await sit_out(metadata.error());
    }
  }
  for (const std::shared_ptr<runtime::File>& file : commit->files) {
    ++sync_count_;
    co_await file->sync();
  }
  while (commit->lower_recovery_point) {
    const Result<> written = co_await as_result(log->services_.write_recovery_points());
    commit->lower_recovery_point = !written;
    if (!written) co_await sit_out(written.error());
  }
  for (size_t i = 0; i < commit->directories.size();) {
    const Result<> synced =
        co_await as_result(env_.disk.sync_directory_aside(commit->directories[i]));
    if (synced) {
      ++i;
    } else {
      co_await sit_out(synced.error());
    }
  }
}

// Errors: `error`, unless it passes when others have given back what is short.
Task<> Committer::sit_out(Error error) {
  const bool is_shortage = error.code() == Errc::kOverloaded || error.code() == Errc::kDiskFull;
  const bool others_end = sitting_out_ + 1 < running_;
  if (!is_shortage || !(patient_ || others_end)) co_await fail(error);
  if (env_.loop.now() >= quiet_until_) {
    quiet_until_ = env_.loop.now() + kQuiet;
    LOG_WARNING("log", "partitions cannot be made stable, tries again: {}", error.message());
  }
  ++sitting_out_;
  co_await runtime::sleep_until(env_.loop.now() + kShortageRetry);
  --sitting_out_;
}

Task<> Committer::few_waiting() {
  while (waiting_.size() >= at_once_) co_await progress_.wait();
}

Task<> Committer::idle() {
  while (running_ > 0) co_await progress_.wait();
}

}  // namespace millrace::log
