// LOG_*: one line for a person who runs a server. Where lines go is decided once, in app, or by the
// simulator for each of its nodes; nothing is printed from anywhere else.
#pragma once

#include <fmt/core.h>
#include <string_view>
#include <utility>

namespace millrace {

enum class LogLevel { kDebug, kInfo, kWarning, kError };

/// Receives finished lines. Lifetime: outlives its installation.
class LogSink {
 public:
  virtual ~LogSink() = default;
  /// `area` is the folder that speaks ("log", "broker").
  virtual void write(LogLevel level, std::string_view area, std::string_view line) = 0;
  LogLevel level = LogLevel::kInfo;  ///< less severe lines are not formatted at all
};

/// Installs the sink of this thread and returns the one before; nullptr is silence, the default.
LogSink* install_log_sink(LogSink* sink);
LogSink* current_log_sink();

namespace detail {
void log_line(LogLevel level, std::string_view area, fmt::string_view format,
              fmt::format_args args);
}

}  // namespace millrace

#define MILLRACE_LOG(level_, area, format, ...)                                                 \
  do {                                                                                          \
    ::millrace::LogSink* sink_ = ::millrace::current_log_sink();                                \
    if (sink_ && (level_) >= sink_->level)                                                      \
      ::millrace::detail::log_line(level_, area, format, ::fmt::make_format_args(__VA_ARGS__)); \
  } while (false)

#define LOG_DEBUG(area, ...) MILLRACE_LOG(::millrace::LogLevel::kDebug, area, __VA_ARGS__)
#define LOG_INFO(area, ...) MILLRACE_LOG(::millrace::LogLevel::kInfo, area, __VA_ARGS__)
#define LOG_WARNING(area, ...) MILLRACE_LOG(::millrace::LogLevel::kWarning, area, __VA_ARGS__)
#define LOG_ERROR(area, ...) MILLRACE_LOG(::millrace::LogLevel::kError, area, __VA_ARGS__)
