#include "log/index_check.h"

#include <fmt/core.h>

#include <algorithm>

namespace millrace::log {

void OffsetIndexCheck::note_wrong(const OffsetIndex::Entry& entry) {
  wrong_ = fmt::format("entry {} says that offset {} is at byte {}, where it is not", next_,
                       entry.offset.value, entry.position);
}

void OffsetIndexCheck::note(const kafka::BatchHeaderView& batch, int64_t position) {
  while (!wrong_ && next_ < index_.size()) {
    const OffsetIndex::Entry entry = index_.at(next_);
    if (!begun_ && entry.position > position) return;
    const bool in_place = begun_ || entry.position == position;
    if (!in_place || entry.offset < batch.base_offset()) return note_wrong(entry);
    begun_ = true;
    if (batch.last_offset() < entry.offset) return;
    if (batch.last_offset() > entry.offset) return note_wrong(entry);
    ++next_;
    begun_ = false;
  }
}

void OffsetIndexCheck::note_damage(const Damage& damage) {
  while (next_ < index_.size() && index_.at(next_).position < damage.end_position()) ++next_;
  begun_ = false;
}

Result<> OffsetIndexCheck::end() const {
  if (wrong_) return fail(Errc::kCorruptFile, *wrong_);
  if (next_ == index_.size()) return {};
  return fail(Errc::kCorruptFile, fmt::format("entry {} is of offset {}, behind the last batch",
                                              next_, index_.at(next_).offset.value));
}

void TimeIndexCheck::note(const kafka::BatchHeaderView& batch) {
  largest_ = std::max(largest_, batch.max_timestamp());
  for (; !wrong_ && next_ < index_.size(); ++next_) {
    const TimeIndex::Entry entry = index_.at(next_);
    if (entry.offset > batch.last_offset()) return;
    const bool is_true = entry.offset >= batch.base_offset() && entry.timestamp == largest_;
    if (is_true || some_unknown_) continue;
    wrong_ = fmt::format("entry {} says that time {} is the largest up to offset {}, and {} is",
                         next_, entry.timestamp.ms, entry.offset.value, largest_.ms);
  }
}

Result<> TimeIndexCheck::end() const {
  if (wrong_) return fail(Errc::kCorruptFile, *wrong_);
  if (some_unknown_) return {};
  if (next_ < index_.size()) {
    return fail(Errc::kCorruptFile, fmt::format("entry {} is of offset {}, behind the last batch",
                                                next_, index_.at(next_).offset.value));
  }
  if (index_.last().timestamp >= largest_) return {};
  return fail(Errc::kCorruptFile,
              fmt::format("it ends at time {}, and there are records of time {}",
                          index_.last().timestamp.ms, largest_.ms));
}

}  // namespace millrace::log
