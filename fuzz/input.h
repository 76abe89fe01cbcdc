// Input: a fuzz target's bytes, taken apart from the front: a choice, a number, a piece. At the end
// everything is 0 or empty, so that a target need not ask. For targets of more than one text.
#pragma once

#include <algorithm>

#include "base/bytes.h"

namespace millrace::fuzz {

class Input {
 public:
  explicit Input(Bytes bytes) : rest_(bytes) {}

  bool empty() const { return rest_.empty(); }
  uint8_t byte() {
    const Bytes taken = take(1);
    return taken.empty() ? 0 : taken[0];
  }
  /// Requires: count > 0.
  size_t below(size_t count) { return byte() % count; }
  bool flag() { return (byte() & 1) != 0; }
  /// Big-endian.
  uint16_t number() {
    const Bytes taken = take(2);
    return taken.size() < 2 ? 0 : load_be16(taken.data());
  }
  /// So many bytes as the number before them says, or what is left.
  Bytes piece() {
    const size_t size = number();
    return take(size);
  }
  Bytes rest() { return take(rest_.size()); }

 private:
  Bytes take(size_t size) {
    const Bytes taken = rest_.first(std::min(size, rest_.size()));
    rest_ = rest_.subspan(taken.size());
    return taken;
  }

  Bytes rest_;
};

}  // namespace millrace::fuzz
