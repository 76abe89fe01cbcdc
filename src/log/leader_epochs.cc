#include "log/leader_epochs.h"

#include <algorithm>

#include "base/check.h"

namespace millrace::log {
namespace {

auto first_above(const std::vector<EpochEntry>& entries, LeaderEpoch epoch) {
  return std::partition_point(entries.begin(), entries.end(),
                              [=](const EpochEntry& e) { return e.epoch <= epoch; });
}

}  // namespace

bool LeaderEpochs::assign(LeaderEpoch epoch, Offset start) {
  CHECK(epoch.value >= 0 && start.value >= 0);
  if (!entries_.empty() && entries_.back().epoch == epoch &&
      start >= entries_.back().start_offset) {
    return false;
  }
  while (!entries_.empty() &&
         (entries_.back().epoch >= epoch || entries_.back().start_offset >= start)) {
    entries_.pop_back();
  }
  entries_.push_back({epoch, start});
  return true;
}

LeaderEpoch LeaderEpochs::latest() const {
  return entries_.empty() ? kNoLeaderEpoch : entries_.back().epoch;
}

LeaderEpoch LeaderEpochs::epoch_at(Offset offset) const {
  const auto after =
      std::partition_point(entries_.begin(), entries_.end(),
                           [=](const EpochEntry& e) { return e.start_offset <= offset; });
  return after == entries_.begin() ? kNoLeaderEpoch : (after - 1)->epoch;
}

std::optional<EpochEntry> LeaderEpochs::earliest() const {
  if (entries_.empty()) return std::nullopt;
  return entries_.front();
}

std::optional<LeaderEpochs::EndOffset> LeaderEpochs::end_offset_for(LeaderEpoch epoch,
                                                                    Offset log_end) const {
  if (epoch == kNoLeaderEpoch) return std::nullopt;
  if (epoch == latest()) return EndOffset{epoch, log_end};
  const auto next = first_above(entries_, epoch);
  if (next == entries_.end()) return std::nullopt;
  if (next == entries_.begin()) return EndOffset{epoch, next->start_offset};
  return EndOffset{(next - 1)->epoch, next->start_offset};
}

bool LeaderEpochs::truncate_from_end(Offset end) {
  const size_t before = entries_.size();
  while (!entries_.empty() && entries_.back().start_offset >= end) entries_.pop_back();
  return entries_.size() != before;
}

bool LeaderEpochs::truncate_from_start(Offset start) {
  const auto first_kept =
      std::partition_point(entries_.begin(), entries_.end(),
                           [=](const EpochEntry& e) { return e.start_offset <= start; });
  if (first_kept == entries_.begin()) return false;
  const auto covering = first_kept - 1;
  if (covering == entries_.begin() && covering->start_offset == start) return false;
  covering->start_offset = start;
  entries_.erase(entries_.begin(), covering);
  return true;
}

}  // namespace millrace::log
