#include "runtime/frame_pool.h"

#include <array>
#include <new>

namespace millrace::runtime {
namespace {

constexpr size_t kStep = 64;
constexpr size_t kClasses = 64;         // frames of up to 4 KiB are pooled
constexpr size_t kKeptPerClass = 1024;  // so that a burst does not hold memory for ever

struct FreeFrame {
  FreeFrame* next;
};

struct Pool {
  std::array<FreeFrame*, kClasses> free{};
  std::array<size_t, kClasses> count{};

  ~Pool() {
    for (FreeFrame* frame : free) {
      while (frame) ::operator delete(std::exchange(frame, frame->next));
    }
  }
};

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define MILLRACE_NO_FRAME_POOL 1  // so that a use after the end of a task is seen
#endif
#endif

[[maybe_unused]] thread_local Pool pool;

size_t size_class(size_t size) {
  return (size + kStep - 1) / kStep;
}

}  // namespace

void* allocate_frame(size_t size) {
#ifndef MILLRACE_NO_FRAME_POOL
  const size_t c = size_class(size);
  if (c < kClasses) {
    if (FreeFrame* frame = pool.free[c]) {
      pool.free[c] = frame->next;
      --pool.count[c];
      return frame;
    }
    return ::operator new(c * kStep);
  }
#endif
  return ::operator new(size);
}

void free_frame(void* frame, [[maybe_unused]] size_t size) {
#ifndef MILLRACE_NO_FRAME_POOL
  const size_t c = size_class(size);
  if (c < kClasses && pool.count[c] < kKeptPerClass) {
    pool.free[c] = new (frame) FreeFrame{pool.free[c]};
    ++pool.count[c];
    return;
  }
#endif
  ::operator delete(frame);
}

}  // namespace millrace::runtime
