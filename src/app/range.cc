#include "app/range.h"

#include <fmt/core.h>
#include <time.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace millrace::app {
namespace {

constexpr std::string_view kGrammar =
    "want FROM..TO (TO itself is left out) with start, end, now, OFFSET, -COUNT, @TIME or "
    "-DURATION on each side, as in "
    "-1h..now, 3@100..200 or start..@2026-05-01";

std::unexpected<Error> bad(std::string_view text, std::string_view why) {
  return fail(Errc::kUsage, fmt::format("range \"{}\": {}; {}", text, why, kGrammar));
}

std::optional<int64_t> whole_number(std::string_view text) {
  int64_t n = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  if (text.front() == '-') return std::nullopt;  // a sign is part of the grammar, not of a number
  return n;
}

bool all_digits(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

Result<Bound> parse_bound(std::string_view text, bool is_to, Timestamp now) {
  using Kind = Bound::Kind;
  if (text.empty()) return Bound{.kind = is_to ? Kind::kEnd : Kind::kStart};
  if (text == "start" || text == "beginning" || text == "earliest")
    return Bound{.kind = Kind::kStart};
  if (text == "end" || text == "latest") return Bound{.kind = Kind::kEnd};
  if (text == "now") return Bound{.kind = Kind::kTime, .time = now};
  if (text.front() == '@') {
    std::string_view time = text.substr(1);
    if (time.starts_with('-'))
      return Bound{.kind = Kind::kTime, .time = now - TRY(parse_duration(time.substr(1)))};
    return Bound{.kind = Kind::kTime, .time = TRY(parse_time(time))};
  }
  if (text.front() == '+') {
    const auto count = whole_number(text.substr(1));
    if (!is_to || !count) return bad(text, "+N stands on the right side and is a count");
    return Bound{.kind = Kind::kCount, .number = *count};
  }
  if (text.front() == '-') {
    const std::string_view rest = text.substr(1);
    if (all_digits(rest))
      return Bound{.kind = Kind::kFromEnd, .number = whole_number(rest).value_or(INT64_MAX)};
    return Bound{.kind = Kind::kTime, .time = now - TRY(parse_duration(rest))};
  }
  const auto offset = whole_number(text);
  if (!offset) return bad(text, "it is neither a word, an offset nor a time");
  return Bound{.kind = Kind::kOffset, .number = *offset};
}

// Only what can be seen without asking a cluster.
bool is_backwards(const Range& range) {
  using Kind = Bound::Kind;
  const Bound& from = range.from;
  const Bound& to = range.to;
  if (from.kind == Kind::kEnd) return to.kind == Kind::kStart;
  if (from.kind != to.kind) return false;
  if (from.kind == Kind::kOffset) return from.number > to.number;
  if (from.kind == Kind::kFromEnd) return from.number < to.number;
  return from.kind == Kind::kTime && from.time > to.time;
}

}  // namespace

Result<Range> parse_range(std::string_view text, Timestamp now) {
  Range range;
  std::string_view rest = text;
  // kcat: s@MS and e@MS are times, not partitions.
  if (rest.starts_with("s@") || rest.starts_with("e@")) {
    Bound at{.kind = Bound::Kind::kTime, .time = TRY(parse_time(rest.substr(2)))};
    (rest.front() == 's' ? range.from : range.to) = at;
    return range;
  }
  const size_t at = rest.find('@');
  if (at != std::string_view::npos && at > 0 && all_digits(rest.substr(0, at))) {
    const auto partition = whole_number(rest.substr(0, at));
    if (!partition || *partition > INT32_MAX) return bad(text, "no such partition number");
    range.partition = PartitionIndex(static_cast<int32_t>(*partition));
    rest.remove_prefix(at + 1);
  }
  const size_t dots = rest.find("..");
  range.from = TRY(parse_bound(rest.substr(0, dots), false, now));
  if (dots != std::string_view::npos) range.to = TRY(parse_bound(rest.substr(dots + 2), true, now));
  if (is_backwards(range)) return bad(text, "it ends before it begins");
  return range;
}

Result<Duration> parse_duration(std::string_view text) {
  constexpr std::pair<std::string_view, int64_t> kUnits[] = {{"ms", 1},         {"s", 1000},
                                                             {"m", 60'000},     {"h", 3'600'000},
                                                             {"d", 86'400'000}, {"w", 604'800'000}};
  const auto wrong = [&] {
    return fail(Errc::kUsage, fmt::format("\"{}\" is no duration: want 90m, 2h30m or 500ms", text));
  };
  int64_t total = 0;
  std::string_view rest = text;
  while (!rest.empty()) {
    const size_t digits = std::min(rest.find_first_not_of("0123456789"), rest.size());
    const auto number = whole_number(rest.substr(0, digits));
    rest.remove_prefix(digits);
    const size_t letters = std::min(rest.find_first_of("0123456789"), rest.size());
    const std::string_view unit = rest.substr(0, letters);
    rest.remove_prefix(letters);
    const auto* found = std::find_if(std::begin(kUnits), std::end(kUnits),
                                     [&](const auto& entry) { return entry.first == unit; });
    if (!number || found == std::end(kUnits)) return wrong();
    int64_t part = 0;
    if (__builtin_mul_overflow(*number, found->second, &part) ||
        __builtin_add_overflow(total, part, &total)) {
      return wrong();
    }
  }
  if (text.empty()) return wrong();
  return milliseconds(total);
}

Result<Timestamp> parse_time(std::string_view text) {
  const auto wrong = [&] {
    return fail(Errc::kUsage,
                fmt::format("\"{}\" is no time: want 2026-05-01, 2026-05-01T10:00:00Z, "
                            "2026-05-01T10:00+02:00 or milliseconds since 1970",
                            text));
  };
  if (all_digits(text) && text.size() > 4) {
    const auto ms = whole_number(text);
    if (!ms) return wrong();
    return Timestamp{*ms};
  }
  const std::string owned(text);
  tm fields{};
  const char* rest = strptime(owned.c_str(), "%Y-%m-%d", &fields);
  if (!rest) return wrong();
  int64_t ms = 0;
  if (*rest == 'T' || *rest == ' ') {
    rest = strptime(rest + 1, "%H:%M", &fields);
    if (!rest) return wrong();
    if (*rest == ':') rest = strptime(rest + 1, "%S", &fields);
    if (rest && *rest == '.') {
      int64_t scale = 100;
      for (++rest; *rest >= '0' && *rest <= '9'; ++rest, scale /= 10) ms += (*rest - '0') * scale;
    }
    if (!rest) return wrong();
  }
  int64_t zone_minutes = 0;
  if (*rest == 'Z' || *rest == 'z') {
    ++rest;
  } else if (*rest == '+' || *rest == '-') {
    const int64_t sign = *rest == '+' ? 1 : -1;
    int hours = 0;
    int minutes = 0;
    int used = 0;
    if (std::sscanf(rest + 1, "%2d:%2d%n", &hours, &minutes, &used) != 2) return wrong();
    rest += 1 + used;
    zone_minutes = sign * (hours * 60 + minutes);
  }
  if (*rest != '\0') return wrong();
  return Timestamp{(static_cast<int64_t>(timegm(&fields)) - zone_minutes * 60) * 1000 + ms};
}

}  // namespace millrace::app
