#include "runtime/os/clock.h"

#include <sys/random.h>
#include <time.h>

#include "base/check.h"

namespace millrace::runtime::os {

MonoTime SystemClock::mono() {
  timespec t{};
  clock_gettime(CLOCK_MONOTONIC, &t);
  return MonoTime{t.tv_sec * 1'000'000'000 + t.tv_nsec};
}

Timestamp SystemClock::wall() {
  timespec t{};
  clock_gettime(CLOCK_REALTIME, &t);
  return Timestamp{t.tv_sec * 1'000 + t.tv_nsec / 1'000'000};
}

uint64_t random_seed() {
  uint64_t seed = 0;
  CHECK(getrandom(&seed, sizeof seed, 0) == sizeof seed);
  return seed;
}

}  // namespace millrace::runtime::os
