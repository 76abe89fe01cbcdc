#include "runtime/os/descriptor_limit.h"

#include <sys/resource.h>

#include <algorithm>

namespace millrace::runtime::os {
namespace {

int64_t raise_limit() {
  constexpr rlim_t kEnough = 1 << 20;  // "unlimited" has to end somewhere
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1024;
  const rlimit raised{.rlim_cur = std::min(limit.rlim_max, kEnough), .rlim_max = limit.rlim_max};
  if (raised.rlim_cur > limit.rlim_cur && ::setrlimit(RLIMIT_NOFILE, &raised) == 0) limit = raised;
  return static_cast<int64_t>(std::min(limit.rlim_cur, kEnough));
}

}  // namespace

DescriptorShares descriptor_shares() {
  const int64_t all = raise_limit();
  return {.sockets = all / 4 * 3, .files = all / 4};
}

}  // namespace millrace::runtime::os
