#include "log/journal_ring.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/logging.h"
#include "log/partition_log.h"

namespace millrace::log {

using runtime::Task;

bool is_journal_file(std::string_view name) {
  return name.starts_with(kJournalFilePrefix);
}

std::string JournalRing::path_of(int number) const {
  return runtime::join_path(directory_, fmt::format("{}{:04}", kJournalFilePrefix, number));
}

void JournalRing::avoid(std::vector<std::string> paths, uint64_t oldest_sequence) {
  avoided_from_ = paths.empty() ? 0 : oldest_sequence;
  avoided_ = std::move(paths);
}

void JournalRing::adopt_avoided() {
  for (const std::string& path : avoided_) {
    auto found = std::make_unique<RingFile>();
    found->path = path;
    found->turn = kEarlierTurn;
    found->first_sequence = avoided_from_;
    full_.push_front(std::move(found));
    ++made_;
  }
  avoided_from_ = 0;
  pressure_.wake_all();
}

void JournalRing::needs(Turn turn, std::shared_ptr<PartitionLog> log) {
  if (current_ && current_->turn == turn) return current_->needy.push_back(std::move(log));
  for (const std::unique_ptr<RingFile>& file : full_) {
    if (file->turn == turn) return file->needy.push_back(std::move(log));
  }
}

Task<JournalRing::Place> JournalRing::take(size_t bytes) {
  const auto count = int64_t(bytes);
  CHECK(count <= options_.file_bytes);
  if (current_ && current_->used + count > options_.file_bytes) close_current();
  if (!current_) co_await next_file();
  const int64_t position = current_->used;
  current_->used += count;
  // The next one is made while there is time.
  if (free_.empty() && made_ < options_.files_max && !making_ &&
      current_->used * 2 > options_.file_bytes) {
    preparing_.spawn("prepare the journal's next file", prepare());
  }
  co_return Place{current_->file, position};
}

void JournalRing::close_current() {
  if (!current_) return;
  current_->file.reset();
  full_.push_back(std::move(current_));
  pressure_.wake_all();
}

Task<> JournalRing::next_file() {
  while (free_.empty()) {
    if (making_) {
      co_await changed_.wait();
      continue;
    }
    const Result<> made =
        made_ < options_.files_max
            ? co_await runtime::as_result(make_file(false))
            : fail(Errc::kDiskFull,
                   "every file of the journal is needed for partitions that failed");
    if (made) continue;
    // Those that are there are used again, sooner than later.
    if (made_ == 0 || pinned_ || made.error().code() == Errc::kCancelled) co_await made;
    starved_ = true;
    pressure_.wake_all();
    if (free_.empty()) co_await changed_.wait();
    starved_ = false;
  }
  RingFile& next = *free_.back();
  if (!next.file) next.file = co_await env_.disk.open(next.path, {.direct = true});
  next.turn = ++turn_;
  current_ = std::move(free_.back());
  free_.pop_back();
}

// Its name is stable before anything in it has to be.
Task<> JournalRing::make_file(bool zeros) {
  making_ = true;
  auto made = std::make_unique<RingFile>();
  do {
    made->path = path_of(next_number_++);
  } while (std::ranges::find(avoided_, made->path) != avoided_.end());
  const auto make = [](JournalRing* ring, RingFile* file, bool written) -> Task<> {
    file->file = co_await ring->env_.disk.open(file->path, {.create = true, .direct = true});
    co_await file->file->allocate(ring->options_.file_bytes, written);
    co_await ring->env_.disk.sync_directory_aside(ring->directory_);
  };
  const Result<> done = co_await runtime::as_result(make(this, made.get(), zeros));
  making_ = false;
  changed_.wake_all();
  if (!done) {
    const Result<> removed = env_.disk.remove(made->path);
    if (!removed) LOG_DEBUG("log", "{}", removed.error().message());
    co_await done;
  }
  if (!std::exchange(told_, true)) {
    LOG_INFO("log", "the journal is written in {}, up to {} files of {} MiB; {}", directory_,
             options_.files_max, options_.file_bytes >> 20,
             made->file->is_direct() ? "past the page cache (O_DIRECT, O_DSYNC)"
                                     : "through the page cache, with fdatasync: the file system "
                                       "has no direct writes");
  }
  ++made_;
  free_.push_back(std::move(made));
}

Task<> JournalRing::prepare() {
  const Result<> made = co_await runtime::as_result(make_file(true));
  if (!made && made.error().code() != Errc::kCancelled) {
    LOG_WARNING("log", "the journal stays at {} files: {}", made_, made.error().message());
  }
}

void JournalRing::begins_with(uint64_t sequence) {
  if (current_->first_sequence == 0) current_->first_sequence = sequence;
}

uint64_t JournalRing::oldest_sequence(uint64_t next) const {
  if (avoided_from_ != 0) return avoided_from_;
  if (!full_.empty()) return full_.front()->first_sequence;
  return current_ && current_->first_sequence != 0 ? current_->first_sequence : next;
}

void JournalRing::release_oldest() {
  std::unique_ptr<RingFile> file = std::move(full_.front());
  full_.pop_front();
  const bool is_spare =
      made_ > options_.files_max || (file->turn == kEarlierTurn && !free_.empty());
  if (is_spare) {
    spare_.push_back(std::move(file->path));
    --made_;
  } else {
    file->turn = 0;
    file->first_sequence = 0;
    file->used = 0;
    file->needy.clear();
    free_.push_back(std::move(file));
  }
  changed_.wake_all();
}

void JournalRing::drop_spare() {
  for (std::string& path : std::exchange(spare_, {})) {
    preparing_.spawn("remove a spare journal file", env_.disk.remove_aside(std::move(path)));
  }
}

Task<> JournalRing::idle() {
  co_await preparing_.join();
}

Result<> JournalRing::remove() {
  close_current();
  for (const auto& file : full_) TRY(env_.disk.remove(file->path));
  for (const auto& file : free_) TRY(env_.disk.remove(file->path));
  for (const std::string& path : spare_) TRY(env_.disk.remove(path));
  full_.clear();
  free_.clear();
  spare_.clear();
  made_ = 0;
  return env_.disk.sync_directory(directory_);
}

}  // namespace millrace::log
