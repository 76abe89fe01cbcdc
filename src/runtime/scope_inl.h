// with_timeout(), the one template of scope.h.
#pragma once

#include <optional>

#include "runtime/scope.h"

namespace millrace::runtime {
namespace detail {

template <class T>
struct TimedResult {
  std::optional<Result<T>> result;
  WaitQueue done;
};

template <class T>
Task<> run_timed(TimedResult<T>* into, Task<T> task) {
  into->result = co_await as_result(std::move(task));
  into->done.wake_all();
}

}  // namespace detail

template <class T>
Task<T> with_timeout(Loop* loop, Duration limit, Task<T> task) {
  detail::TimedResult<T> timed;
  Scope scope(*loop);
  scope.spawn("with_timeout", detail::run_timed(&timed, std::move(task)));
  const bool in_time = co_await timed.done.wait_until(loop->now() + limit);
  co_await scope.close();
  // It may have ended in the very turn of the deadline.
  const bool ended = timed.result && (timed.result->has_value() ||
                                      timed.result->error().code() != Errc::kCancelled);
  if (!in_time && !ended) co_await fail(Errc::kTimedOut);
  co_return co_await std::move(*timed.result);
}

}  // namespace millrace::runtime
