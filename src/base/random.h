// Seeded randomness: xoshiro256** (Blackman and Vigna, 2018). The one Random a process has is made
// from a seed in app or in the simulator and handed down; the same seed gives the same run.
// Not for secrets.
#pragma once

#include <cstdint>

#include "base/uuid.h"

namespace millrace {

class Random {
 public:
  explicit Random(uint64_t seed);

  uint64_t next();
  /// Uniform in [0, bound). Requires: bound > 0.
  uint64_t below(uint64_t bound);
  /// Uniform in [low, high], both included.
  int64_t between(int64_t low, int64_t high);
  /// True with the given probability in [0, 1].
  bool chance(double probability);
  double unit();  ///< in [0, 1)
  /// Never zero and never one of Kafka's reserved ids; its text never begins with '-' (as Kafka's
  /// own, so that it can be an argument on a command line).
  Uuid uuid();
  /// An independent stream, so that one consumer's draws do not shift another's.
  Random fork();

 private:
  uint64_t state_[4];
};

}  // namespace millrace
