// Time at both ends of what 64 bits hold.
#include "base/time.h"

#include "base/testing.h"

namespace millrace {
namespace {

constexpr int64_t kMin = std::numeric_limits<int64_t>::min();
constexpr int64_t kMax = std::numeric_limits<int64_t>::max();

TEST_CASE("sums and differences saturate in both directions") {
  CHECK(saturating_add(kMax, 1) == kMax);
  CHECK(saturating_add(kMin, -1) == kMin);
  CHECK(saturating_add(kMax, kMin) == -1);
  CHECK(saturating_subtract(kMin, 1) == kMin);
  CHECK(saturating_subtract(0, kMin) == kMax);
  CHECK(saturating_subtract(-1, kMax) == kMin);
}

TEST_CASE("never plus something is never") {
  CHECK(kNever + seconds(1) == kNever);
  CHECK(milliseconds(kMax) + milliseconds(kMax) == milliseconds(kMax));
  CHECK(Timestamp{kMax} + seconds(1) == Timestamp{kMax});
}

TEST_CASE("any two timestamps of a client have a difference") {
  CHECK(Timestamp{1000} - Timestamp{kMin} == milliseconds(kMax));
  CHECK(Timestamp{kMin} - Timestamp{1000} == milliseconds(kMin));
  CHECK(Timestamp{1000} - Timestamp{400} == milliseconds(600));
}

}  // namespace
}  // namespace millrace
