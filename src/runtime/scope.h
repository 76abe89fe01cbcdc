// Scope: owns tasks that run beside their creator. Every task that nobody awaits belongs to one,
// and Scope::close() is the only way to stop it: structured concurrency, nothing is detached.
#pragma once

#include <cstddef>
#include <string>

#include "runtime/loop.h"
#include "runtime/task.h"
#include "runtime/wait.h"

namespace millrace::runtime {

class Scope {
 public:
  explicit Scope(Loop& loop) : loop_(loop) {}
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;
  /// Drops every task where it stands, as a crash would: nothing of it runs any more but its
  /// destructors. Runs: never from one of its tasks. To let tasks end in order, close() first.
  ~Scope();

  /// Starts `task` in the loop's next turn. A task that ends with an error other than kCancelled is
  /// reported in the log under `name`, a literal. Requires: not closed.
  void spawn(const char* name, Task<> task);
  /// The same, but the task runs to its first wait before this returns. For what is small and
  /// usually done by then.
  void start(const char* name, Task<> task);

  /// Cancels every task and waits until all have ended. Later spawns are refused by CHECK.
  Task<> close();
  /// Waits until all tasks have ended by themselves.
  Task<> join();
  /// Cancels without waiting; the tasks end in the next turns.
  void cancel();

  size_t size() const { return size_; }
  bool closed() const { return closed_; }

 private:
  struct Root;

  Root& add(const char* name, Task<> task);
  void remove(Root& root);

  Loop& loop_;
  Root* first_ = nullptr;
  size_t size_ = 0;
  bool closed_ = false;
  WaitQueue ended_;
};

/// Awaits `task` for at most `limit`; after that it is cancelled and the answer is kTimedOut.
template <class T>
Task<T> with_timeout(Loop* loop, Duration limit, Task<T> task);

}  // namespace millrace::runtime

#include "runtime/scope_inl.h"  // IWYU pragma: export
