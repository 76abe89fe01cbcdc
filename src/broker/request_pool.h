// RequestPool: requests that were answered, with their memory, for those that come next: a steady
// load allocates nothing.
#pragma once

#include <memory>
#include <vector>

#include "broker/request.h"

namespace millrace::broker {

/// Lifetime: outlives its requests.
class RequestPool {
 public:
  struct Return {
    RequestPool* pool = nullptr;
    void operator()(Request* request) const { pool->give_back(request); }
  };
  using Ptr = std::unique_ptr<Request, Return>;

  RequestPool() = default;
  RequestPool(const RequestPool&) = delete;
  RequestPool& operator=(const RequestPool&) = delete;

  /// So many are taken that whoever has one should wait for it before he takes another. Units: a
  /// request and its answer's usual memory are some 9 KiB.
  bool is_drained() const { return taken_ >= kTakenMany; }

  Ptr take() {
    ++taken_;
    if (free_.empty()) return Ptr(new Request, {this});
    Request* request = free_.back().release();
    free_.pop_back();
    return Ptr(request, {this});
  }

 private:
  static constexpr size_t kKept = 256;  // some 5 KiB each
  static constexpr size_t kTakenMany = 8192;
#if __has_feature(address_sanitizer)
  static constexpr bool kReleased = true;  // so that a use after the end of a request is seen
#else
  static constexpr bool kReleased = false;
#endif

  void give_back(Request* request) {
    --taken_;
    std::unique_ptr<Request> owned(request);
    if (kReleased || free_.size() == kKept) return;
    owned->reset();
    free_.push_back(std::move(owned));
  }

  size_t taken_ = 0;
  std::vector<std::unique_ptr<Request>> free_;
};

}  // namespace millrace::broker
