// RecentLine: whether a line for the log was said a moment ago. What clients ask for again and
// again fails again and again; one line a minute tells it.
#pragma once

#include <string>
#include <string_view>

#include "base/time.h"

namespace millrace {

class RecentLine {
 public:
  /// False for the line of the last time that this was true, for a minute from then on.
  bool is_news(std::string_view line, MonoTime now) {
    if (line == line_ && now < until_) return false;
    line_ = line;
    until_ = now + seconds(60);
    return true;
  }

 private:
  std::string line_;
  MonoTime until_;
};

}  // namespace millrace
