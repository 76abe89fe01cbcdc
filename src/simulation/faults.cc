#include "simulation/faults.h"

#include <fmt/core.h>
#include <algorithm>
#include <charconv>

namespace millrace::simulation {
namespace {

// Small values as likely as large ones: picks a power of two first. Only exact arithmetic, so that
// a seed draws the same faults on every machine.
double draw_between(Random& random, double low, double high) {
  uint64_t doublings = 0;
  for (double reach = low; reach * 2 < high; reach *= 2) ++doublings;
  double from = low;
  for (uint64_t k = random.below(doublings + 1); k > 0; --k) from *= 2;
  const double to = std::min(high, from * 2);
  return from + (to - from) * random.unit();
}

void assign(double& rate, double value) {
  rate = value;
}
void assign(int64_t& count, double value) {
  count = static_cast<int64_t>(value);
}
void assign(Duration& time, double value) {
  time = microseconds(static_cast<int64_t>(value));
}

std::string number(double rate) {
  return fmt::format("{}", rate);
}
std::string number(int64_t count) {
  return fmt::format("{}", count);
}
std::string number(Duration time) {
  return fmt::format("{}", time.ns / 1'000);
}

template <class T>
void print_if_unusual(std::string& into, std::string_view name, const T& value, const T& usual) {
  if (value == usual) return;
  into += fmt::format("{}{}={}", into.empty() ? "" : " ", name, number(value));
}

}  // namespace

Faults Faults::draw(Random random) {
  Faults faults;
  // Every row draws the same number of times whether it is on or not, so that a row that is added
  // at the end leaves the others as they were.
#define MILLRACE_FAULT(type, name, usual, on, low, high, sentence) \
  {                                                                \
    Random row = random.fork();                                    \
    const bool is_on = row.chance(on);                             \
    const double value = draw_between(row, low, high);             \
    if (is_on) assign(faults.name, value);                         \
  }
#include "simulation/faults.def"
#undef MILLRACE_FAULT
  return faults;
}

Result<> Faults::set(std::string_view wanted, std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 0 || value > 1e15) {
    return fail(Errc::kInvalidSetting,
                fmt::format("fault {}: \"{}\" is not a number from 0 on", wanted, text));
  }
#define MILLRACE_FAULT(type, name, usual, on, low, high, sentence) \
  if (wanted == #name) {                                           \
    assign(name, value);                                           \
    return {};                                                     \
  }
#include "simulation/faults.def"
#undef MILLRACE_FAULT
  return fail(Errc::kInvalidSetting, fmt::format("there is no fault \"{}\"", wanted));
}

std::string Faults::to_string() const {
  const Faults calm;
  std::string line;
#define MILLRACE_FAULT(type, name, usual, on, low, high, sentence) \
  print_if_unusual(line, #name, name, calm.name);
#include "simulation/faults.def"
#undef MILLRACE_FAULT
  return line.empty() ? "none" : line;
}

std::string Faults::help() {
  std::string text;
#define MILLRACE_FAULT(type, name, usual, on, low, high, sentence)   \
  text += fmt::format("  {:<24} {:<6} {}\n", #name,                  \
                      std::string_view(#type) == "Time"   ? "us"     \
                      : std::string_view(#type) == "Rate" ? "chance" \
                                                          : "count", \
                      sentence);
#include "simulation/faults.def"
#undef MILLRACE_FAULT
  return text;
}

}  // namespace millrace::simulation
