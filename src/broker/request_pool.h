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

  Ptr take() {
    if (free_.empty()) return Ptr(new Request, {this});
    Request* request = free_.back().release();
    free_.pop_back();
    return Ptr(request, {this});
  }

 private:
  static constexpr size_t kKept = 256;  // some 5 KiB each
#if __has_feature(address_sanitizer)
  static constexpr bool kReleased = true;  // so that a use after the end of a request is seen
#else
  static constexpr bool kReleased = false;
#endif

  void give_back(Request* request) {
    std::unique_ptr<Request> owned(request);
    if (kReleased || free_.size() == kKept) return;
    owned->reset();
    free_.push_back(std::move(owned));
  }

  std::vector<std::unique_ptr<Request>> free_;
};

}  // namespace millrace::broker
