#include "runtime/os/helper_threads.h"

#include <pthread.h>
#include <signal.h>

namespace millrace::runtime::os {

// Shared by the task that waits and the thread that works.
struct HelperThreads::Job {
  std::move_only_function<Result<>()> work;
  Result<> result;  // written by the thread before it hands the job over, read by the loop after
  bool finished = false;
  WaitQueue done;
};

HelperThreads::Arrivals::Arrivals(HelperThreads* t)
    : Runnable([](Runnable& self) { static_cast<Arrivals&>(self).threads->tell_finished(); }),
      threads(t) {}

HelperThreads::HelperThreads(Driver& driver, int count) : driver_(driver), count_(count) {}

HelperThreads::~HelperThreads() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    waiting_.clear();
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
  driver_.forget(arrivals_);
}

Task<> HelperThreads::run(std::move_only_function<Result<>()> work) {
  auto job = std::make_shared<Job>();
  job->work = std::move(work);
  submit(job);
  while (!job->finished) co_await job->done.wait();
  co_await std::move(job->result);
}

void HelperThreads::start(std::move_only_function<Result<>()> work) {
  auto job = std::make_shared<Job>();
  job->work = std::move(work);
  submit(std::move(job));
}

void HelperThreads::submit(std::shared_ptr<Job> job) {
  {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(std::move(job));
  }
  if (static_cast<int>(threads_.size()) < count_) threads_.emplace_back([this] { this->work(); });
  changed_.notify_one();
}

void HelperThreads::work() {
  // Signals are for the loop's thread.
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);
  while (true) {
    std::shared_ptr<Job> job;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
      if (stopping_) return;
      job = std::move(waiting_.front());
      waiting_.pop_front();
    }
    job->result = job->work();
    job->work = nullptr;
    bool first = false;
    {
      const std::lock_guard lock(mutex_);
      first = finished_.empty();
      finished_.push_back(std::move(job));
    }
    if (first) driver_.post_from_elsewhere(arrivals_);
  }
}

void HelperThreads::tell_finished() {
  std::vector<std::shared_ptr<Job>> finished;
  {
    const std::lock_guard lock(mutex_);
    finished.swap(finished_);
  }
  for (const std::shared_ptr<Job>& job : finished) {
    job->finished = true;
    job->done.wake_all();
  }
}

}  // namespace millrace::runtime::os
