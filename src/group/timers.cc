#include "group/timers.h"

namespace millrace::group {

std::optional<Alarm> Timers::pop(MonoTime now) {
  if (next() > now || queue_.empty()) return std::nullopt;
  Slot& slot = slots_.at(queue_.begin()->second);
  queue_.erase(queue_.begin());
  slot.when = kNever;
  return slot.alarm;
}

uint64_t Timers::add(Alarm alarm) {
  slots_.emplace(++last_id_, Slot{std::move(alarm)});
  return last_id_;
}

void Timers::remove(uint64_t id) {
  arm(id, kNever);
  slots_.erase(id);
}

void Timers::arm(uint64_t id, MonoTime when) {
  MonoTime& armed = slots_.at(id).when;
  if (armed == when) return;
  // A heartbeat moves a deadline; the node of the queue moves with it.
  auto node = queue_.extract({armed, id});
  armed = when;
  if (when == kNever) return;
  if (node.empty()) {
    queue_.emplace(when, id);
  } else {
    node.value() = {when, id};
    queue_.insert(std::move(node));
  }
}

}  // namespace millrace::group
