#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace millrace {

void check_failed(const char* file, int line, std::string_view what) {
  std::fprintf(stderr, "millrace: a bug in Millrace itself: %s:%d: CHECK(%.*s)\n", file, line,
               static_cast<int>(what.size()), what.data());
  std::abort();
}

}  // namespace millrace
