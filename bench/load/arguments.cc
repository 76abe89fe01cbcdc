#include "bench/load/arguments.h"

#include <fmt/core.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace millrace::bench {

void give_up(std::string_view why) {
  fmt::print(stderr, "bench_load: {}\n", why);
  std::exit(1);
}

Arguments::Arguments(int count, char** words) {
  for (int i = 0; i < count; i += 2) {
    if (std::strncmp(words[i], "--", 2) != 0 || i + 1 == count) {
      give_up(fmt::format("{}: want --name value", words[i]));
    }
    values_[words[i] + 2] = words[i + 1];
  }
}

const std::string* Arguments::find(const std::string& name) const {
  used_[name] = true;
  const auto found = values_.find(name);
  return found == values_.end() ? nullptr : &found->second;
}

std::string Arguments::text(const std::string& name) const {
  const std::string* found = find(name);
  if (!found) give_up(fmt::format("--{} is missing", name));
  return *found;
}

std::string Arguments::text(const std::string& name, std::string_view standard) const {
  const std::string* found = find(name);
  return found ? *found : std::string(standard);
}

int64_t Arguments::number(const std::string& name) const {
  const std::string given = text(name);
  char* end = nullptr;
  errno = 0;
  const int64_t value = std::strtoll(given.c_str(), &end, 10);
  if (given.empty() || *end || errno) give_up(fmt::format("--{} {}: not a number", name, given));
  return value;
}

int64_t Arguments::number(const std::string& name, int64_t standard) const {
  return find(name) ? number(name) : standard;
}

double Arguments::real(const std::string& name, double standard) const {
  const std::string* given = find(name);
  if (!given) return standard;
  char* end = nullptr;
  const double value = std::strtod(given->c_str(), &end);
  if (given->empty() || *end) give_up(fmt::format("--{} {}: not a number", name, *given));
  return value;
}

void Arguments::check_all_used() const {
  for (const auto& [name, value] : values_) {
    if (!used_.contains(name)) give_up(fmt::format("--{}: no such argument here", name));
  }
}

}  // namespace millrace::bench
