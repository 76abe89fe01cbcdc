#include "runtime/loop.h"

#include "base/check.h"

namespace millrace::runtime {

void Runnable::unqueue() {
  if (!next_) return;
  next_->previous_ = previous_;
  previous_->next_ = next_;
  next_ = previous_ = nullptr;
}

RunQueue::RunQueue() {
  ring_.next_ = ring_.previous_ = &ring_;
}

RunQueue::~RunQueue() {
  while (pop()) {
  }
  ring_.next_ = ring_.previous_ = nullptr;
}

void RunQueue::push(Runnable& runnable) {
  CHECK(!runnable.queued());
  runnable.next_ = &ring_;
  runnable.previous_ = ring_.previous_;
  ring_.previous_->next_ = &runnable;
  ring_.previous_ = &runnable;
}

Runnable* RunQueue::pop() {
  if (empty()) return nullptr;
  Runnable* first = ring_.next_;
  first->unqueue();
  return first;
}

void RunQueue::take(RunQueue& other) {
  if (other.empty()) return;
  Runnable* first = other.ring_.next_;
  Runnable* last = other.ring_.previous_;
  other.ring_.next_ = other.ring_.previous_ = &other.ring_;
  first->previous_ = ring_.previous_;
  last->next_ = &ring_;
  ring_.previous_->next_ = first;
  ring_.previous_ = last;
}

bool Loop::run_turn() {
  now_ = clock_.mono();
  timers_.advance(now_);
  RunQueue turn;
  turn.take(ready_);
  while (Runnable* runnable = turn.pop()) runnable->run();
  RunQueue hooks;
  hooks.take(turn_end_);
  while (Runnable* hook = hooks.pop()) hook->run();
  return has_work();
}

}  // namespace millrace::runtime
