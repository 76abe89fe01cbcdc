#include "log/due_times.h"

namespace millrace::log {

void DueTimes::Entry::set(Timestamp due) {
  clear();
  const std::optional<Timestamp> before = times_.next();
  times_.entries_.emplace(std::pair(due, order_), this);
  due_ = due;
  if (!before || due < *before) times_.earlier_.wake_all();
}

void DueTimes::Entry::set_no_later(Timestamp due) {
  if (!due_ || due < *due_) set(due);
}

void DueTimes::Entry::clear() {
  if (due_) times_.entries_.erase({*due_, order_});
  due_.reset();
}

std::optional<Timestamp> DueTimes::next() const {
  if (entries_.empty()) return std::nullopt;
  return entries_.begin()->first.first;
}

PartitionLog* DueTimes::take(Timestamp now) {
  if (entries_.empty() || entries_.begin()->first.first > now) return nullptr;
  Entry& entry = *entries_.begin()->second;
  entry.clear();
  return &entry.log_;
}

}  // namespace millrace::log
