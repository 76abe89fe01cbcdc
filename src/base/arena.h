// Bump allocation for what lives as long as one request: decoded arrays, answers, texts.
// Everything put in is trivially destructible and is freed at once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/bytes.h"

namespace millrace {

class Arena {
 public:
  Arena() = default;
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  /// Value-initialised elements.
  template <class T>
  std::span<T> make_array(size_t count) {
    static_assert(std::is_trivially_destructible_v<T>);
    if (count == 0) return {};
    T* first = static_cast<T*>(allocate(count * sizeof(T), alignof(T)));
    for (size_t i = 0; i < count; ++i) new (first + i) T{};
    return {first, count};
  }
  template <class T>
  std::span<T> copy_array(std::span<const T> from) {
    std::span<T> to = make_array<T>(from.size());
    for (size_t i = 0; i < from.size(); ++i) to[i] = from[i];
    return to;
  }
  template <class T>
  std::span<T> copy_array(const std::vector<T>& from) {
    return copy_array(std::span<const T>(from));
  }
  template <class T>
  T* make() {
    return make_array<T>(1).data();
  }
  std::string_view copy(std::string_view text);
  Bytes copy(Bytes bytes);

  void* allocate(size_t size, size_t alignment);

  /// Forgets all that was allocated and keeps one block of the usual size for the next request.
  void reset();
  /// Bytes handed out since the last reset.
  size_t used() const { return used_; }

 private:
  static constexpr size_t kBlockBytes = 4096;  // one page serves most requests

  struct Block {
    std::unique_ptr<uint8_t[]> memory;
    size_t size;
  };
  std::vector<Block> blocks_;
  uint8_t* next_ = nullptr;
  size_t left_ = 0;
  size_t used_ = 0;
};

}  // namespace millrace
