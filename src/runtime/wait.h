// The one way a task waits: in a WaitQueue, for somebody to wake it, or for a deadline, or both.
// Sockets, timers, channels, long polls and syncs are all built on it.
#pragma once

#include <coroutine>

#include "base/result.h"
#include "base/time.h"
#include "runtime/loop.h"
#include "runtime/task.h"

namespace millrace::runtime {

class WaitQueue;

enum class WaitOutcome : uint8_t { kWoken, kTimedOut, kCancelled };

/// One suspended task. Lives in its coroutine frame; unlinks itself when destroyed.
class Waiter : private Runnable {
 public:
  Waiter(WaitQueue* queue, MonoTime deadline);
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;
  ~Waiter();

  /// Ends the wait; the task runs in the loop's next turn. Only the first outcome counts.
  void complete(WaitOutcome outcome);

 protected:
  std::coroutine_handle<> suspend(PromiseBase& promise, std::coroutine_handle<> task);
  WaitOutcome outcome() const { return outcome_; }

 private:
  friend class WaitQueue;
  struct Deadline : Timer {
    explicit Deadline(Waiter* w);
    Waiter* waiter;
  };

  void go_on();
  void unlink();

  WaitQueue* queue_;  // null: waits for its deadline only
  Waiter* next_ = nullptr;
  Waiter** link_ = nullptr;
  PromiseBase* promise_ = nullptr;
  std::coroutine_handle<> task_;
  MonoTime deadline_at_;
  Deadline deadline_;
  WaitOutcome outcome_ = WaitOutcome::kWoken;
};

/// `co_await queue.wait()`: until woken. Cancellation ends the task.
class [[nodiscard]] Wait : public Waiter {
 public:
  using is_leaf = void;
  explicit Wait(WaitQueue* queue, MonoTime deadline = kNever) : Waiter(queue, deadline) {}

  bool await_ready() const noexcept { return false; }
  template <class Promise>
  std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> task) {
    return suspend(task.promise(), task);
  }
  /// True when woken, false when the deadline came first.
  bool await_resume() const noexcept { return outcome() == WaitOutcome::kWoken; }
};

/// Tasks waiting for the same thing, first come first. Outlives its waiters.
class WaitQueue {
 public:
  WaitQueue() = default;
  WaitQueue(const WaitQueue&) = delete;
  WaitQueue& operator=(const WaitQueue&) = delete;
  ~WaitQueue();

  Wait wait() { return Wait(this); }
  Wait wait_until(MonoTime deadline) { return Wait(this, deadline); }

  bool empty() const { return head_ == nullptr; }
  void wake_one();
  void wake_all();

 private:
  friend class Waiter;
  void push(Waiter& waiter);

  Waiter* head_ = nullptr;
  Waiter** tail_ = &head_;
};

/// Until `deadline`. `co_await sleep_until(loop.now() + milliseconds(5))`.
inline Wait sleep_until(MonoTime deadline) {
  return Wait(nullptr, deadline);
}

/// Lets everything else that is ready run first. For long synchronous work.
class [[nodiscard]] Yield : private Runnable {
 public:
  using is_leaf = void;
  Yield() : Runnable([](Runnable& self) { static_cast<Yield&>(self).task_.resume(); }) {}
  bool await_ready() const noexcept { return false; }
  template <class Promise>
  std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> task) {
    if (task.promise().chain().cancelled) return task.promise().finish_with(Errc::kCancelled);
    task_ = task;
    task.promise().chain().loop->post(*this);
    return std::noop_coroutine();
  }
  void await_resume() const noexcept {}

 private:
  std::coroutine_handle<> task_;
};
inline Yield yield() {
  return {};
}

}  // namespace millrace::runtime
