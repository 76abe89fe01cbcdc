// Histogram: durations from a nanosecond to hours in constant memory, with percentiles that are
// true to within 1 part in 128. Not for averages of other things: everything in it is a duration.
//
// Log-linear, as HdrHistogram: below 256 ns every nanosecond has a counter, above it each power of
// two is cut into 128. A percentile is given as the largest duration that its counter stands for,
// so it errs by at most 0.8 %, and never in anybody's favour.
#pragma once

#include <array>
#include <cstdint>

namespace millrace::bench {

class Histogram {
 public:
  /// Units: ns; a negative duration counts as 0. Runs: a few ns, no allocation.
  void record(int64_t duration_ns);

  int64_t count() const { return count_; }
  /// Units: ns. Exact; 0 when there is nothing.
  int64_t max() const { return max_; }
  /// The duration that `share` (0 to 1) of the recorded do not exceed. Units: ns.
  int64_t percentile(double share) const;

 private:
  static constexpr int kSubBits = 7;  // 128 counters to a power of two
  static constexpr int kOctaves = 48;
  static constexpr size_t kCounters = static_cast<size_t>(kOctaves + 1) << kSubBits;

  static size_t counter_of(uint64_t duration_ns);
  static int64_t largest_in(size_t counter);

  std::array<int64_t, kCounters> counts_{};
  int64_t count_ = 0;
  int64_t max_ = 0;
};

}  // namespace millrace::bench
