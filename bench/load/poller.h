// Poller: one thread, epoll, and work that is due at a time, to the microsecond. The load
// generator's whole runtime; the broker's (src/runtime) is what is being measured.
#pragma once

#include <cstdint>
#include <functional>

namespace millrace::bench {

/// Told about readiness of one descriptor, once per change.
class Readiness {
 public:
  virtual ~Readiness() = default;
  virtual void on_ready(uint32_t epoll_events) = 0;
};

class Poller {
 public:
  Poller();
  ~Poller();
  Poller(const Poller&) = delete;
  Poller& operator=(const Poller&) = delete;

  /// The registration ends when the descriptor is closed.
  void add(int fd, Readiness& readiness);

  /// Runs until `until_ns`, or until `finished`, asked after every turn, says so. Each turn calls
  /// `on_time`, which returns when it wants to be called again (INT64_MAX: not by the clock).
  /// Units: ns, of now_ns().
  void run(int64_t until_ns, const std::function<int64_t(int64_t now)>& on_time,
           const std::function<bool()>& finished);

 private:
  void wait(int64_t for_ns);

  int epoll_;
};

}  // namespace millrace::bench
