#include "simulation/file_content.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"

namespace millrace::simulation {
namespace {

size_t page_of(int64_t position) {
  return static_cast<size_t>(position) / kPageBytes;
}
size_t within_page(int64_t position) {
  return static_cast<size_t>(position) % kPageBytes;
}
int64_t start_of(size_t page) {
  return static_cast<int64_t>(page * kPageBytes);
}
size_t pages_for(int64_t size) {
  return (static_cast<size_t>(size) + kPageBytes - 1) / kPageBytes;
}

void fill_with_garbage(uint8_t* sector, Random& random) {
  for (size_t i = 0; i < kSectorBytes; i += sizeof(uint64_t)) store_be64(sector + i, random.next());
}

int64_t size_after_crash(int64_t stable, int64_t current, Random& random, double keep) {
  if (keep <= 0 || stable == current) return stable;
  if (keep >= 1) return current;
  switch (random.below(3)) {
    case 0:
      return stable;
    case 1:
      return current;
    default:
      return random.between(std::min(stable, current), std::max(stable, current));
  }
}

}  // namespace

CrashMood CrashMood::draw(Random& random, double garbage) {
  CrashMood mood{.keep = random.unit(), .garbage = garbage, .in_order = random.chance(0.5)};
  const uint64_t kind = random.below(10);
  if (kind < 3) mood.keep = 0;
  if (kind == 3) mood.keep = 1;
  return mood;
}

size_t FileContent::read(int64_t position, MutableBytes into) const {
  if (position >= size_) return 0;
  const size_t count = std::min(into.size(), static_cast<size_t>(size_ - position));
  for (size_t done = 0; done < count;) {
    const int64_t at = position + static_cast<int64_t>(done);
    const size_t part = std::min(count - done, kPageBytes - within_page(at));
    const uint8_t* page = slots_[page_of(at)].current.data();
    if (page) {
      std::memcpy(into.data() + done, page + within_page(at), part);
    } else {
      std::memset(into.data() + done, 0, part);
    }
    done += part;
  }
  return count;
}

FileContent::Slot& FileContent::touch(size_t index) {
  Slot& slot = slots_[index];
  if (!slot.dirty) {
    slot.dirty = true;
    dirty_.push_back(index);
  }
  return slot;
}

void FileContent::set_current(Slot& slot, PageRef page) {
  pages_ += static_cast<int64_t>(static_cast<bool>(page)) -
            static_cast<int64_t>(static_cast<bool>(slot.current));
  slot.current = std::move(page);
}

void FileContent::write(int64_t position, Bytes bytes) {
  if (bytes.empty()) return;
  const int64_t end = position + static_cast<int64_t>(bytes.size());
  if (slots_.size() < pages_for(end)) slots_.resize(pages_for(end));
  while (!bytes.empty()) {
    Slot& slot = touch(page_of(position));
    const size_t part = std::min(bytes.size(), kPageBytes - within_page(position));
    if (!slot.current) ++pages_;
    std::memcpy(slot.current.mutable_data() + within_page(position), bytes.data(), part);
    bytes = bytes.subspan(part);
    position += static_cast<int64_t>(part);
  }
  size_ = std::max(size_, end);
}

// Past its end a page is zero, so that a file that grows again shows zeros there.
void FileContent::zero_tail(int64_t size) {
  if (within_page(size) == 0 || page_of(size) >= slots_.size()) return;
  const uint8_t* tail = slots_[page_of(size)].current.data();
  if (!tail || std::all_of(tail + within_page(size), tail + kPageBytes,
                           [](uint8_t byte) { return byte == 0; })) {
    return;
  }
  uint8_t* page = touch(page_of(size)).current.mutable_data();
  std::memset(page + within_page(size), 0, kPageBytes - within_page(size));
}

void FileContent::truncate(int64_t size) {
  if (size < size_) {
    for (size_t i = pages_for(size); i < pages_for(size_); ++i) {
      if (slots_[i].current) set_current(touch(i), {});
    }
    zero_tail(size);
  } else if (slots_.size() < pages_for(size)) {
    slots_.resize(pages_for(size));
  }
  size_ = size;
}

int64_t FileContent::pages_to_write(int64_t position, int64_t count) const {
  int64_t missing = 0;
  for (size_t i = page_of(position); i < pages_for(position + count); ++i) {
    if (i >= slots_.size() || !slots_[i].current) ++missing;
  }
  return missing;
}

FileContent::Snapshot FileContent::start_sync() const {
  Snapshot snapshot{.size = size_};
  snapshot.pages.reserve(dirty_.size());
  for (const size_t index : dirty_) snapshot.pages.emplace_back(index, slots_[index].current);
  return snapshot;
}

void FileContent::finish_sync(const Snapshot& snapshot) {
  for (const auto& [index, page] : snapshot.pages) {
    if (index >= slots_.size()) continue;  // cut off meanwhile
    Slot& slot = slots_[index];
    // Written again and saved by the kernel itself meanwhile: what is on the platter is newer.
    if (!slot.dirty && slot.current != page) continue;
    slot.stable = page;
    if (slot.current == page) slot.dirty = false;
  }
  std::erase_if(dirty_, [this](size_t index) { return !slots_[index].dirty; });
  // What the platter holds past its new end is gone.
  for (size_t i = pages_for(snapshot.size); i < pages_for(stable_size_); ++i) slots_[i].stable = {};
  stable_size_ = snapshot.size;
  const size_t needed = std::max(pages_for(size_), pages_for(stable_size_));
  if (slots_.size() > needed) {
    std::erase_if(dirty_, [needed](size_t index) { return index >= needed; });
    slots_.resize(needed);
  }
}

void FileContent::pretend_sync(const Snapshot& snapshot) {
  for (const auto& [index, page] : snapshot.pages) {
    if (index < slots_.size() && slots_[index].current == page) slots_[index].dirty = false;
  }
  std::erase_if(dirty_, [this](size_t index) { return !slots_[index].dirty; });
}

void FileContent::fail_sync(const Snapshot& snapshot, Random& random) {
  pretend_sync(snapshot);
  if (random.chance(0.5)) return;  // nothing is evicted
  for (const auto& [index, page] : snapshot.pages) {
    if (index >= slots_.size() || slots_[index].dirty || random.chance(0.5)) continue;
    set_current(slots_[index], slots_[index].stable);
  }
  // A page that was read back may reach past the end that the process sees.
  zero_tail(size_);
}

void FileContent::write_back(Random& random) {
  if (dirty_.empty()) return;
  // A run of pages, as kernels prefer.
  const size_t first = random.below(dirty_.size());
  const size_t last = first + random.below(std::min<size_t>(dirty_.size() - first, 8)) + 1;
  for (size_t i = first; i < last; ++i) {
    Slot& slot = slots_[dirty_[i]];
    // Bytes beyond the platter's size are there but not in the file until the size is saved too.
    slot.stable = slot.current;
    slot.dirty = false;
  }
  dirty_.erase(dirty_.begin() + static_cast<int64_t>(first),
               dirty_.begin() + static_cast<int64_t>(last));
}

PageRef FileContent::torn_page(const Slot& slot, int64_t start, Random& random,
                               const CrashMood& mood) const {
  PageRef torn = slot.stable;
  for (size_t at = 0; at < kPageBytes; at += kSectorBytes) {
    const bool kept = mood.keep >= 1 || (mood.keep > 0 && random.chance(mood.keep));
    if (kept) {
      if (slot.current) {
        std::memcpy(torn.mutable_data() + at, slot.current.data() + at, kSectorBytes);
      } else if (torn) {
        std::memset(torn.mutable_data() + at, 0, kSectorBytes);
      }
    } else if (start + static_cast<int64_t>(at) >= stable_size_ && random.chance(mood.garbage)) {
      fill_with_garbage(torn.mutable_data() + at, random);
    }
  }
  return torn;
}

void FileContent::crash(Random& random, const CrashMood& mood) {
  const int64_t size = size_after_crash(stable_size_, size_, random, mood.keep);
  for (const size_t index : dirty_) {
    Slot& slot = slots_[index];
    slot.stable = torn_page(slot, start_of(index), random, mood);
    slot.dirty = false;
  }
  dirty_.clear();
  slots_.resize(pages_for(size));
  pages_ = 0;
  for (Slot& slot : slots_) {
    slot.current = slot.stable;
    if (slot.current) ++pages_;
  }
  size_ = stable_size_ = size;
  zero_tail(size);
  for (const size_t index : std::exchange(dirty_, {})) {
    slots_[index].stable = slots_[index].current;
    slots_[index].dirty = false;
  }
}

void FileContent::flip_bit(int64_t position, int bit) {
  CHECK(position < size_);
  Slot& slot = slots_[page_of(position)];
  const uint8_t mask = static_cast<uint8_t>(1U << bit);
  const bool same = slot.current == slot.stable;
  if (!slot.current) ++pages_;
  slot.current.mutable_data()[within_page(position)] ^= mask;
  if (same) {
    slot.stable = slot.current;
  } else if (slot.stable) {
    slot.stable.mutable_data()[within_page(position)] ^= mask;
  }
}

}  // namespace millrace::simulation
