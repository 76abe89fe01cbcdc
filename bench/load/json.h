// Json: one flat object, on one line. The load generator's whole output.
#pragma once

#include <fmt/core.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace millrace::bench {

class Histogram;

class Json {
 public:
  void add(std::string_view name, int64_t value) { append(name, fmt::format("{}", value)); }
  void add(std::string_view name, double value) { append(name, fmt::format("{:.12g}", value)); }
  void add(std::string_view name, std::string_view text);
  /// NAME_count, NAME_p50_us, _p99_us, _p99_9_us, _p99_99_us, _max_us; nothing when it is empty.
  void add(std::string_view name, const Histogram& histogram);
  void print() const;

 private:
  void append(std::string_view name, std::string_view value);

  std::string fields_;
};

}  // namespace millrace::bench
