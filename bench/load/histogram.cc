#include "bench/load/histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace millrace::bench {

size_t Histogram::counter_of(uint64_t duration_ns) {
  // The shift that leaves 128 to 255: how many powers of two lie above the linear part.
  const int shift = std::max(0, static_cast<int>(std::bit_width(duration_ns)) - (kSubBits + 1));
  const size_t counter = (static_cast<size_t>(shift) << kSubBits) + (duration_ns >> shift);
  return std::min(counter, kCounters - 1);
}

int64_t Histogram::largest_in(size_t counter) {
  if (counter < (size_t{2} << kSubBits)) return static_cast<int64_t>(counter);
  const size_t shift = (counter >> kSubBits) - 1;
  const size_t first = counter - (shift << kSubBits);
  return static_cast<int64_t>(((first + 1) << shift) - 1);
}

void Histogram::record(int64_t duration_ns) {
  const int64_t duration = std::max<int64_t>(duration_ns, 0);
  ++counts_[counter_of(static_cast<uint64_t>(duration))];
  ++count_;
  max_ = std::max(max_, duration);
}

int64_t Histogram::percentile(double share) const {
  const auto wanted = static_cast<int64_t>(std::ceil(share * static_cast<double>(count_)));
  int64_t seen = 0;
  for (size_t i = 0; i < kCounters; ++i) {
    seen += counts_[i];
    if (seen >= wanted && seen > 0) return std::min(largest_in(i), max_);
  }
  return max_;
}

}  // namespace millrace::bench
