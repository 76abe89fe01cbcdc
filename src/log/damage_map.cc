#include "log/damage_map.h"

#include <algorithm>

namespace millrace::log {

void DamageMap::add(DamagedRange range) {
  const auto first = std::ranges::find_if(
      ranges_, [&](const DamagedRange& other) { return other.next > range.first; });
  auto last = first;
  for (; last != ranges_.end() && last->first < range.next; ++last) {
    range.first = std::min(range.first, last->first);
    range.next = std::max(range.next, last->next);
  }
  ranges_.insert(ranges_.erase(first, last), std::move(range));
}

const DamagedRange* DamageMap::find(Offset offset) const {
  for (const DamagedRange& range : ranges_) {
    if (range.first <= offset && offset < range.next) return &range;
  }
  return nullptr;
}

const DamagedRange* DamageMap::after(Offset offset) const {
  for (const DamagedRange& range : ranges_) {
    if (range.first >= offset) return &range;
  }
  return nullptr;
}

void DamageMap::truncate_to(Offset offset) {
  std::erase_if(ranges_, [=](const DamagedRange& range) { return range.first >= offset; });
  if (!ranges_.empty()) ranges_.back().next = std::min(ranges_.back().next, offset);
}

void DamageMap::truncate_before(Offset offset) {
  std::erase_if(ranges_, [=](const DamagedRange& range) { return range.next <= offset; });
}

}  // namespace millrace::log
