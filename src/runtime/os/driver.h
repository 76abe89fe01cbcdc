// Driver: runs a Loop on this thread over epoll. The Linux counterpart of simulation's world.
//
//   until stopped:  one turn of the loop -> sleep in epoll until a socket, a finished helper job or
//                   the next deadline -> tell those who wait
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "base/result.h"
#include "runtime/loop.h"
#include "runtime/os/file_descriptor.h"

namespace millrace::runtime::os {

/// Told about readiness of one descriptor.
class EventHandler {
 public:
  virtual ~EventHandler() = default;
  virtual void on_events(uint32_t epoll_events) = 0;
};

class Driver {
 public:
  /// Errors: kOverloaded when out of descriptors.
  static Result<std::unique_ptr<Driver>> create(Loop& loop);
  ~Driver();

  /// Runs turns until stop(). May be called again afterwards.
  void run();
  void stop() { stopped_ = true; }

  /// Edge triggered, for reading and writing. The handler outlives the descriptor's registration,
  /// which ends when the descriptor is closed or remove() is called.
  Result<> add(int fd, EventHandler& handler);
  void remove(int fd, EventHandler& handler);

  /// From any thread: runs `runnable` on this loop.
  void post_from_elsewhere(Runnable& runnable);
  /// Takes back what was posted from elsewhere and has not reached the loop.
  void forget(Runnable& runnable);

  Loop& loop() { return loop_; }

 private:
  Driver(Loop& loop, FileDescriptor epoll, FileDescriptor wake);
  void poll(int timeout_ms);
  int sleep_ms() const;
  void take_posted();

  Loop& loop_;
  FileDescriptor epoll_;
  FileDescriptor wake_;
  bool stopped_ = false;
  std::vector<EventHandler*>
      batch_;  // of the epoll_wait being told; an entry is cleared by remove()
  std::mutex posted_mutex_;
  std::vector<Runnable*> posted_;
  std::vector<Runnable*> taken_;  // empty but while they are taken; kept for its memory
};

}  // namespace millrace::runtime::os
