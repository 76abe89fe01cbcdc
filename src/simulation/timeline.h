// Timeline: virtual time and what will happen when. The one queue that orders a simulated world;
// equal times happen in the order in which they were scheduled. Not a runtime::Timers: that one is
// part of the code under test.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/time.h"
#include "simulation/trace.h"

namespace millrace::simulation {

class Timeline;

/// Something that will happen; embedded in its owner. Leaves the timeline when destroyed.
class Event {
 public:
  using Function = void (*)(Event&);

  explicit Event(Function happen) : happen_(happen) {}
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
  ~Event() { cancel(); }

  bool scheduled() const { return timeline_ != nullptr; }
  void cancel();

 private:
  friend class Timeline;
  Function happen_;
  Timeline* timeline_ = nullptr;
  size_t position_ = 0;  // in the heap
};

class Timeline {
 public:
  /// Starts at zero plus a little, so that no time is mistaken for "none".
  Timeline() = default;
  Timeline(const Timeline&) = delete;
  Timeline& operator=(const Timeline&) = delete;
  ~Timeline();

  MonoTime now() const { return now_; }
  Trace& trace() { return trace_; }
  uint64_t trace_hash() const { return trace_.hash(); }
  /// Adds to the fingerprint, at the present time.
  void note(TraceKind kind, int32_t node, uint64_t a = 0, uint64_t b = 0) {
    trace_.note({now_, kind, node, a, b});
  }

  /// Schedules, or moves, `event`; the past means now. kNever cancels. Bounds: O(log events).
  void schedule(Event& event, MonoTime at);
  /// The same, unless it is to happen earlier anyway.
  void schedule_no_later(Event& event, MonoTime at);

  /// When something happens next; kNever when nothing will.
  MonoTime next() const { return heap_.empty() ? kNever : heap_.front().at; }
  /// Lets the next thing happen, if it is due by `limit`; otherwise only time passes, up to
  /// `limit`. Returns whether something happened.
  bool step(MonoTime limit);

 private:
  friend class Event;
  struct Entry {
    MonoTime at;
    uint64_t order = 0;
    Event* event = nullptr;

    bool before(const Entry& other) const {
      return at != other.at ? at < other.at : order < other.order;
    }
  };

  void remove(Event& event);
  void place(size_t position, const Entry& entry);
  void sift(size_t position, const Entry& entry);

  MonoTime now_{1'000'000'000};
  uint64_t order_ = 0;
  std::vector<Entry> heap_;
  Trace trace_;
};

}  // namespace millrace::simulation
