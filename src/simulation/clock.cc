#include "simulation/clock.h"

namespace millrace::simulation {
namespace {

constexpr int64_t kMillion = 1'000'000;
// When every world begins: 2026-01-01 00:00:00 UTC.
constexpr Timestamp kEpoch{1'767'225'600'000};

int64_t scale(int64_t ns, int64_t numerator, int64_t denominator) {
  return static_cast<int64_t>(static_cast<__int128>(ns) * numerator / denominator);
}

}  // namespace

SimulatedClock::SimulatedClock(const Timeline& timeline, Options options)
    : timeline_(timeline),
      options_(options),
      started_(timeline.now()),
      mono_at_start_(timeline.now()) {}

Duration SimulatedClock::elapsed() const {
  const Duration real = timeline_.now() - started_;
  return nanoseconds(scale(real.ns, kMillion + options_.drift_ppm, kMillion));
}

MonoTime SimulatedClock::mono() {
  return mono_at_start_ + elapsed();
}

Timestamp SimulatedClock::wall() {
  const Duration since_zero = timeline_.now() - MonoTime{};
  return kEpoch + nanoseconds(scale(since_zero.ns, kMillion + options_.drift_ppm, kMillion)) +
         options_.wall_skew;
}

void SimulatedClock::restart(MonoTime mono) {
  started_ = timeline_.now();
  mono_at_start_ = mono;
}

MonoTime SimulatedClock::world_time_of(MonoTime mono) const {
  if (mono == kNever) return kNever;
  const int64_t wanted = (mono - mono_at_start_).ns;
  // One more than the quotient makes up for both roundings.
  return started_ + nanoseconds(scale(wanted, kMillion, kMillion + options_.drift_ppm) +
                                (options_.drift_ppm ? 1 : 0));
}

}  // namespace millrace::simulation
