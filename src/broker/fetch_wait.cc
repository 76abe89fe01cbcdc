#include "broker/fetch_wait.h"

#include <fmt/core.h>

#include "base/check.h"

namespace millrace::broker {

Offset visible_end(const log::PartitionLog& log, log::ReadBound bound) {
  switch (bound) {
    case log::ReadBound::kHighWatermark:
      return log.high_watermark();
    case log::ReadBound::kLastStable:
      return log.last_stable_offset();
    case log::ReadBound::kLogEnd:
      return log.log_end_offset();
  }
  return log.high_watermark();
}

std::vector<const FetchWait*> FetchWaits::list() const {
  std::vector<const FetchWait*> waits;
  for (const FetchWait* wait = first_; wait; wait = wait->next_) waits.push_back(wait);
  return waits;
}

FetchWait::FetchWait(FetchWaits& all, Facts facts)
    : all_(all), next_(all.first_), link_(&all.first_), facts_(std::move(facts)) {
  if (next_) next_->link_ = &next_;
  all_.first_ = this;
  ++all_.size_;
}

FetchWait::~FetchWait() {
  *link_ = next_;
  if (next_) next_->link_ = link_;
  --all_.size_;
}

void FetchWait::watch(Partition& partition, size_t target, Offset end, log::ReadBound bound) {
  DCHECK(target == watches_.size());
  Watch& watch = watches_.emplace_back();
  watch.wait = this;
  watch.target = target;
  watch.end = end;
  watch.bound = bound;
  partition.watch(watch);
}

void FetchWait::Watch::on_partition_change(const Partition& partition) {
  // Appends move the log end first and what readers see later: only the latter is news.
  const bool news = !partition.is_open() || partition.log().failure() ||
                    visible_end(partition.log(), bound) != end ||
                    partition.log().log_start_offset() > end;
  if (!news || noted) return;
  noted = true;
  wait->changed_.push_back(target);
  wait->woken_.wake_all();
}

std::vector<size_t> FetchWait::take_changed() {
  for (const size_t target : changed_) watches_[target].noted = false;
  return std::exchange(changed_, {});
}

void FetchWait::set_end(size_t target, Offset end) {
  watches_[target].end = end;
}

std::string FetchWait::describe(MonoTime now) const {
  return fmt::format("{} waits for {} bytes in {} partitions, {} are ready, at most {} ms more",
                     facts_.who, facts_.bytes_min, watches_.size(), facts_.bytes_ready,
                     std::max<int64_t>(0, (facts_.deadline - now).ms()));
}

}  // namespace millrace::broker
