// Ranges, times and durations as a person writes them on the command line.
// Shape of an input: the text; "now" is a moment in 2026.
#include "app/range.h"
#include "base/bytes.h"
#include "base/check.h"

namespace millrace::app {
namespace {

constexpr Timestamp kNow{1'780'000'000'000};

void check_error(const Error& error) {
  CHECK(error.code() == Errc::kUsage && !error.detail().empty());
}

void check_bound(const Bound& bound, bool is_to) {
  CHECK(bound.kind != Bound::Kind::kCount || is_to);
  const bool counts = bound.kind == Bound::Kind::kOffset || bound.kind == Bound::Kind::kFromEnd ||
                      bound.kind == Bound::Kind::kCount;
  CHECK(!counts || bound.number >= 0);
}

void run(Bytes input) {
  const std::string_view text = as_text(input);
  if (const Result<Range> range = parse_range(text, kNow)) {
    check_bound(range->from, false);
    check_bound(range->to, true);
    CHECK(!range->partition || range->partition->value >= 0);
    CHECK(parse_range(text, kNow).value() == *range);
  } else {
    check_error(range.error());
  }
  if (const Result<Timestamp> time = parse_time(text); !time) check_error(time.error());
  if (const Result<Duration> duration = parse_duration(text)) {
    CHECK(duration->ns >= 0);
  } else {
    check_error(duration.error());
  }
}

}  // namespace
}  // namespace millrace::app

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  millrace::app::run({data, size});
  return 0;
}
