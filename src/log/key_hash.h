// KeyHash: 128 bits that stand for a record's key while a log is compacted. Keyed with a secret of
// the process: who chooses the keys of records cannot make two of them meet. Not the hash that
// chooses partitions: kafka/partition_hash.h.
// Source: SipHash-2-4 with 128-bit output (Aumasson and Bernstein, 2012).
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "base/random.h"

namespace millrace::log {

struct KeyHash {
  uint64_t high = 0;
  uint64_t low = 0;
  friend bool operator==(const KeyHash&, const KeyHash&) = default;
};

class KeyHasher {
 public:
  explicit KeyHasher(Random& random) : KeyHasher(random.next(), random.next()) {}
  KeyHasher(uint64_t key0, uint64_t key1) : key0_(key0), key1_(key1) {}

  KeyHash hash(Bytes key) const;

 private:
  uint64_t key0_;
  uint64_t key1_;
};

}  // namespace millrace::log
