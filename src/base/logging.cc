#include "base/logging.h"

#include <fmt/format.h>

namespace millrace {
namespace {

// Per thread, so that helper threads stay silent unless given a sink, and a simulated world can
// change it at each switch between nodes.
thread_local LogSink* sink = nullptr;

}  // namespace

LogSink* install_log_sink(LogSink* next) {
  return std::exchange(sink, next);
}

LogSink* current_log_sink() {
  return sink;
}

void detail::log_line(LogLevel level, std::string_view area, fmt::string_view format,
                      fmt::format_args args) {
  sink->write(level, area, fmt::vformat(format, args));
}

}  // namespace millrace
