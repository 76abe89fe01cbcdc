#include "runtime/wait.h"

namespace millrace::runtime {

Waiter::Deadline::Deadline(Waiter* w)
    : Timer([](Timer& timer) {
        static_cast<Deadline&>(timer).waiter->complete(WaitOutcome::kTimedOut);
      }),
      waiter(w) {}

Waiter::Waiter(WaitQueue* queue, MonoTime deadline)
    : Runnable([](Runnable& self) { static_cast<Waiter&>(self).go_on(); }),
      queue_(queue),
      deadline_at_(deadline),
      deadline_(this) {}

void Waiter::go_on() {
  if (outcome_ == WaitOutcome::kCancelled) {
    promise_->finish_with(Errc::kCancelled).resume();
  } else {
    task_.resume();
  }
}

Waiter::~Waiter() {
  unlink();
  if (promise_ && promise_->chain().waiting == this) promise_->chain().waiting = nullptr;
}

std::coroutine_handle<> Waiter::suspend(PromiseBase& promise, std::coroutine_handle<> task) {
  Chain& chain = promise.chain();
  if (chain.cancelled) return promise.finish_with(Errc::kCancelled);
  promise_ = &promise;
  task_ = task;
  chain.waiting = this;
  if (queue_) queue_->push(*this);
  chain.loop->timers().start(deadline_, deadline_at_);
  return std::noop_coroutine();
}

void Waiter::complete(WaitOutcome outcome) {
  Chain& chain = promise_->chain();
  if (chain.waiting != this) return;
  chain.waiting = nullptr;
  outcome_ = outcome;
  unlink();
  deadline_.stop();
  chain.loop->post(*this);
}

void Waiter::unlink() {
  if (!link_) return;
  *link_ = next_;
  if (next_) {
    next_->link_ = link_;
  } else {
    queue_->tail_ = link_;
  }
  link_ = nullptr;
}

WaitQueue::~WaitQueue() {
  CHECK(empty(), "tasks still wait for something that is gone");
}

void WaitQueue::push(Waiter& waiter) {
  waiter.next_ = nullptr;
  waiter.link_ = tail_;
  *tail_ = &waiter;
  tail_ = &waiter.next_;
}

void WaitQueue::wake_one() {
  if (head_) head_->complete(WaitOutcome::kWoken);
}

void WaitQueue::wake_all() {
  while (head_) head_->complete(WaitOutcome::kWoken);
}

}  // namespace millrace::runtime
