#include "runtime/timers.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <utility>

#include "base/check.h"

namespace millrace::runtime {
namespace {

constexpr int64_t kTickNs = 1'000'000;
constexpr int64_t kFarthestTick = std::numeric_limits<int64_t>::max() / kTickNs;

int64_t tick_at_or_after(MonoTime time) {
  return std::min(kFarthestTick, time.ns / kTickNs + (time.ns % kTickNs > 0 ? 1 : 0));
}

}  // namespace

void Timer::stop() {
  if (wheel_) wheel_->remove(*this);
}

Timers::Timers(MonoTime now) : tick_(now.ns / kTickNs) {}

Timers::~Timers() {
  for (Slot& slot : slots_) {
    for (Timer* timer = slot.head; timer; timer = timer->next_) timer->wheel_ = nullptr;
  }
}

void Timers::start(Timer& timer, MonoTime deadline) {
  timer.stop();
  if (deadline == kNever) return;
  // While a tick expires, what is due at once waits for the next one: a callback that starts itself
  // again cannot spin.
  timer.tick_ = std::max(tick_at_or_after(deadline), expiring_ ? tick_ + 1 : tick_);
  timer.wheel_ = this;
  ++size_;
  insert(timer);
}

void Timers::insert(Timer& timer) {
  const int64_t ahead = timer.tick_ - tick_;
  int level = 0;
  while (level < kLevels - 1 && ahead >> (kBits * (level + 1)) != 0) ++level;
  // Beyond the last ring: the farthest slot, to be filed again when it comes round.
  const int64_t reach = int64_t{1} << (kBits * kLevels);
  const int64_t filed = ahead < reach ? timer.tick_ : tick_ + reach - 1;
  const int slot = static_cast<int>(filed >> (kBits * level)) & (kSlots - 1);
  timer.slot_ = static_cast<uint16_t>(level * kSlots + slot);
  used_[static_cast<size_t>(level)] |= uint64_t{1} << slot;

  Slot& into = slots_[timer.slot_];
  timer.next_ = nullptr;
  timer.link_ = into.tail;
  *into.tail = &timer;
  into.tail = &timer.next_;
}

void Timers::remove(Timer& timer) {
  Slot& slot = slots_[timer.slot_];
  *timer.link_ = timer.next_;
  (timer.next_ ? timer.next_->link_ : slot.tail) = timer.link_;
  if (!slot.head) {
    used_[timer.slot_ / kSlots] &= ~(uint64_t{1} << (timer.slot_ % kSlots));
  }
  timer.wheel_ = nullptr;
  timer.next_ = nullptr;
  timer.link_ = nullptr;
  --size_;
}

void Timers::advance(MonoTime now) {
  const int64_t target = now.ns / kTickNs;
  while (tick_ <= target) {
    if (size_ == 0) {
      tick_ = target + 1;
      break;
    }
    // Coarser rings first: their slot of this tick holds timers that belong in finer ones.
    for (int level = kLevels - 1; level > 0; --level) {
      if ((tick_ & ((int64_t{1} << (kBits * level)) - 1)) == 0) cascade(level);
    }
    expire_slot();
    // Skip what is empty: to the next used slot of the finest ring, or its end.
    const uint64_t ahead = used_[0] >> (tick_ & (kSlots - 1)) >> 1;
    const int64_t ring_end = (tick_ | (kSlots - 1)) + 1;
    const int64_t next = ahead ? tick_ + 1 + std::countr_zero(ahead) : ring_end;
    tick_ = std::min(next, target + 1);
  }
}

void Timers::cascade(int level) {
  const int slot = static_cast<int>(tick_ >> (kBits * level)) & (kSlots - 1);
  Slot& coarse = slots_[static_cast<size_t>(level) * kSlots + static_cast<size_t>(slot)];
  Timer* timer = std::exchange(coarse.head, nullptr);
  coarse.tail = &coarse.head;
  used_[static_cast<size_t>(level)] &= ~(uint64_t{1} << slot);
  while (timer) {
    Timer* next = timer->next_;
    insert(*timer);
    timer = next;
  }
}

void Timers::expire_slot() {
  Slot& slot = slots_[static_cast<size_t>(tick_ & (kSlots - 1))];
  expiring_ = true;
  while (slot.head) {
    Timer& due = *slot.head;
    remove(due);
    due.on_expiry_(due);
  }
  expiring_ = false;
}

MonoTime Timers::next_deadline() const {
  if (size_ == 0) return kNever;
  int64_t earliest = kFarthestTick;
  for (int level = 0; level < kLevels; ++level) {
    if (used_[static_cast<size_t>(level)] == 0) continue;
    const int64_t unit = int64_t{1} << (kBits * level);
    const int64_t position = tick_ >> (kBits * level);
    // Distance, in slots of this ring, to the next used one, going round once.
    const uint64_t turned =
        std::rotr(used_[static_cast<size_t>(level)], static_cast<int>(position & (kSlots - 1)));
    int64_t distance = std::countr_zero(turned);
    // On a coarse ring the slot we are in has been emptied unless we are at its very start; what is
    // in it now lies a full turn ahead.
    if (level > 0 && distance == 0 && (tick_ & (unit - 1)) != 0) {
      const uint64_t others = turned & ~uint64_t{1};
      distance = others ? std::countr_zero(others) : kSlots;
    }
    earliest = std::min(earliest, std::max(tick_, (position + distance) * unit));
  }
  return MonoTime{earliest * kTickNs};
}

}  // namespace millrace::runtime
