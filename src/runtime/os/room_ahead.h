// RoomAhead: disk space behind the end of a file that is appended to, taken in steps before it is
// written. A file system that finds room there has less to do for each page, and no page that comes
// in waits for the lock under which others get theirs. The file's size tells nothing of it.
//
// The loop says how far the file has come; helper threads take the room and give it back.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>

#include "runtime/os/file_descriptor.h"
#include "runtime/os/helper_threads.h"

namespace millrace::runtime::os {

class RoomAhead : public std::enable_shared_from_this<RoomAhead> {
 public:
  RoomAhead(std::shared_ptr<const NamedDescriptor> file, HelperThreads& threads)
      : file_(std::move(file)), threads_(threads) {}

  // On the loop.

  /// Before a write that ends at `end`. What is too little for now is taken while the loop goes on;
  /// whether there was any is nobody's business: without room a write takes its own.
  void before_write(int64_t end);
  /// Before the file is cut to `size`, which gives back all room behind it.
  void before_truncate(int64_t size);
  /// Nothing is appended for now: give_back() may.
  void end_appending();

  // On any thread.

  /// After end_appending(): what is behind the file's end goes back, that of a process before this
  /// one too. What cannot stays until the file goes.
  void give_back();

 private:
  void begin_appending();
  void take(int64_t from, int64_t size);

  std::shared_ptr<const NamedDescriptor> file_;
  HelperThreads& threads_;
  int64_t end_ = 0;   // of the room, as far as it was asked for
  std::mutex mutex_;  // held by helpers at work on the file, and by who changes ended_
  std::atomic<bool> ended_ = false;
};

}  // namespace millrace::runtime::os
