#include "tests/simulation/progress.h"

#include <fmt/core.h>
#include <unistd.h>
#include <algorithm>
#include <utility>

namespace millrace::scenario {
namespace {

constexpr Duration kEvery = seconds(1);
constexpr Duration kLineEvery = seconds(10);  // where nothing can be drawn over

}  // namespace

Progress::Progress(double total)
    : total_(std::max(total, 1e-9)),
      began_(clock_.mono()),
      next_(began_ + kEvery),
      terminal_(isatty(STDERR_FILENO) != 0) {}

void Progress::show(double done, uint64_t failed, std::string_view unit) {
  const MonoTime now = clock_.mono();
  if (now < next_) return;
  next_ = now + (terminal_ ? kEvery : kLineEvery);
  const double took = seconds_so_far();
  const double rate = took > 0 ? done / took : 0;
  const double left = rate > 0 ? (total_ - done) / rate : 0;
  constexpr double kWidth = 24;
  const auto filled = static_cast<size_t>(std::clamp(done * kWidth / total_, 0.0, kWidth));
  const std::string bar(filled, '#');
  fmt::print(stderr, "{}[{:-<24}] {:.6g}/{:.6g}{}  {:.1f}/s  {:.0f} s left  {} failed{}",
             terminal_ ? "\r\033[K" : "", bar, done, total_, unit, rate, left, failed,
             terminal_ ? "" : "\n");
  drawn_ = true;
}

void Progress::clear() {
  if (terminal_ && std::exchange(drawn_, false)) fmt::print(stderr, "\r\033[K");
}

}  // namespace millrace::scenario
