// The machine's clocks.
#pragma once

#include "runtime/clock.h"

namespace millrace::runtime::os {

class SystemClock : public Clock {
 public:
  MonoTime mono() override;
  Timestamp wall() override;
};

/// A seed from the kernel, for the one Random of a process.
uint64_t random_seed();

}  // namespace millrace::runtime::os
