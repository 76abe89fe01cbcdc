// Pacer: keeps background work below a number of bytes per second (log.cleaner.io.max.bytes.per.
// second), and lets everything else run in between.
#pragma once

#include <cstdint>
#include <limits>

#include "runtime/loop.h"
#include "runtime/task.h"
#include "runtime/wait.h"

namespace millrace::log {

class Pacer {
 public:
  static constexpr double kUnlimited = std::numeric_limits<double>::max();

  Pacer(runtime::Loop& loop, double bytes_per_second) : loop_(loop), rate_(bytes_per_second) {}

  void set_rate(double bytes_per_second) { rate_ = bytes_per_second; }

  /// To be awaited after each piece of work.
  runtime::Task<> spent(int64_t bytes) {
    const Duration takes =
        nanoseconds(static_cast<int64_t>(static_cast<double>(bytes) * 1e9 / rate_));
    const MonoTime now = loop_.now();
    free_at_ = (free_at_ < now ? now : free_at_) + takes;
    if (free_at_ - now < kPauseMin) {
      co_await runtime::yield();
    } else {
      co_await runtime::sleep_until(free_at_);
    }
  }

 private:
  static constexpr Duration kPauseMin = milliseconds(10);  // shorter ones add up

  runtime::Loop& loop_;
  double rate_;
  MonoTime free_at_{};
};

}  // namespace millrace::log
