// DamageMap: which offsets of a log cannot be read any more, and why. In memory; found by recovery
// or by a read that came upon it.
#pragma once

#include <vector>

#include "base/ids.h"
#include "base/result.h"

namespace millrace::log {

struct DamagedRange {
  Offset first;  ///< the first one that may be lost
  Offset next;   ///< the first one behind it
  std::string what;
};

class DamageMap {
 public:
  /// Ranges that overlap become one.
  void add(DamagedRange range);
  /// The range that holds `offset`, if any.
  const DamagedRange* find(Offset offset) const;
  /// The first range that begins at or behind `offset`, if any.
  const DamagedRange* after(Offset offset) const;
  void truncate_to(Offset offset);
  void truncate_before(Offset offset);

  const std::vector<DamagedRange>& ranges() const { return ranges_; }

 private:
  std::vector<DamagedRange> ranges_;  // ascending
};

}  // namespace millrace::log
