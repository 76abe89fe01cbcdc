// Result<T>: a value or an Error. The only way a failure travels inside Millrace.
#pragma once

#include <expected>
#include <utility>

#include "base/error.h"

namespace millrace {

template <class T = void>
using Result = std::expected<T, Error>;

/// For `return fail(Errc::kCorruptMessage, "...")` in a function that returns any Result.
inline std::unexpected<Error> fail(Errc code, std::string detail = {}) {
  return std::unexpected<Error>(Error(code, std::move(detail)));
}
inline std::unexpected<Error> fail(Error error) {
  return std::unexpected<Error>(std::move(error));
}

}  // namespace millrace

/// Unwraps a Result or returns its error from this function. Not inside coroutines: there,
/// `co_await result` does the same.
#define TRY(...)                                                                   \
  ({                                                                               \
    auto try_result_ = (__VA_ARGS__);                                              \
    if (!try_result_.has_value()) [[unlikely]]                                     \
      return ::std::unexpected<::millrace::Error>(std::move(try_result_).error()); \
    ::millrace::detail::unwrap(std::move(try_result_));                            \
  })

namespace millrace::detail {
template <class T>
T unwrap(Result<T>&& result) {
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}
}  // namespace millrace::detail
