// OffsetMap: the last offset of each key in the dirty part of a log. Its memory grows with the keys
// up to a bound (log.cleaner.dedupe.buffer.size); when it is full, the pass covers what it has.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/ids.h"
#include "log/key_hash.h"

namespace millrace::log {

class OffsetMap {
 public:
  static constexpr size_t kSlotBytes = 24;

  /// Units: bytes. At least one key fits.
  explicit OffsetMap(size_t bytes_max, double load_factor = 0.9);

  /// Sets the offset of a key; returns false, and does not, when it is full.
  bool put(const KeyHash& key, Offset offset);
  /// kNoOffset when the key is not there.
  Offset get(const KeyHash& key) const;

  size_t size() const { return size_; }
  size_t capacity() const { return size_max_; }
  size_t memory_bytes() const { return slots_.size() * kSlotBytes; }

 private:
  struct Slot {
    KeyHash key;
    Offset offset;  // kNoOffset: free
  };
  static_assert(sizeof(Slot) == kSlotBytes);

  size_t find(const KeyHash& key) const;
  void grow();

  std::vector<Slot> slots_;
  size_t size_ = 0;
  size_t size_max_;
  double load_factor_;
};

}  // namespace millrace::log
