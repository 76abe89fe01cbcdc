// How many descriptors this process may have, and who gets how many of them.
#pragma once

#include <cstdint>

namespace millrace::runtime::os {

struct DescriptorShares {
  int64_t sockets = 0;
  int64_t files = 0;
};

/// Raises the process's limit as far as it may be, then divides it.
DescriptorShares descriptor_shares();

}  // namespace millrace::runtime::os
