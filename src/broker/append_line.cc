#include "broker/append_line.h"

#include <utility>

namespace millrace::broker {

AppendLine::AppendLine(runtime::Loop& loop, std::function<bool()> has_room,
                       runtime::WaitQueue& room)
    : has_room_(std::move(has_room)), room_(room), scope_(loop) {
  scope_.spawn("append line", run());
}

AppendLine::Place::~Place() {
  if (line_) line_->remove(*this);
}

void AppendLine::join(Place& place) {
  if (place.line_) return;
  place.line_ = this;
  place.previous_ = last_;
  (last_ ? last_->next_ : first_) = &place;
  last_ = &place;
}

void AppendLine::remove(Place& place) {
  (place.previous_ ? place.previous_->next_ : first_) = place.next_;
  (place.next_ ? place.next_->previous_ : last_) = place.previous_;
  place.line_ = nullptr;
  place.next_ = place.previous_ = nullptr;
}

runtime::Task<> AppendLine::run() {
  while (true) {
    co_await room_.wait();
    while (first_ && has_room_()) {
      Place& place = *first_;
      remove(place);
      place.turn_(place);
    }
  }
}

}  // namespace millrace::broker
