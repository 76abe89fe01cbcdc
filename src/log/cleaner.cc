#include "log/cleaner.h"

#include <algorithm>

#include "base/logging.h"
#include "log/checkpoint_plan.h"

namespace millrace::log {

using runtime::Task;

void Cleaner::add(std::shared_ptr<PartitionLog> log, double dirty_ratio) {
  if (!options_.enabled) return;
  const TopicPartition name = log->name();
  candidates_.insert_or_assign(name, Candidate{std::move(log), dirty_ratio});
  arrived_.wake_one();
}

std::shared_ptr<PartitionLog> Cleaner::take_dirtiest() {
  const auto dirtiest = std::ranges::max_element(
      candidates_, {}, [](const auto& item) { return item.second.dirty_ratio; });
  if (dirtiest == candidates_.end()) return nullptr;
  std::shared_ptr<PartitionLog> log = std::move(dirtiest->second.log);
  candidates_.erase(dirtiest);
  return log;
}

Task<> Cleaner::run() {
  while (true) {
    if (std::shared_ptr<PartitionLog> log = take_dirtiest()) {
      co_await clean(std::move(log));
    } else {
      co_await arrived_.wait();
    }
  }
}

Task<> Cleaner::clean(std::shared_ptr<PartitionLog> log) {
  log->compaction_queued_ = false;
  if (!log->check_open() || !log->config().cleanup_compact) co_return;
  const Result<Cleanable> range = Compaction::measure(*log, services_.env.clock.wall());
  if (range && !range->wanted) co_return;
  Result<Offset> cleaned = std::unexpected(Error(Errc::kNone));
  if (!range) {
    cleaned = std::unexpected(range.error());
  } else {
    Compaction pass(log, OffsetMap(options_.dedupe_buffer_bytes, options_.load_factor), pacer_);
    cleaned = co_await runtime::as_result(pass.run(*range));
    note(pass);
  }
  ++pass_count_;
  if (cleaned) {
    log->first_dirty_ = *cleaned;
    services_.checkpoints.want(Checkpoint::kCleaner);
    log->plan_attention();
    co_return;
  }
  const Error& error = cleaned.error();
  if (error.code() == Errc::kCorruptMessage || error.code() == Errc::kCorruptFile) {
    LOG_ERROR("log", "{}: not compacted until the server restarts: {}", log->name().to_string(),
              error.message());
    log->uncleanable_ = true;
    co_return;
  }
  if (error.code() != Errc::kCancelled) {
    LOG_WARNING("log", "{}: compaction: {}", log->name().to_string(), error.message());
  }
  log->due_.set_no_later(services_.env.clock.wall() + options_.backoff);
}

void Cleaner::note(const Compaction& pass) {
  statistics_.bytes_read += pass.statistics().bytes_read;
  statistics_.bytes_written += pass.statistics().bytes_written;
  statistics_.records_read += pass.statistics().records_read;
  statistics_.records_kept += pass.statistics().records_kept;
}

}  // namespace millrace::log
