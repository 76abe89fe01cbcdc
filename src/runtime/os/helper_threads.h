// A few threads for calls that block: fsync, name lookup. The only threads of a process besides its
// loops. A job owns what it touches, so the task that waits for it may vanish meanwhile.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "base/ring_queue.h"
#include "runtime/os/driver.h"
#include "runtime/task.h"
#include "runtime/wait.h"

namespace millrace::runtime::os {

class HelperThreads {
 public:
  HelperThreads(Driver& driver, int count);
  /// Waits for the jobs that have begun and drops the others.
  ~HelperThreads();

  /// Runs `work` on a helper thread and gives its result. `work` owns everything it uses. Threads
  /// begin with the first job. Bounds: as many jobs wait as tasks do; each task has one.
  Task<> run(std::move_only_function<Result<>()> work);
  /// The same for what nobody waits for: the result is dropped. Bounds: the caller's.
  void start(std::move_only_function<Result<>()> work);

 private:
  struct Job;
  // On the loop: tells the tasks whose jobs are finished.
  struct Arrivals : Runnable {
    explicit Arrivals(HelperThreads* t);
    HelperThreads* threads;
  };

  std::shared_ptr<Job> make(std::move_only_function<Result<>()> work);
  void submit(std::shared_ptr<Job> job);
  void work();
  void tell_finished();

  Driver& driver_;
  const int count_;
  std::mutex mutex_;
  std::condition_variable changed_;
  RingQueue<std::shared_ptr<Job>> waiting_;
  RingQueue<std::shared_ptr<Job>> finished_;
  Arrivals arrivals_{this};
  bool stopping_ = false;
  RingQueue<std::shared_ptr<Job>> spares_;  // ended jobs, for the next ones
  std::vector<std::thread> threads_;
};

}  // namespace millrace::runtime::os
