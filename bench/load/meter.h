// Meter: what a phase cost: CPU of server, client and machine, the server's wake-ups, bytes written
// and memory. Reads /proc at the phase's two ends, never in between.
#pragma once

#include <sys/types.h>

#include <cstdint>

#include "bench/load/json.h"

namespace millrace::bench {

/// Units: ns, of the machine's monotonic clock: the same that Python's time.monotonic() reads.
int64_t now_ns();

class Meter {
 public:
  /// `server` is a process id, 0 when there is none to watch. Gives up when it cannot be read.
  explicit Meter(pid_t server) : server_(server) {}

  void begin();
  /// Ends the phase, `settle_ms` later: what a server does behind its last answer (write-back,
  /// syncs, clean-up) is part of the cost.
  void end(int64_t settle_ms);

  /// Adds wall_s, client_cpu_s, machine_cpu_s, steal_s and, of a watched server, server_cpu_s,
  /// server_wakeups, server_write_bytes, server_rss_bytes (at the end).
  void report(Json& json) const;

 private:
  /// Sums since the processes, or the machine, began.
  struct Reading {
    int64_t at_ns = 0;
    double server_cpu_s = 0;
    double client_cpu_s = 0;
    double machine_cpu_s = 0;
    double steal_s = 0;
    int64_t wakeups = 0;
    int64_t write_bytes = 0;
    int64_t rss_bytes = 0;
  };
  Reading read() const;
  void read_server(Reading& into) const;

  pid_t server_;
  Reading begin_;
  Reading end_;
};

}  // namespace millrace::bench
