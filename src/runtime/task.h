// Task<T>: a coroutine that gives a Result<T>. Lazy, move only, owned by whoever awaits it or by a
// Scope. Not a thread and not a future: nothing runs until somebody awaits it.
//
//   Task<int64_t> size_of(Disk& disk, std::string path) {
//     std::unique_ptr<File> file = co_await disk.open(path, {});   // a Result: unwraps or ends
//     here co_await file->sync();                                       // a Task: the same
//     Result<int64_t> size = co_await as_result(measure(*file));   // keeps the error to look at it
//     co_return co_await std::move(size);
//   }
//
// `co_await` of a Result or a Task unwraps it or ends this task with its error, which travels up
// until an as_result() or a Scope. Cancellation is such an error, kCancelled, and comes from every
// wait once the chain is cancelled; it cannot be swallowed.
//
// Rules: coroutines are functions, never capturing lambdas; parameters by value or by pointer that
// outlives the task (a reference parameter has the suffix _ref and is awaited at once).
#pragma once

#include <coroutine>
#include <exception>
#include <optional>
#include <utility>

#include "base/check.h"
#include "base/result.h"
#include "runtime/frame_pool.h"

namespace millrace::runtime {

class Loop;
class Waiter;
template <class T>
class Task;

/// What the tasks of one chain of awaits share. One per Scope::spawn().
struct Chain {
  Loop* loop = nullptr;
  bool cancelled = false;
  Waiter* waiting = nullptr;  ///< what the chain's innermost task waits for; null while it runs

  /// Ends the present wait, and every later one, with kCancelled. Safe to repeat.
  void cancel();
};

/// The part of a promise that does not depend on T.
class PromiseBase {
 public:
  static void* operator new(size_t size) { return allocate_frame(size); }
  static void operator delete(void* frame, size_t size) { free_frame(frame, size); }

  std::suspend_always initial_suspend() noexcept { return {}; }
  void unhandled_exception() noexcept { std::terminate(); }

  /// Where to go on after this task has ended. An error passes through every parent that unwraps.
  std::coroutine_handle<> finish() noexcept;
  std::coroutine_handle<> finish_with(Error error) noexcept {
    error_ = std::move(error);
    return finish();
  }

  /// A root reports to its owner instead of a parent.
  void start_as_root(Chain& chain, void (*on_done)(void*), void* owner) {
    chain_ = &chain;
    on_done_ = on_done;
    owner_ = owner;
  }
  void start_as_child(PromiseBase& parent, std::coroutine_handle<> continuation, bool unwrap) {
    chain_ = parent.chain_;
    parent_ = &parent;
    continuation_ = continuation;
    unwrap_ = unwrap;
  }

  Chain& chain() { return *chain_; }
  std::optional<Error>& error() { return error_; }

 private:
  Chain* chain_ = nullptr;
  PromiseBase* parent_ = nullptr;
  std::coroutine_handle<> continuation_;
  void (*on_done_)(void*) = nullptr;
  void* owner_ = nullptr;
  std::optional<Error> error_;
  bool unwrap_ = false;
};

namespace detail {

struct FinalAwaiter {
  bool await_ready() noexcept { return false; }
  template <class Promise>
  std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> task) noexcept {
    return task.promise().finish();
  }
  void await_resume() noexcept {}
};

template <class T>
struct ResultAwaiter {
  Result<T> result;
  bool await_ready() const noexcept { return result.has_value(); }
  template <class Promise>
  std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> task) noexcept {
    return task.promise().finish_with(std::move(result).error());
  }
  T await_resume() {
    if constexpr (!std::is_void_v<T>) return std::move(*result);
  }
};

template <class T>
struct TaskAwaiter;
template <class T>
struct TaskAsResult;
template <class T>
struct AsResultAwaiter;

}  // namespace detail

template <class T>
class Promise;

template <class T = void>
class [[nodiscard]] Task {
 public:
  using promise_type = Promise<T>;

  explicit Task(std::coroutine_handle<Promise<T>> handle) : handle_(handle) {}
  Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, {})) {}
  Task& operator=(Task&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~Task() {
    if (handle_) handle_.destroy();
  }

  std::coroutine_handle<Promise<T>> handle() const { return handle_; }

 private:
  std::coroutine_handle<Promise<T>> handle_;
};

namespace detail {

// Adds the awaits that every task offers.
template <class T>
class PromiseAwaits : public PromiseBase {
 public:
  Task<T> get_return_object() {
    return Task<T>(
        std::coroutine_handle<Promise<T>>::from_promise(static_cast<Promise<T>&>(*this)));
  }
  FinalAwaiter final_suspend() noexcept { return {}; }

  template <class U>
  ResultAwaiter<U> await_transform(Result<U> result) {
    return {std::move(result)};
  }
  /// `co_await fail(Errc::k..., "...")` ends this task.
  ResultAwaiter<void> await_transform(std::unexpected<Error> error) {
    return {Result<void>(std::move(error))};
  }
  template <class U>
  TaskAwaiter<U> await_transform(Task<U>&& task) {
    return {std::move(task)};
  }
  template <class U>
  AsResultAwaiter<U> await_transform(TaskAsResult<U>&& task) {
    return {std::move(task.task)};
  }
  // Leaves (waits of runtime/wait.h) know how to suspend by themselves.
  template <class Leaf>
    requires requires { typename std::remove_reference_t<Leaf>::is_leaf; }
  Leaf&& await_transform(Leaf&& leaf) {
    return static_cast<Leaf&&>(leaf);
  }
};

}  // namespace detail

template <class T>
class Promise final : public detail::PromiseAwaits<T> {
 public:
  void return_value(T value) { value_.emplace(std::move(value)); }
  void return_value(Error error) { this->error() = std::move(error); }
  void return_value(std::unexpected<Error> error) { this->error() = std::move(error).error(); }

  Result<T> take() {
    if (this->error()) return std::unexpected<Error>(*std::move(this->error()));
    return std::move(*value_);
  }

 private:
  std::optional<T> value_;
};

template <>
class Promise<void> final : public detail::PromiseAwaits<void> {
 public:
  void return_void() {}
  Result<void> take() {
    if (error()) return std::unexpected<Error>(*std::move(error()));
    return {};
  }
};

namespace detail {

template <class T>
struct TaskAwaiter {
  Task<T> task;
  bool await_ready() const noexcept { return false; }
  template <class Parent>
  std::coroutine_handle<> await_suspend(std::coroutine_handle<Parent> parent) {
    task.handle().promise().start_as_child(parent.promise(), parent, true);
    return task.handle();
  }
  T await_resume() {
    if constexpr (!std::is_void_v<T>) return *task.handle().promise().take();
  }
};

template <class T>
struct TaskAsResult {
  Task<T> task;
};

template <class T>
struct AsResultAwaiter {
  Task<T> task;
  bool await_ready() const noexcept { return false; }
  template <class Parent>
  std::coroutine_handle<> await_suspend(std::coroutine_handle<Parent> parent) {
    task.handle().promise().start_as_child(parent.promise(), parent, false);
    return task.handle();
  }
  Result<T> await_resume() { return task.handle().promise().take(); }
};

}  // namespace detail

/// For `Result<T> r = co_await as_result(task)`: hands over the Result instead of unwrapping it.
template <class T>
detail::TaskAsResult<T> as_result(Task<T> task) {
  return {std::move(task)};
}

}  // namespace millrace::runtime
