// StableWriter: writes that somebody always waits for, each stable once it has returned. Never
// queued behind a slow sync of another file. Through io_uring where the kernel offers it: a write
// then costs the process half of what handing it to a thread and back does; else on one thread.
#pragma once

#include <memory>
#include <optional>

#include "runtime/block_buffer.h"
#include "runtime/os/driver.h"
#include "runtime/os/helper_threads.h"
#include "runtime/task.h"

namespace millrace::runtime::os {

class StableWriter {
 public:
  enum class How : uint8_t { kBest, kThread };

  /// Takes nothing from the system before the first write.
  explicit StableWriter(Driver& driver, How how = How::kBest);
  StableWriter(const StableWriter&) = delete;
  StableWriter& operator=(const StableWriter&) = delete;
  /// Waits for what has begun.
  ~StableWriter();

  /// Shape: `file` was opened with O_DIRECT and O_DSYNC; shared with the write, which goes on when
  /// the task is gone. Errors: kIo, kDiskFull with its path.
  Task<> write(std::shared_ptr<const NamedDescriptor> file, int64_t position,
               std::shared_ptr<const BlockBuffer> blocks);

  /// The same for what needs a call of another kind, on the thread.
  Task<> run(std::move_only_function<Result<>()> work) { return thread_.run(std::move(work)); }

 private:
  class Ring;

  Ring* ring();

  Driver& driver_;
  bool ring_wanted_;
  std::unique_ptr<Ring> ring_;
  HelperThreads thread_;
};

}  // namespace millrace::runtime::os
