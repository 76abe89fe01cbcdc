// CHECK and DCHECK: statements about our own code that end the process when they are false.
// Not for anything an outsider can cause: bytes from a socket, a disk or a person give an Error.
#pragma once

#include <string_view>

namespace millrace {

/// Prints where and what, then aborts. The only way Millrace ends by its own bug.
[[noreturn]] void check_failed(const char* file, int line, std::string_view what);

}  // namespace millrace

/// Always on, in release too. A second argument, if any, is a sentence for the reader of the crash.
#define CHECK(condition, ...)                                                                 \
  do {                                                                                        \
    if (!(condition)) [[unlikely]]                                                            \
      ::millrace::check_failed(__FILE__, __LINE__, #condition __VA_OPT__(" : " __VA_ARGS__)); \
  } while (false)

/// For costly statements: on in dev, sanitizer and fuzz builds.
#ifdef MILLRACE_DCHECK
#define DCHECK(...) CHECK(__VA_ARGS__)
#else
#define DCHECK(condition, ...) \
  do {                         \
    (void)sizeof(condition);   \
  } while (false)
#endif
