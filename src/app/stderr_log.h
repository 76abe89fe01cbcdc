// The log of a process: lines on stderr, for a person or a journal.
#pragma once

#include "base/logging.h"
#include "runtime/clock.h"

namespace millrace::app {

class StderrLog : public LogSink {
 public:
  /// -v shows debug lines.
  StderrLog(runtime::Clock& clock, int verbosity);
  void write(LogLevel level, std::string_view area, std::string_view line) override;

 private:
  runtime::Clock& clock_;
};

}  // namespace millrace::app
