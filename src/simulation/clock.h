// SimulatedClock: what one machine believes the time is. Runs off the world's timeline, a little
// too fast or too slow; its wall clock may be wrong and may jump.
#pragma once

#include "base/time.h"
#include "runtime/clock.h"
#include "simulation/timeline.h"

namespace millrace::simulation {

class SimulatedClock final : public runtime::Clock {
 public:
  struct Options {
    int64_t drift_ppm = 0;  ///< parts per million too fast; negative: too slow
    Duration wall_skew{};   ///< how far the wall clock is ahead
  };

  explicit SimulatedClock(const Timeline& timeline) : SimulatedClock(timeline, Options{}) {}
  SimulatedClock(const Timeline& timeline, Options options);

  MonoTime mono() override;
  Timestamp wall() override;

  /// The monotonic clock goes on from `mono`, as after a restart of the machine, where what was
  /// read before means nothing.
  void restart(MonoTime mono);
  /// Moves the wall clock.
  void jump(Duration by) { options_.wall_skew = options_.wall_skew + by; }

  /// The first moment at which mono() is at least `mono`.
  MonoTime world_time_of(MonoTime mono) const;

 private:
  Duration elapsed() const;

  const Timeline& timeline_;
  Options options_;
  MonoTime started_;  // on the timeline
  MonoTime mono_at_start_;
};

}  // namespace millrace::simulation
