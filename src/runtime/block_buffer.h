// BlockBuffer: memory in whole blocks, as devices take it past the page cache. Not for anything
// else: it is larger than what is in it, and aligned.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "base/bytes.h"
#include "base/check.h"

namespace millrace::runtime {

/// What positions, sizes and addresses of direct writes are multiples of. Units: bytes. Source:
/// open(2), O_DIRECT; no device in use has larger blocks.
inline constexpr size_t kBlockBytes = 4096;

/// Its memory stays until it is destroyed. One loop fills it, one helper thread writes it out,
/// never both at a time.
class BlockBuffer {
 public:
  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  uint8_t* data() { return data_.get(); }
  Bytes bytes() const { return {data_.get(), size_}; }

  void clear() { size_ = 0; }
  /// Grows by `count` uninitialised bytes and returns where they start.
  uint8_t* extend(size_t count) {
    if (size_ + count > capacity_) grow(size_ + count);
    uint8_t* start = data_.get() + size_;
    size_ += count;
    return start;
  }
  void append(Bytes bytes) {
    if (!bytes.empty()) std::memcpy(extend(bytes.size()), bytes.data(), bytes.size());
  }
  /// Fills the last block with zeros.
  void pad() {
    const size_t rest = size_ % kBlockBytes;
    if (rest == 0) return;
    std::memset(extend(kBlockBytes - rest), 0, kBlockBytes - rest);
  }

 private:
  struct Free {
    void operator()(uint8_t* memory) const { std::free(memory); }
  };

  void grow(size_t at_least) {
    size_t capacity = capacity_ == 0 ? 4 * kBlockBytes : capacity_;
    while (capacity < at_least) capacity *= 2;
    std::unique_ptr<uint8_t, Free> larger(
        static_cast<uint8_t*>(std::aligned_alloc(kBlockBytes, capacity)));
    CHECK(larger != nullptr, "out of memory");
    if (size_ > 0) std::memcpy(larger.get(), data_.get(), size_);
    data_ = std::move(larger);
    capacity_ = capacity;
  }

  std::unique_ptr<uint8_t, Free> data_;
  size_t size_ = 0;
  size_t capacity_ = 0;
};

}  // namespace millrace::runtime
