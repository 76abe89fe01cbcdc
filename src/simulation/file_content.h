// FileContent: the bytes of one simulated file in two layers: what a process sees (the page cache),
// and what would be there after a power loss (the platter).
//
//   page cache   |AAAA|BBBB|CCcc|dd  |     write() changes this layer and marks pages dirty
//   platter      |AAAA|BBBB|CC  |          finish_sync() lets it catch up
//
// crash() decides sector by sector which of the two a dirty page becomes, and for the size on its
// own: a file may end short of what was written, or reach beyond it with zeros. A file that was cut
// is as before the cut, or cut; what was written after a cut that is undone is gone with it. Not a
// File: errors, delays and names are in disk.h.
#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/random.h"
#include "simulation/crash_mood.h"
#include "simulation/page.h"

namespace millrace::simulation {

/// Copies share all pages.
class FileContent {
 public:
  /// What a sync that begins now promises to save.
  struct Snapshot {
    uint64_t number = 0;
    int64_t size = 0;
    uint64_t cuts = 0;
    std::vector<std::pair<size_t, PageRef>> pages;
  };

  int64_t size() const { return size_; }
  /// Room taken in the page cache layer. Units: pages.
  int64_t pages() const { return pages_; }
  bool dirty() const { return !dirty_.empty() || size_ != stable_size_; }

  /// Returns how much of `into` the file reaches.
  size_t read(int64_t position, MutableBytes into) const;
  void write(int64_t position, Bytes bytes);
  /// Cuts, or extends with zeros that take no room.
  void truncate(int64_t size);
  /// How much room a write would take in addition. Units: pages.
  int64_t pages_to_write(int64_t position, int64_t count) const;

  Snapshot start_sync();
  void finish_sync(const Snapshot& snapshot);
  /// What Linux does when a sync fails: the pages are called clean although few or none of them
  /// were saved, and some may be read back from the platter, old.
  void fail_sync(const Snapshot& snapshot, Random& random);
  /// The pages are called clean although they were not saved, and nobody is told.
  void pretend_sync(const Snapshot& snapshot);
  /// The kernel saves some dirty pages by itself.
  void write_back(Random& random);

  void crash(Random& random, const CrashMood& mood);

  /// Flips one bit in both layers, for good. Requires: position < size().
  void flip_bit(int64_t position, int bit);

 private:
  struct Slot {
    PageRef current;
    PageRef stable;
    bool dirty = false;
  };

  // A truncate() to less.
  struct Cut {
    uint64_t number;
    int64_t from;
    int64_t to;
  };

  Slot& touch(size_t index);
  void set_current(Slot& slot, PageRef page);
  void zero_tail(int64_t size);
  int64_t keep_cuts(size_t count);
  void forget_cuts(uint64_t newest);
  size_t dirty_sectors(size_t sector, int64_t end) const;
  PageRef torn_page(const Slot& slot, int64_t start, int64_t end, Random& random,
                    const CrashMood& mood, Spared& spared) const;

  int64_t size_ = 0;
  int64_t stable_size_ = 0;
  int64_t pages_ = 0;
  std::vector<Slot> slots_;    // of the longer layer
  std::vector<size_t> dirty_;  // indexes of the slots that are marked so
  std::vector<Cut> cuts_;      // since the last sync, oldest first
  size_t stable_cuts_ = 0;     // so many of them have reached the platter by themselves
  uint64_t cut_count_ = 0;
  uint64_t syncs_begun_ = 0;
  uint64_t newest_finished_ = 0;
};

}  // namespace millrace::simulation
