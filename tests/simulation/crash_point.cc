#include "tests/simulation/crash_point.h"

#include <fmt/core.h>
#include <charconv>
#include <optional>

namespace millrace::scenario {

using simulation::Placement;

namespace {

// What is before `end`; `text` goes on behind it.
std::string_view cut(std::string_view& text, char end) {
  const size_t at = text.find(end);
  const std::string_view part = text.substr(0, at);
  text.remove_prefix(at == std::string_view::npos ? text.size() : at + 1);
  return part;
}

template <class Number>
std::optional<Number> number_of(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<int> mode_of(std::string_view text) {
  if (text == "kill") return CrashPoint::kKill;
  constexpr std::string_view kPower = "power-";
  if (!text.starts_with(kPower)) return std::nullopt;
  return number_of<int>(text.substr(kPower.size()));
}

std::optional<CrashPoint> point_of(std::string_view text) {
  const auto change = number_of<uint64_t>(cut(text, ':'));
  const std::string_view where = cut(text, ':');
  const auto mode = mode_of(text);
  if (!change || *change == 0 || !mode) return std::nullopt;
  for (const Placement placement : {Placement::kBefore, Placement::kWithin, Placement::kAfter}) {
    if (where == name_of(placement)) return CrashPoint{*change, placement, *mode};
  }
  return std::nullopt;
}

}  // namespace

std::string CrashPoint::to_string() const {
  return fmt::format("{}:{}:{}", change, name_of(placement),
                     mode == kKill ? "kill" : fmt::format("power-{}", mode));
}

std::string CrashCase::to_string() const {
  std::string text = workload;
  char before = ':';
  for (const CrashPoint& crash : crashes) {
    text += before + crash.to_string();
    before = '+';
  }
  return text;
}

Result<CrashCase> CrashCase::parse(std::string_view text) {
  std::string_view rest = text;
  CrashCase parsed{.workload = std::string(cut(rest, ':')), .crashes = {}};
  while (!rest.empty()) {
    const auto point = point_of(cut(rest, '+'));
    if (!point) {
      return fail(
          Errc::kInvalidSetting,
          fmt::format("\"{}\" is no crash point; one is WORKLOAD:CHANGE:before|within|after:"
                      "kill|power-N, more of them with + between",
                      text));
    }
    parsed.crashes.push_back(*point);
  }
  return parsed;
}

}  // namespace millrace::scenario
