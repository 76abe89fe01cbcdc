// Slab: a block of receive memory that is shared by the connection that fills it and the requests
// that lie in it, so that a produce request's records are never copied on their way to the log.
// Not for threads: a slab stays on the loop that made it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "broker/memory_budget.h"

namespace millrace::broker {

class SlabPool;

/// A counted reference to a slab. The slab returns to its pool with the last one.
class SlabRef {
 public:
  SlabRef() = default;
  SlabRef(const SlabRef& other);
  SlabRef(SlabRef&& other) noexcept : slab_(std::exchange(other.slab_, nullptr)) {}
  SlabRef& operator=(SlabRef other) noexcept {
    std::swap(slab_, other.slab_);
    return *this;
  }
  ~SlabRef();

  explicit operator bool() const { return slab_ != nullptr; }
  bool only_reference() const;
  MutableBytes bytes() const;

 private:
  friend class SlabPool;
  struct Slab;
  explicit SlabRef(Slab* slab) : slab_(slab) {}
  Slab* slab_ = nullptr;
};

/// Makes slabs and keeps some for the next taker: a few of the common size, and of the large ones
/// as many as a few busy producers need. Memory fresh from the system costs a page fault every
/// 4 KiB.
/// Lifetime: outlives its slabs.
class SlabPool {
 public:
  /// What a connection reads into while it is busy: room for many small requests, small enough that
  /// ten thousand busy connections fit in memory. Units: bytes.
  static constexpr size_t kSlabBytes = 32 * 1024;

  SlabPool() = default;
  SlabPool(const SlabPool&) = delete;
  SlabPool& operator=(const SlabPool&) = delete;
  ~SlabPool();

  /// One of kSlabBytes.
  SlabRef take();
  /// One of exactly `size` bytes, paid for by `grant` for as long as it lives.
  SlabRef take(size_t size, MemoryGrant grant);

 private:
  friend class SlabRef;
  static constexpr size_t kKept = 32;  // a megabyte, so that a steady load allocates nothing
  static constexpr size_t kLargeBytesKept = 4 * 1024 * 1024;

  void give_back(SlabRef::Slab* slab);

  std::vector<SlabRef::Slab*> kept_;
  std::vector<SlabRef::Slab*> large_kept_;
  size_t large_bytes_kept_ = 0;
};

}  // namespace millrace::broker
