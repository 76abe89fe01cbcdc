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
    cuts_.push_back({++cut_count_, size_, size});
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

FileContent::Snapshot FileContent::start_sync() {
  Snapshot snapshot{.number = ++syncs_begun_, .size = size_, .cuts = cut_count_};
  snapshot.pages.reserve(dirty_.size());
  for (const size_t index : dirty_) snapshot.pages.emplace_back(index, slots_[index].current);
  return snapshot;
}

void FileContent::finish_sync(const Snapshot& snapshot) {
  if (snapshot.number < newest_finished_) return;  // a later one has saved it, and more
  newest_finished_ = snapshot.number;
  // What was cut off meanwhile is gone, if the cut has overtaken the sync.
  int64_t size = snapshot.size;
  for (size_t i = 0; i < stable_cuts_; ++i) {
    if (cuts_[i].number > snapshot.cuts) size = std::min(size, cuts_[i].to);
  }
  for (const auto& [index, page] : snapshot.pages) {
    if (index >= slots_.size() || start_of(index) >= size) continue;
    Slot& slot = slots_[index];
    // Written again and saved by the kernel itself meanwhile: what is on the platter is newer.
    if (!slot.dirty && slot.current != page) continue;
    slot.stable = page;
    if (slot.current == page) slot.dirty = false;
  }
  std::erase_if(dirty_, [this](size_t index) { return !slots_[index].dirty; });
  // What the platter holds past its new end is gone.
  for (size_t i = pages_for(size); i < pages_for(stable_size_); ++i) slots_[i].stable = {};
  stable_size_ = size;
  forget_cuts(snapshot.cuts);
  const size_t needed = std::max(pages_for(size_), pages_for(stable_size_));
  if (slots_.size() > needed) {
    std::erase_if(dirty_, [needed](size_t index) { return index >= needed; });
    slots_.resize(needed);
  }
}

void FileContent::forget_cuts(uint64_t newest) {
  size_t count = 0;
  while (count < cuts_.size() && cuts_[count].number <= newest) ++count;
  cuts_.erase(cuts_.begin(), cuts_.begin() + static_cast<ptrdiff_t>(count));
  stable_cuts_ -= std::min(stable_cuts_, count);
}

void FileContent::pretend_sync(const Snapshot& snapshot) {
  for (const auto& [index, page] : snapshot.pages) {
    if (index < slots_.size() && slots_[index].current == page) slots_[index].dirty = false;
  }
  std::erase_if(dirty_, [this](size_t index) { return !slots_[index].dirty; });
}

void FileContent::fail_sync(const Snapshot& snapshot, Random& random) {
  const double saved = random.chance(0.5) ? 0 : random.unit();
  if (saved > 0) (void)keep_cuts(cuts_.size());
  for (const auto& [index, page] : snapshot.pages) {
    if (index >= slots_.size() || slots_[index].current != page || !random.chance(saved)) continue;
    slots_[index].stable = page;
  }
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
  (void)keep_cuts(
      cuts_.size());  // blocks that a cut has freed are not written to before it is stable
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

// The oldest `count` cuts have reached the platter. Returns where the file may at most be new: what
// lies behind a cut that is lost is as old as that cut.
int64_t FileContent::keep_cuts(size_t count) {
  for (; stable_cuts_ < count; ++stable_cuts_) {
    const int64_t end = cuts_[stable_cuts_].to;
    for (size_t page = pages_for(end); page < slots_.size(); ++page) slots_[page].stable = {};
    if (within_page(end) > 0 && page_of(end) < slots_.size() && slots_[page_of(end)].stable) {
      uint8_t* tail = slots_[page_of(end)].stable.mutable_data();
      std::memset(tail + within_page(end), 0, kPageBytes - within_page(end));
    }
    stable_size_ = std::min(stable_size_, end);
  }
  return count < cuts_.size() ? cuts_[count].to : INT64_MAX;
}

size_t FileContent::dirty_sectors(size_t sector, int64_t end) const {
  size_t count = 0;
  for (const size_t index : dirty_) {
    for (size_t at = 0; at < kPageBytes; at += sector) {
      if (start_of(index) + static_cast<int64_t>(at) < end) ++count;
    }
  }
  return count;
}

PageRef FileContent::torn_page(const Slot& slot, int64_t start, int64_t end, Random& random,
                               const CrashMood& mood, Spared& spared) const {
  PageRef torn = slot.stable;
  for (size_t at = 0; at < kPageBytes; at += mood.sector) {
    const int64_t position = start + static_cast<int64_t>(at);
    if (position < end && spared.next()) {
      if (slot.current) {
        std::memcpy(torn.mutable_data() + at, slot.current.data() + at, mood.sector);
      } else if (torn) {
        std::memset(torn.mutable_data() + at, 0, mood.sector);
      }
    } else if (position >= stable_size_ && random.chance(mood.garbage)) {
      uint8_t* page = torn.mutable_data();
      for (size_t i = at; i < at + mood.sector; i += kSectorBytes) {
        fill_with_garbage(page + i, random);
      }
    }
  }
  return torn;
}

void FileContent::crash(Random& random, const CrashMood& mood) {
  const size_t cuts_kept =
      stable_cuts_ + Spared::in_order(random, mood, cuts_.size() - stable_cuts_);
  const int64_t reached = cuts_kept < cuts_.size() ? cuts_[cuts_kept].from : size_;
  const int64_t end = keep_cuts(cuts_kept);
  forget_cuts(cut_count_);
  const int64_t size = size_after_crash(stable_size_, reached, random, mood.keep);
  std::sort(dirty_.begin(), dirty_.end());
  Spared spared(random, mood, dirty_sectors(mood.sector, end));
  for (const size_t index : dirty_) {
    Slot& slot = slots_[index];
    slot.stable = torn_page(slot, start_of(index), end, random, mood, spared);
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
