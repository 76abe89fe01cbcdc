#include "runtime/os/helper_threads.h"

#include <pthread.h>
#include <signal.h>

namespace millrace::runtime::os {
namespace {

constexpr size_t kSparesMax = 64;

template <class T>
std::shared_ptr<T> take_first(RingQueue<std::shared_ptr<T>>& jobs) {
  std::shared_ptr<T> job = std::move(jobs.front());
  jobs.pop_front();
  return job;
}

}  // namespace

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
    while (!waiting_.empty()) waiting_.pop_front();
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
  driver_.forget(arrivals_);
}

Task<> HelperThreads::run(std::move_only_function<Result<>()> work) {
  std::shared_ptr<Job> job = make(std::move(work));
  submit(job);
  while (!job->finished) co_await job->done.wait();
  Result<> result = std::move(job->result);
  if (job.use_count() == 1 && spares_.size() < kSparesMax) spares_.push_back(std::move(job));
  co_await std::move(result);
}

void HelperThreads::start(std::move_only_function<Result<>()> work) {
  submit(make(std::move(work)));
}

std::shared_ptr<HelperThreads::Job> HelperThreads::make(std::move_only_function<Result<>()> work) {
  std::shared_ptr<Job> job = spares_.empty() ? std::make_shared<Job>() : take_first(spares_);
  job->finished = false;
  job->work = std::move(work);
  return job;
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
      job = take_first(waiting_);
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
  while (true) {
    std::shared_ptr<Job> job;
    {
      const std::lock_guard lock(mutex_);
      if (finished_.empty()) return;
      job = take_first(finished_);
    }
    job->finished = true;
    job->done.wake_all();
  }
}

}  // namespace millrace::runtime::os
