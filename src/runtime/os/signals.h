// SIGINT and SIGTERM as something a task can wait for.
#pragma once

#include <memory>

#include "runtime/os/driver.h"
#include "runtime/task.h"
#include "runtime/wait.h"

namespace millrace::runtime::os {

class StopSignals : private EventHandler {
 public:
  /// Takes both signals over for the process, from now until destruction. Call before any thread is
  /// started. SIGPIPE is ignored as well: a broken connection is an error value.
  static Result<std::unique_ptr<StopSignals>> create(Driver& driver);
  ~StopSignals() override;

  /// Waits for the first signal (or returns at once when it has come).
  Task<> wait();
  /// How many have come; a second one means: hurry.
  int count() const { return count_; }

 private:
  StopSignals(Driver& driver, FileDescriptor fd) : driver_(driver), fd_(std::move(fd)) {}
  void on_events(uint32_t epoll_events) override;

  Driver& driver_;
  FileDescriptor fd_;
  int count_ = 0;
  WaitQueue arrived_;
};

}  // namespace millrace::runtime::os
