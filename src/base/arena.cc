#include "base/arena.h"

#include <algorithm>

namespace millrace {

void* Arena::allocate(size_t size, size_t alignment) {
  size_t padding = (alignment - reinterpret_cast<uintptr_t>(next_) % alignment) % alignment;
  if (size + padding > left_) {
    // Twice the last block, so that a large message costs few allocations.
    const size_t bigger = blocks_.empty() ? kBlockBytes : blocks_.back().size * 2;
    const size_t block_size = std::max(bigger, size + alignment);
    blocks_.push_back({std::make_unique_for_overwrite<uint8_t[]>(block_size), block_size});
    next_ = blocks_.back().memory.get();
    left_ = block_size;
    padding = (alignment - reinterpret_cast<uintptr_t>(next_) % alignment) % alignment;
  }
  uint8_t* start = next_ + padding;
  next_ = start + size;
  left_ -= size + padding;
  used_ += size;
  return start;
}

std::string_view Arena::copy(std::string_view text) {
  return as_text(copy(as_bytes(text)));
}

Bytes Arena::copy(Bytes bytes) {
  if (bytes.empty()) return {};
  auto* to = static_cast<uint8_t*>(allocate(bytes.size(), 1));
  std::memcpy(to, bytes.data(), bytes.size());
  return {to, bytes.size()};
}

void Arena::reset() {
  if (blocks_.size() > 1) blocks_.resize(1);
  if (!blocks_.empty() && blocks_.front().size > kBlockBytes) blocks_.clear();
  used_ = 0;
  next_ = nullptr;
  left_ = 0;
  if (blocks_.empty()) return;
  next_ = blocks_.front().memory.get();
  left_ = blocks_.front().size;
}

}  // namespace millrace
