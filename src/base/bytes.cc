#include "base/bytes.h"

#include <algorithm>

namespace millrace {

void Buffer::reserve(size_t capacity) {
  if (capacity <= capacity_) return;
  auto bigger = std::make_unique_for_overwrite<uint8_t[]>(capacity);
  if (size_ > 0) std::memcpy(bigger.get(), data_.get(), size_);
  data_ = std::move(bigger);
  capacity_ = capacity;
}

void Buffer::grow(size_t at_least) {
  reserve(std::max({at_least, capacity_ * 2, size_t{64}}));
}

void Buffer::drop_front(size_t count) {
  CHECK(count <= size_);
  size_ -= count;
  if (size_ > 0 && count > 0) std::memmove(data_.get(), data_.get() + count, size_);
}

}  // namespace millrace
