#include "app/stderr_log.h"

#include <cstdio>

#include "app/output.h"

namespace millrace::app {

StderrLog::StderrLog(runtime::Clock& clock, int verbosity) : clock_(clock) {
  level = verbosity > 0 ? LogLevel::kDebug : LogLevel::kInfo;
}

void StderrLog::write(LogLevel line_level, std::string_view area, std::string_view line) {
  constexpr const char* kNames[] = {"debug", "info ", "WARN ", "ERROR"};
  const std::string time = human(clock_.wall().ms, Unit::kTimestamp);
  std::fprintf(stderr, "%s %s %.*s: %.*s\n", time.c_str(), kNames[static_cast<int>(line_level)],
               static_cast<int>(area.size()), area.data(), static_cast<int>(line.size()),
               line.data());
}

}  // namespace millrace::app
