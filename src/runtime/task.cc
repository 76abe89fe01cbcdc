#include "runtime/task.h"

#include "runtime/wait.h"

namespace millrace::runtime {

std::coroutine_handle<> PromiseBase::finish() noexcept {
  PromiseBase* ended = this;
  // The frames in between stay suspended where they awaited; their owners destroy them.
  while (ended->error_ && ended->parent_ && ended->unwrap_) {
    ended->parent_->error_ = std::move(ended->error_);
    ended = ended->parent_;
  }
  if (ended->parent_) return ended->continuation_;
  ended->on_done_(ended->owner_);
  return std::noop_coroutine();
}

void Chain::cancel() {
  cancelled = true;
  if (waiting) waiting->complete(WaitOutcome::kCancelled);
}

}  // namespace millrace::runtime
