#include "bench/load/json.h"

#include <cstdio>

#include "bench/load/histogram.h"

namespace millrace::bench {

void Json::append(std::string_view name, std::string_view value) {
  fields_ += fmt::format("{}\"{}\": {}", fields_.empty() ? "" : ", ", name, value);
}

void Json::add(std::string_view name, std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += static_cast<unsigned char>(c) < ' ' ? ' ' : c;
  }
  append(name, quoted + '"');
}

void Json::add(std::string_view name, const Histogram& histogram) {
  if (histogram.count() == 0) return;
  add(fmt::format("{}_count", name), histogram.count());
  const auto us = [](int64_t ns) { return static_cast<double>(ns) * 1e-3; };
  for (const auto& [label, share] :
       {std::pair{"p50", 0.5}, {"p99", 0.99}, {"p99_9", 0.999}, {"p99_99", 0.9999}}) {
    add(fmt::format("{}_{}_us", name, label), us(histogram.percentile(share)));
  }
  add(fmt::format("{}_max_us", name), us(histogram.max()));
}

void Json::print() const {
  fmt::print("{{{}}}\n", fields_);
  std::fflush(stdout);
}

}  // namespace millrace::bench
