#include "app/progress.h"

#include <cstdio>

namespace millrace::app {
namespace {

constexpr Duration kRedraw = milliseconds(200);
constexpr Duration kPlainLine = seconds(5);

}  // namespace

void Progress::show(std::string_view line) {
  const bool terminal = session_->terminal().error_is_terminal();
  const MonoTime now = session_->env().loop.now();
  // Short work shows nothing.
  if (!begun_) {
    begun_ = true;
    next_ = now + (terminal ? kRedraw : kPlainLine);
  }
  if (now < next_) return;
  next_ = now + (terminal ? kRedraw : kPlainLine);
  if (terminal) {
    std::fprintf(stderr, "\r\x1b[K%.*s", static_cast<int>(line.size()), line.data());
    shown_ = true;
  } else {
    session_->note(line);
  }
}

void Progress::clear() {
  if (shown_) std::fputs("\r\x1b[K", stderr);
  shown_ = false;
}

}  // namespace millrace::app
