// Bytes: views, an owning buffer, and big-endian loads and stores (everything of Kafka's is
// big-endian). Not a codec: Kafka's primitive types are in kafka/wire.h.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>
#include <type_traits>

#include "base/check.h"

namespace millrace {

using Bytes = std::span<const uint8_t>;   ///< borrowed, read only
using MutableBytes = std::span<uint8_t>;  ///< borrowed

inline Bytes as_bytes(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}
inline std::string_view as_text(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
inline bool equal(Bytes a, Bytes b) {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size()) == 0);
}

template <class T>
T load_be(const uint8_t* from) {
  std::make_unsigned_t<T> raw;
  std::memcpy(&raw, from, sizeof raw);
  if constexpr (sizeof(T) > 1) raw = std::byteswap(raw);
  return static_cast<T>(raw);
}
template <class T>
void store_be(uint8_t* to, std::type_identity_t<T> value) {
  auto raw = static_cast<std::make_unsigned_t<T>>(value);
  if constexpr (sizeof(T) > 1) raw = std::byteswap(raw);
  std::memcpy(to, &raw, sizeof raw);
}
inline uint64_t load_be64(const uint8_t* from) {
  return load_be<uint64_t>(from);
}
inline uint32_t load_be32(const uint8_t* from) {
  return load_be<uint32_t>(from);
}
inline uint16_t load_be16(const uint8_t* from) {
  return load_be<uint16_t>(from);
}
inline void store_be64(uint8_t* to, uint64_t value) {
  store_be<uint64_t>(to, value);
}
inline void store_be32(uint8_t* to, uint32_t value) {
  store_be<uint32_t>(to, value);
}
inline void store_be16(uint8_t* to, uint16_t value) {
  store_be<uint16_t>(to, value);
}

/// A growing byte buffer that owns its memory and does not zero it. Move only.
class Buffer {
 public:
  Buffer() = default;
  explicit Buffer(size_t capacity) { reserve(capacity); }
  explicit Buffer(Bytes copy_of) { append(copy_of); }
  Buffer(Buffer&& other) noexcept { swap(other); }
  Buffer& operator=(Buffer&& other) noexcept {
    Buffer(std::move(other)).swap(*this);
    return *this;
  }

  uint8_t* data() { return data_.get(); }
  const uint8_t* data() const { return data_.get(); }
  size_t size() const { return size_; }
  size_t capacity() const { return capacity_; }
  bool empty() const { return size_ == 0; }
  Bytes bytes() const { return {data_.get(), size_}; }
  MutableBytes mutable_bytes() { return {data_.get(), size_}; }
  operator Bytes() const { return bytes(); }  // NOLINT: a buffer is its bytes

  void reserve(size_t capacity);
  /// New bytes are uninitialised.
  void resize(size_t size) {
    reserve(size);
    size_ = size;
  }
  void clear() { size_ = 0; }
  void append(Bytes bytes) {
    if (bytes.empty()) return;
    std::memcpy(extend(bytes.size()), bytes.data(), bytes.size());
  }
  /// Grows by `count` uninitialised bytes and returns where they start.
  uint8_t* extend(size_t count) {
    if (size_ + count > capacity_) grow(size_ + count);
    uint8_t* start = data_.get() + size_;
    size_ += count;
    return start;
  }
  /// Removes `count` bytes at the front; the rest moves down. Bounds: O(size).
  void drop_front(size_t count);
  void swap(Buffer& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(capacity_, other.capacity_);
  }

 private:
  void grow(size_t at_least);

  std::unique_ptr<uint8_t[]> data_;
  size_t size_ = 0;
  size_t capacity_ = 0;
};

}  // namespace millrace
