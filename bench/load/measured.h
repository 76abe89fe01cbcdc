// Runs a load through its phase: warms up, takes the meter's two readings, waits for what is under
// way. What every workload with a phase has in common.
#pragma once

#include <functional>

#include "bench/load/phase.h"
#include "bench/load/poller.h"

namespace millrace::bench {

/// What a load does in each turn, and when nothing of it is under way any more.
struct Driven {
  std::function<int64_t(int64_t now)> on_time = [](int64_t) { return INT64_MAX; };
  std::function<bool()> drained = [] { return true; };
};

/// Returns the meter, read at the phase's two ends. With `settle_ms` 0 the phase ends sharply.
Meter run_phase(Poller& poller, const Phase& phase, pid_t server, const Driven& load,
                int64_t settle_ms);

}  // namespace millrace::bench
