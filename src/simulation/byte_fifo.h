// ByteFifo: bytes in, the same bytes out, in order. Not thread-safe.
#pragma once

#include <cstddef>

#include "base/bytes.h"

namespace millrace::simulation {

class ByteFifo {
 public:
  size_t size() const { return bytes_.size() - start_; }
  void push(Bytes bytes) { bytes_.append(bytes); }
  /// The oldest `count` bytes; borrowed until the next call. Requires: they are there.
  Bytes peek(size_t count) const { return bytes_.bytes().subspan(start_, count); }
  /// Requires: they are there.
  void pop(size_t count) {
    start_ += count;
    // Moving the rest down costs no more than what was read before.
    if (start_ < bytes_.size() / 2 + 1) return;
    bytes_.drop_front(start_);
    start_ = 0;
  }

 private:
  Buffer bytes_;
  size_t start_ = 0;
};

}  // namespace millrace::simulation
