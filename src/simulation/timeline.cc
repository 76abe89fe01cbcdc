#include "simulation/timeline.h"

#include <algorithm>

namespace millrace::simulation {

void Event::cancel() {
  if (timeline_) timeline_->remove(*this);
}

Timeline::~Timeline() {
  for (const Entry& entry : heap_) entry.event->timeline_ = nullptr;
}

void Timeline::schedule(Event& event, MonoTime at) {
  event.cancel();
  if (at == kNever) return;
  event.timeline_ = this;
  heap_.emplace_back();
  sift(heap_.size() - 1, {std::max(at, now_), order_++, &event});
}

void Timeline::schedule_no_later(Event& event, MonoTime at) {
  if (event.scheduled() && heap_[event.position_].at <= std::max(at, now_)) return;
  schedule(event, at);
}

bool Timeline::step(MonoTime limit) {
  if (heap_.empty() || next() > limit) {
    if (limit != kNever) now_ = std::max(now_, limit);
    return false;
  }
  Event& event = *heap_.front().event;
  now_ = heap_.front().at;
  remove(event);
  event.happen_(event);
  return true;
}

void Timeline::remove(Event& event) {
  const size_t position = event.position_;
  event.timeline_ = nullptr;
  const Entry last = heap_.back();
  heap_.pop_back();
  if (last.event != &event) sift(position, last);
}

void Timeline::place(size_t position, const Entry& entry) {
  heap_[position] = entry;
  entry.event->position_ = position;
}

// `position` is a hole: moves it up or down until `entry` fits in.
void Timeline::sift(size_t position, const Entry& entry) {
  while (position > 0 && entry.before(heap_[(position - 1) / 2])) {
    place(position, heap_[(position - 1) / 2]);
    position = (position - 1) / 2;
  }
  while (true) {
    size_t child = 2 * position + 1;
    if (child >= heap_.size()) break;
    if (child + 1 < heap_.size() && heap_[child + 1].before(heap_[child])) ++child;
    if (!heap_[child].before(entry)) break;
    place(position, heap_[child]);
    position = child;
  }
  place(position, entry);
}

}  // namespace millrace::simulation
