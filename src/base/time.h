// Time as values: durations, points on the monotonic clock, points on the wall clock.
// Reading a clock is runtime/clock.h; nothing here looks at one.
//
// Sums and differences saturate: Kafka's "never" is Long.MAX milliseconds, and a client may write
// any 64 bits as a timestamp.
#pragma once

#include <compare>
#include <cstdint>
#include <limits>

namespace millrace {

constexpr int64_t saturating_add(int64_t a, int64_t b) {
  int64_t sum = 0;
  if (!__builtin_add_overflow(a, b, &sum)) return sum;
  return a < 0 ? std::numeric_limits<int64_t>::min() : std::numeric_limits<int64_t>::max();
}
constexpr int64_t saturating_subtract(int64_t a, int64_t b) {
  int64_t difference = 0;
  if (!__builtin_sub_overflow(a, b, &difference)) return difference;
  return a < 0 ? std::numeric_limits<int64_t>::min() : std::numeric_limits<int64_t>::max();
}

/// Units: nanoseconds.
struct Duration {
  int64_t ns = 0;
  friend constexpr auto operator<=>(Duration, Duration) = default;
  constexpr Duration operator+(Duration o) const { return {saturating_add(ns, o.ns)}; }
  constexpr Duration operator-(Duration o) const { return {saturating_subtract(ns, o.ns)}; }
  constexpr Duration operator*(int64_t factor) const { return {ns * factor}; }
  constexpr Duration operator/(int64_t divisor) const { return {ns / divisor}; }
  constexpr int64_t ms() const { return ns / 1'000'000; }
};
constexpr Duration nanoseconds(int64_t n) {
  return {n};
}
constexpr Duration microseconds(int64_t n) {
  return {n * 1'000};
}
constexpr Duration milliseconds(int64_t n) {
  constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
  return {n > kMax / 1'000'000 ? kMax : n < -kMax / 1'000'000 ? -kMax : n * 1'000'000};
}
constexpr Duration seconds(int64_t n) {
  return milliseconds(n * 1'000);
}

/// A point on the monotonic clock; means nothing outside this process. Units: nanoseconds.
struct MonoTime {
  int64_t ns = 0;
  friend constexpr auto operator<=>(MonoTime, MonoTime) = default;
  constexpr MonoTime operator+(Duration d) const { return {saturating_add(ns, d.ns)}; }
  constexpr Duration operator-(MonoTime o) const { return {saturating_subtract(ns, o.ns)}; }
};
inline constexpr MonoTime kNever{std::numeric_limits<int64_t>::max()};

/// A record timestamp, as Kafka has it. Units: milliseconds since 1970 UTC; -1 = none.
struct Timestamp {
  int64_t ms = -1;
  friend constexpr auto operator<=>(Timestamp, Timestamp) = default;
  constexpr Timestamp operator+(Duration d) const { return {saturating_add(ms, d.ms())}; }
  constexpr Timestamp operator-(Duration d) const { return {saturating_subtract(ms, d.ms())}; }
  constexpr Duration operator-(Timestamp o) const {
    return milliseconds(saturating_subtract(ms, o.ms));
  }
};
inline constexpr Timestamp kNoTimestamp{-1};

}  // namespace millrace
