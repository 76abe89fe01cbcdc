#include "broker/load_report.h"

#include <fmt/core.h>

#include "base/logging.h"

namespace millrace::broker {

void LoadReport::tell(const log::LoadProgress& progress) {
  const MonoTime now = loop_.now();
  const double elapsed_s = double((now - began_).ms()) / 1000;
  if (!progress.current && told_) {
    LOG_INFO("broker", "loaded: all {} partitions, after {:.1f} s", progress.partitions_total,
             elapsed_s);
    return;
  }
  if (now < next_ || progress.partitions_done == 0) return;
  next_ = now + kEvery;
  told_ = true;
  const double share = double(progress.partitions_done) / double(progress.partitions_total);
  LOG_INFO("broker", "loading: {} of {} partitions ({:.0f} %), {} MiB read, about {:.0f} s left",
           progress.partitions_done, progress.partitions_total, 100 * share,
           progress.bytes_scanned >> 20, elapsed_s * (1 - share) / share);
}

}  // namespace millrace::broker
