// WriteTrouble: tells a person that a data directory cannot be written, and that it can again. Not
// who is refused meanwhile: each append has its own error. Not syncs: a log whose sync fails is
// done with, see PartitionLog::failure().
#pragma once

#include <string>

#include "base/result.h"
#include "base/time.h"

namespace millrace::log {

class WriteTrouble {
 public:
  explicit WriteTrouble(std::string directory) : directory_(std::move(directory)) {}

  /// An append was refused: kDiskFull, kIo or kOverloaded; others are no trouble of the disk's.
  /// Bounds: one line a minute, however many appends fail, or fail by turns.
  void on_failure(const Error& error, MonoTime now);
  /// An append was written.
  void on_success() {
    if (told_) tell_end();
  }

 private:
  void tell_end();

  std::string directory_;
  bool told_ = false;
  MonoTime quiet_until_;
};

}  // namespace millrace::log
