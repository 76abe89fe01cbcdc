#include "app/range.h"

#include "base/testing.h"

namespace millrace::app {
namespace {

using Kind = Bound::Kind;
constexpr Timestamp kNow{1'800'000'000'000};

TEST_CASE("ranges say which records") {
  CHECK(parse_range("start..end", kNow) == Range{});
  CHECK(parse_range("-10", kNow) == Range{.from = {.kind = Kind::kFromEnd, .number = 10}});
  CHECK(parse_range("3@100..200", kNow) == Range{.partition = PartitionIndex(3),
                                                 .from = {.kind = Kind::kOffset, .number = 100},
                                                 .to = {.kind = Kind::kOffset, .number = 200}});
  CHECK(parse_range("-1h..now", kNow) ==
        Range{.from = {.kind = Kind::kTime, .time = kNow - seconds(3600)},
              .to = {.kind = Kind::kTime, .time = kNow}});
  CHECK(parse_range("@-48h..+500", kNow) ==
        Range{.from = {.kind = Kind::kTime, .time = kNow - seconds(48 * 3600)},
              .to = {.kind = Kind::kCount, .number = 500}});
  CHECK(parse_range("start..@2026-05-01", kNow)->to.time == Timestamp{1'777'593'600'000});
  CHECK(parse_range("s@1714550400000", kNow)->from.time == Timestamp{1'714'550'400'000});
  CHECK(parse_range("2@@1714550400000", kNow)->partition == PartitionIndex(2));
}

TEST_CASE("times carry zones and fractions") {
  CHECK(parse_time("1970-01-01") == Timestamp{0});
  CHECK(parse_time("1970-01-01T01:00:00.25+01:00") == Timestamp{250});
  CHECK(parse_time("1970-01-01T00:00:01Z") == Timestamp{1000});
}

TEST_CASE("what is no range says why and shows the grammar") {
  for (const char* text : {"x", "1..2..3", "+5", "99999999999999999999", "-5y", "@tomorrow",
                           "@2026-13-01", "9999999999@start", "-1h30", "5..3", "-3..-5",
                           "end..start", "now..-1h", "0..+-5", "-3@0"}) {
    CAPTURE(text);
    const auto range = parse_range(text, kNow);
    REQUIRE(!range);
    CHECK(range.error().code() == Errc::kUsage);
    CHECK(!range.error().detail().empty());
  }
}

}  // namespace
}  // namespace millrace::app
