// Phase: the stretch of time that counts. Before it the load warms up, after it what is under way
// comes to its end; neither is measured.
#pragma once

#include <cstdint>

#include "bench/load/arguments.h"
#include "bench/load/meter.h"

namespace millrace::bench {

struct Phase {
  int64_t warm_from_ns = 0;
  int64_t from_ns = 0;   ///< what is intended from here on counts
  int64_t until_ns = 0;  ///< and what is intended from here on is not sent

  /// Begins now. --seconds and --warm-up-s, which may be fractions.
  static Phase starting_now(const Arguments& arguments) {
    Phase phase;
    phase.warm_from_ns = now_ns();
    phase.from_ns = phase.warm_from_ns + static_cast<int64_t>(arguments.real("warm-up-s", 1) * 1e9);
    phase.until_ns = phase.from_ns + static_cast<int64_t>(arguments.real("seconds", 5) * 1e9);
    return phase;
  }
  bool counts(int64_t at_ns) const { return at_ns >= from_ns && at_ns < until_ns; }
  double seconds() const { return static_cast<double>(until_ns - from_ns) * 1e-9; }
};

/// How long what is under way at the end of a phase may take to be answered.
inline constexpr int64_t kDrainNs = 20'000'000'000;
/// What a server does behind its last answer is part of the cost. Units: ms.
inline constexpr int64_t kSettleMs = 300;

}  // namespace millrace::bench
