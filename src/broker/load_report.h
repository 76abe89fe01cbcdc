// LoadReport: tells in the log how far the loading of partitions is: of those that a start waits
// for, and of the others.
#pragma once

#include "base/time.h"
#include "log/log_directory.h"
#include "runtime/loop.h"

namespace millrace::broker {

class LoadReport {
 public:
  explicit LoadReport(runtime::Loop& loop)
      : loop_(loop), began_(loop.now()), next_(began_ + kEvery) {}

  /// A line every few seconds and one at the end; none when it is over sooner.
  void tell(const log::LoadProgress& progress);

 private:
  static constexpr Duration kEvery = seconds(2);

  runtime::Loop& loop_;
  MonoTime began_;
  MonoTime next_;
  bool told_ = false;
};

}  // namespace millrace::broker
