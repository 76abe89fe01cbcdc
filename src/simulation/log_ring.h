// LogRing: the last lines that the nodes of a world logged, each with virtual time and node, to be
// shown when a run fails. Not the trace: lines are for people and change nothing.
#pragma once

#include <deque>
#include <string>

#include "base/logging.h"
#include "simulation/timeline.h"

namespace millrace::simulation {

class LogRing {
 public:
  LogRing(const Timeline& timeline, size_t lines_max)
      : timeline_(timeline), lines_max_(lines_max) {}

  void add(std::string_view node, LogLevel level, std::string_view area, std::string_view line);
  /// Oldest first, one per line; says how many older ones are gone.
  std::string text() const;
  const std::deque<std::string>& lines() const { return lines_; }

 private:
  const Timeline& timeline_;
  size_t lines_max_;
  size_t dropped_ = 0;
  std::deque<std::string> lines_;
};

/// What one node writes to while its turn runs.
class NodeLog final : public LogSink {
 public:
  NodeLog(LogRing& ring, std::string node) : ring_(ring), node_(std::move(node)) {}
  void write(LogLevel severity, std::string_view area, std::string_view line) override {
    ring_.add(node_, severity, area, line);
  }

 private:
  LogRing& ring_;
  std::string node_;
};

}  // namespace millrace::simulation
