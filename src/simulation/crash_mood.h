// CrashMood: how a power loss treats what was not synced, and Spared: which part of it survives.
// Any subset may: disks write in the order they like, and file systems give names, sizes and
// content no common order. Some subsets break more than others (all but one sector, only the last
// one, this file and not that one), so these are drawn as often as the even mixtures. Not what is
// unsynced: that is in file_content.h (bytes, sizes) and file_tree.h (names).
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/random.h"
#include "simulation/page.h"

namespace millrace::simulation {

struct CrashMood {
  double keep = 0;     ///< chance of each sector, size and name to survive; 0 and 1 are exact
  double garbage = 0;  ///< chance of a lost sector of a file's new end to hold garbage, not zeros
  bool in_order = false;         ///< names survive in the order in which they were changed
  bool each_its_own = false;     ///< files differ in what they keep, not only by chance
  size_t sector = kSectorBytes;  ///< what this disk writes whole or not at all

  /// All lost, all kept, or anything between; sectors of 512 bytes or 4 KiB.
  static CrashMood draw(Random& random, double garbage);
};

/// Which of `count` unsynced things survive, oldest (or lowest in the file) first.
class Spared {
 public:
  Spared(Random& random, const CrashMood& mood, size_t count);

  /// Requires: asked once for each thing, in order.
  bool next();
  /// How many of `count` things survive that can only do so in order.
  static size_t in_order(Random& random, const CrashMood& mood, size_t count);

 private:
  enum class Pattern : uint8_t {
    kEach,    // each by chance
    kBefore,  // those before one of them
    kFrom,    // those from one of them on
    kAllBut,  // all but one
    kOnly,    // one
  };

  Random& random_;
  double keep_;
  Pattern pattern_ = Pattern::kEach;
  size_t chosen_ = 0;
  size_t asked_ = 0;
};

}  // namespace millrace::simulation
