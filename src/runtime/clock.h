// Clock: where time comes from. One of the four doors to the world (see env.h).
#pragma once

#include "base/time.h"

namespace millrace::runtime {

class Clock {
 public:
  virtual ~Clock() = default;
  virtual MonoTime mono() = 0;   ///< never goes back
  virtual Timestamp wall() = 0;  ///< may jump either way
};

}  // namespace millrace::runtime
