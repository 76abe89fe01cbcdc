// Progress: one line on stderr that is redrawn at most five times a second on a terminal; without a
// terminal a plain line every few seconds.
#pragma once

#include <string_view>

#include "app/session.h"

namespace millrace::app {

class Progress {
 public:
  explicit Progress(Session* session) : session_(session) {}
  ~Progress() { clear(); }

  void show(std::string_view line);
  /// Wipes the line, so that what follows starts clean.
  void clear();

 private:
  Session* session_;
  MonoTime next_;
  bool begun_ = false;
  bool shown_ = false;
};

}  // namespace millrace::app
