// StandardInput: what is piped or typed into the process, read on a helper thread. A read that has
// begun cannot be given up, so one begins only when there is something to read.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "runtime/os/helper_threads.h"
#include "runtime/task.h"

namespace millrace::runtime::os {

class StandardInput {
 public:
  /// Borrows `threads`.
  explicit StandardInput(HelperThreads& threads) : threads_(threads) {}
  StandardInput(const StandardInput&) = delete;
  StandardInput& operator=(const StandardInput&) = delete;
  ~StandardInput() { end(); }

  /// The next bytes, at most 1 MiB; none at the end. Errors: kIo.
  Task<std::string> read();
  /// What has not arrived yet is not waited for any more: within 100 ms read() is at the end.
  void end() { *ended_ = true; }

 private:
  HelperThreads& threads_;
  std::shared_ptr<std::atomic<bool>> ended_ = std::make_shared<std::atomic<bool>>(false);
};

}  // namespace millrace::runtime::os
