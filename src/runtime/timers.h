// Timers: a hierarchical wheel (Varghese and Lauck, 1987). Start, stop and expiry in O(1), for
// hundreds of thousands of timers. Not a clock: it is told what time it is.
#pragma once

#include <array>
#include <cstdint>

#include "base/time.h"

namespace millrace::runtime {

class Timers;

/// One deadline; embedded in whatever has it. Stops itself when destroyed.
class Timer {
 public:
  using Callback = void (*)(Timer&);

  explicit Timer(Callback on_expiry) : on_expiry_(on_expiry) {}
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;
  ~Timer() { stop(); }

  bool running() const { return wheel_ != nullptr; }
  void stop();

 private:
  friend class Timers;
  Callback on_expiry_;
  Timers* wheel_ = nullptr;
  Timer* next_ = nullptr;
  Timer** link_ = nullptr;  // whoever points at this timer
  int64_t tick_ = 0;
  uint16_t slot_ = 0;
};

class Timers {
 public:
  explicit Timers(MonoTime now);
  Timers(const Timers&) = delete;
  Timers& operator=(const Timers&) = delete;
  ~Timers();

  /// Starts or restarts `timer`; its callback runs in the first advance() at or after `deadline`.
  /// Units: deadlines are rounded up to whole milliseconds. kNever never expires.
  void start(Timer& timer, MonoTime deadline);

  /// Runs the callbacks of all that is due, in order of deadline (equal ones in an order that
  /// depends only on the calls made). Callbacks may start and stop timers.
  void advance(MonoTime now);

  /// No timer expires before this; kNever when none runs. May be earlier than the next expiry (when
  /// timers move from a coarse ring to a finer one), never later.
  MonoTime next_deadline() const;

  size_t size() const { return size_; }

 private:
  friend class Timer;
  static constexpr int kBits = 6;
  static constexpr int kSlots = 1 << kBits;
  struct Slot {
    Timer* head = nullptr;
    Timer** tail = &head;
  };
  static constexpr int kLevels = 6;  // 64^6 ms: about two years; what is later is filed again then

  void insert(Timer& timer);
  void remove(Timer& timer);
  void cascade(int level);
  void expire_slot();

  int64_t tick_;  // all before this tick has expired
  size_t size_ = 0;
  bool expiring_ = false;
  std::array<uint64_t, kLevels> used_{};  // a bit per slot that is not empty
  std::array<Slot, size_t{kSlots} * kLevels> slots_{};
};

}  // namespace millrace::runtime
