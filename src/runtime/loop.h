// Loop: runs tasks, one at a time, on one thread. Time stands still during a turn. Who drives it
// (epoll in runtime/os, virtual time in simulation) decides what happens between turns.
//
//   one turn:  due timers -> everything that was ready when the turn began -> end-of-turn hooks
//
// What becomes ready during a turn runs in the next, so no task can starve the sockets.
#pragma once

#include <coroutine>
#include <cstddef>

#include "base/time.h"
#include "runtime/clock.h"
#include "runtime/timers.h"

namespace millrace::runtime {

/// Something to be run once by a loop; embedded in its owner. Leaves its queue when destroyed.
class Runnable {
 public:
  using Function = void (*)(Runnable&);

  explicit Runnable(Function run) : run_(run) {}
  Runnable(const Runnable&) = delete;
  Runnable& operator=(const Runnable&) = delete;
  ~Runnable() { unqueue(); }

  bool queued() const { return next_ != nullptr; }
  void unqueue();
  void run() { run_(*this); }

 private:
  friend class RunQueue;
  Function run_;
  Runnable* next_ = nullptr;
  Runnable* previous_ = nullptr;
};

/// First in, first out; allocates nothing. A ring through a sentinel, so that members can leave.
class RunQueue {
 public:
  RunQueue();
  RunQueue(const RunQueue&) = delete;
  RunQueue& operator=(const RunQueue&) = delete;
  ~RunQueue();

  bool empty() const { return ring_.next_ == &ring_; }
  void push(Runnable& runnable);
  Runnable* pop();             ///< null when empty
  void take(RunQueue& other);  ///< appends all of `other`

 private:
  Runnable ring_{nullptr};
};

class Loop {
 public:
  explicit Loop(Clock& clock) : clock_(clock), now_(clock.mono()), timers_(now_) {}
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  /// Constant during a turn.
  MonoTime now() const { return now_; }
  Clock& clock() { return clock_; }
  Timers& timers() { return timers_; }

  /// Runs it in the next turn. Requires: not queued already.
  void post(Runnable& runnable) { ready_.push(runnable); }

  /// Runs it once at the end of this turn (of the next, when between turns): one write per socket,
  /// one sync per disk for all that happened. Posting twice in a turn counts once.
  void at_turn_end(Runnable& hook) {
    if (!hook.queued()) turn_end_.push(hook);
  }

  /// Runs one turn. Returns whether another one has work to do at once.
  bool run_turn();
  bool has_work() const { return !ready_.empty() || !turn_end_.empty(); }

  /// When the next turn must run even if nothing happens; kNever when no timer runs.
  MonoTime next_deadline() const { return timers_.next_deadline(); }

 private:
  Clock& clock_;
  MonoTime now_;
  Timers timers_;
  RunQueue ready_;
  RunQueue turn_end_;
};

}  // namespace millrace::runtime
