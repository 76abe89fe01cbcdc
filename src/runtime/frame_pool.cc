#include "runtime/frame_pool.h"

#include <array>
#include <new>
#include <utility>

namespace millrace::runtime {

// Under the address sanitizer frames come from the heap, so that a use after the end of a task is
// seen.
#if __has_feature(address_sanitizer)

void* allocate_frame(size_t size) {
  return ::operator new(size);
}
void free_frame(void* frame, size_t /*size*/) {
  ::operator delete(frame);
}

#else

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

thread_local Pool pool;

size_t size_class(size_t size) {
  return (size + kStep - 1) / kStep;
}

}  // namespace

void* allocate_frame(size_t size) {
  const size_t c = size_class(size);
  if (c >= kClasses) return ::operator new(size);
  if (FreeFrame* frame = pool.free[c]) {
    pool.free[c] = frame->next;
    --pool.count[c];
    return frame;
  }
  return ::operator new(c * kStep);
}

void free_frame(void* frame, size_t size) {
  const size_t c = size_class(size);
  if (c >= kClasses || pool.count[c] == kKeptPerClass) {
    ::operator delete(frame);
    return;
  }
  pool.free[c] = new (frame) FreeFrame{pool.free[c]};
  ++pool.count[c];
}

#endif

}  // namespace millrace::runtime
