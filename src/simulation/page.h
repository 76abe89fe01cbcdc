// Page: 4 KiB of a simulated file, shared between the layers and images that agree on it and copied
// when one of them writes. Not thread-safe: a world lives in one thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace millrace::simulation {

inline constexpr size_t kPageBytes = 4096;   // what a page cache keeps and writes back as one
inline constexpr size_t kSectorBytes = 512;  // what a platter writes whole or not at all

/// Null is a page of zeros that takes no room.
class PageRef {
 public:
  PageRef() = default;
  PageRef(const PageRef& other) : page_(other.page_) {
    if (page_) ++page_->owners;
  }
  PageRef(PageRef&& other) noexcept : page_(std::exchange(other.page_, nullptr)) {}
  PageRef& operator=(PageRef other) noexcept {
    std::swap(page_, other.page_);
    return *this;
  }
  ~PageRef() {
    if (page_ && --page_->owners == 0) delete page_;
  }

  /// Null for zeros.
  const uint8_t* data() const { return page_ ? page_->bytes.data() : nullptr; }
  explicit operator bool() const { return page_ != nullptr; }
  friend bool operator==(const PageRef& a, const PageRef& b) { return a.page_ == b.page_; }

  /// To write into: a copy of its own if others share it.
  uint8_t* mutable_data() {
    if (!page_) {
      page_ = new Page{};
    } else if (page_->owners > 1) {
      --page_->owners;
      page_ = new Page{page_->bytes, 1};
    }
    return page_->bytes.data();
  }

 private:
  struct Page {
    std::array<uint8_t, kPageBytes> bytes{};
    size_t owners = 1;
  };
  Page* page_ = nullptr;
};

}  // namespace millrace::simulation
