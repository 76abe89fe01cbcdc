// Progress: a line that tells a person how far a long run is: drawn over itself on a terminal, now
// and then elsewhere. On stderr, so that what a run finds can be kept without it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/time.h"
#include "runtime/os/clock.h"

namespace millrace::scenario {

class Progress {
 public:
  /// `total` is how much there is to do, in whatever unit show() is told.
  explicit Progress(double total);

  /// "[####----] 1200/4000  80.1/s  35 s left  0 failed". `unit` follows the numbers.
  void show(double done, uint64_t failed, std::string_view unit = "");
  /// Before anything else is printed.
  void clear();

  double seconds_so_far() { return static_cast<double>((clock_.mono() - began_).ns) / 1e9; }

 private:
  runtime::os::SystemClock clock_;
  double total_;
  MonoTime began_;
  MonoTime next_;
  bool terminal_;
  bool drawn_ = false;
};

}  // namespace millrace::scenario
