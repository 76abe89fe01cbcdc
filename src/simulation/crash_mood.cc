#include "simulation/crash_mood.h"

namespace millrace::simulation {

CrashMood CrashMood::draw(Random& random, double garbage) {
  CrashMood mood{.keep = random.unit(),
                 .garbage = garbage,
                 .in_order = random.chance(0.5),
                 .each_its_own = random.chance(0.5),
                 .sector = random.chance(0.5) ? kSectorBytes : kPageBytes};
  const uint64_t kind = random.below(10);
  if (kind < 3) mood.keep = 0;
  if (kind == 3) mood.keep = 1;
  return mood;
}

Spared::Spared(Random& random, const CrashMood& mood, size_t count)
    : random_(random), keep_(mood.keep) {
  if (!mood.each_its_own || keep_ <= 0 || keep_ >= 1 || count == 0) return;
  chosen_ = random.below(count);
  switch (random.below(8)) {
    case 0:
      keep_ = 0;
      break;
    case 1:
      keep_ = 1;
      break;
    case 2:
      pattern_ = Pattern::kBefore;
      break;
    case 3:
      pattern_ = Pattern::kFrom;
      break;
    case 4:
      pattern_ = Pattern::kAllBut;
      break;
    case 5:
      pattern_ = Pattern::kOnly;
      break;
    default:
      break;
  }
}

bool Spared::next() {
  const size_t at = asked_++;
  switch (pattern_) {
    case Pattern::kBefore:
      return at < chosen_;
    case Pattern::kFrom:
      return at >= chosen_;
    case Pattern::kAllBut:
      return at != chosen_;
    case Pattern::kOnly:
      return at == chosen_;
    case Pattern::kEach:
      break;
  }
  return keep_ >= 1 || (keep_ > 0 && random_.chance(keep_));
}

size_t Spared::in_order(Random& random, const CrashMood& mood, size_t count) {
  if (mood.keep <= 0) return 0;
  return mood.keep >= 1 ? count : random.below(count + 1);
}

}  // namespace millrace::simulation
