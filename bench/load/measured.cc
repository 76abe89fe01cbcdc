#include "bench/load/measured.h"

namespace millrace::bench {

Meter run_phase(Poller& poller, const Phase& phase, pid_t server, const Driven& load,
                int64_t settle_ms) {
  Meter meter(server);
  const auto never = [] { return false; };
  poller.run(phase.from_ns, load.on_time, never);
  meter.begin();
  poller.run(phase.until_ns, load.on_time, never);
  poller.run(phase.until_ns + kDrainNs, load.on_time, load.drained);
  meter.end(settle_ms);
  return meter;
}

}  // namespace millrace::bench
