#include "simulation/log_ring.h"

#include <fmt/core.h>

namespace millrace::simulation {
namespace {

constexpr char kLetters[] = {'D', 'I', 'W', 'E'};

}  // namespace

void LogRing::add(std::string_view node, LogLevel level, std::string_view area,
                  std::string_view line) {
  if (lines_max_ == 0) return;
  if (lines_.size() == lines_max_) {
    lines_.pop_front();
    ++dropped_;
  }
  lines_.push_back(fmt::format("{:12.6f} {} {} {}: {}",
                               static_cast<double>(timeline_.now().ns) / 1e9, node,
                               kLetters[static_cast<size_t>(level)], area, line));
}

std::string LogRing::text() const {
  std::string text;
  if (dropped_ > 0) text = fmt::format("({} older lines dropped)\n", dropped_);
  for (const std::string& line : lines_) {
    text += line;
    text += '\n';
  }
  return text;
}

}  // namespace millrace::simulation
