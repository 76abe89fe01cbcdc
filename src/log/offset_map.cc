#include "log/offset_map.h"

#include <algorithm>

namespace millrace::log {
namespace {

constexpr size_t kFirstSlots = 1024;

}  // namespace

OffsetMap::OffsetMap(size_t bytes_max, double load_factor)
    : size_max_(std::max<size_t>(
          1, static_cast<size_t>(static_cast<double>(bytes_max / kSlotBytes) * load_factor))),
      load_factor_(load_factor) {}

// Where the key is, or where it would go. Requires: a slot is free.
size_t OffsetMap::find(const KeyHash& key) const {
  size_t at = static_cast<size_t>(static_cast<unsigned __int128>(key.high) * slots_.size() >>
                                  64);  // no division
  while (slots_[at].offset != kNoOffset && slots_[at].key != key) {
    if (++at == slots_.size()) at = 0;
  }
  return at;
}

bool OffsetMap::put(const KeyHash& key, Offset offset) {
  if (static_cast<double>(size_ + 1) > static_cast<double>(slots_.size()) * load_factor_) grow();
  Slot& slot = slots_[find(key)];
  if (slot.offset == kNoOffset) {
    if (size_ == size_max_) return false;
    ++size_;
    slot.key = key;
  }
  slot.offset = offset;
  return true;
}

Offset OffsetMap::get(const KeyHash& key) const {
  return slots_.empty() ? kNoOffset : slots_[find(key)].offset;
}

void OffsetMap::grow() {
  const size_t slots_max = static_cast<size_t>(static_cast<double>(size_max_) / load_factor_) + 2;
  const size_t wanted = std::min(std::max(kFirstSlots, slots_.size() * 2), slots_max);
  if (wanted <= slots_.size()) return;
  std::vector<Slot> old = std::exchange(slots_, std::vector<Slot>(wanted));
  for (const Slot& slot : old) {
    if (slot.offset != kNoOffset) slots_[find(slot.key)] = slot;
  }
}

}  // namespace millrace::log
