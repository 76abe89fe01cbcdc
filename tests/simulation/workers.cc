#include "tests/simulation/workers.h"

#include <fmt/core.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <utility>

#include "base/check.h"

namespace millrace::scenario {
namespace {

// A line is "b NUMBER" when a job begins, "t NUMBER TEXT" while it runs and "e NUMBER TEXT" when it
// has ended.
void tell(int pipe, const std::string& line) {
  size_t done = 0;
  while (done < line.size()) {
    const ssize_t count = write(pipe, line.data() + done, line.size() - done);
    if (count < 0 && errno != EINTR) _exit(1);  // the parent is gone
    if (count > 0) done += static_cast<size_t>(count);
  }
}

}  // namespace

Workers::Workers(uint64_t jobs, int processes, Job job)
    : jobs_(jobs), job_(std::move(job)), workers_(static_cast<size_t>(processes)) {
  for (size_t i = 0; i < workers_.size(); ++i) start(workers_[i], i);
}

Workers::~Workers() {
  for (Worker& worker : workers_) {
    if (worker.process > 0) kill(worker.process, SIGKILL);
    reap(worker);
  }
}

void Workers::start(Worker& worker, uint64_t first) {
  if (first >= jobs_) return;
  std::fflush(stdout);  // or the child would print it again
  int ends[2];
  CHECK(pipe(ends) == 0);
  worker.process = fork();
  CHECK(worker.process >= 0);
  if (worker.process > 0) {
    close(ends[1]);
    worker.pipe = ends[0];
    return;
  }
  close(ends[0]);
  for (uint64_t number = first; number < jobs_; number += workers_.size()) {
    tell(ends[1], fmt::format("b {}\n", number));
    const Tell so_far = [&](const std::string& text) {
      tell(ends[1], fmt::format("t {} {}\n", number, text));
    };
    tell(ends[1], fmt::format("e {} {}\n", number, job_(number, so_far)));
  }
  _exit(0);
}

void Workers::reap(Worker& worker) {
  if (worker.pipe >= 0) close(std::exchange(worker.pipe, -1));
  if (worker.process > 0) waitpid(std::exchange(worker.process, -1), nullptr, 0);
}

bool Workers::take_line(Worker& worker, News& news) {
  size_t end = 0;
  while ((end = worker.unread.find('\n')) != std::string::npos) {
    const std::string line = worker.unread.substr(0, end);
    worker.unread.erase(0, end + 1);
    const char* number_end =
        std::from_chars(line.data() + 2, line.data() + line.size(), worker.job).ptr;
    worker.working = line[0] != 'e';
    if (line[0] == 'b') continue;
    news = {worker.working ? News::Kind::kTold : News::Kind::kDone, worker.job,
            line.substr(static_cast<size_t>(number_end - line.data()) + 1)};
    return true;
  }
  return false;
}

Workers::News Workers::next(Duration wait) {
  News news;
  std::vector<pollfd> waits;
  for (Worker& worker : workers_) {
    if (take_line(worker, news)) return news;
    if (worker.pipe >= 0) waits.push_back({.fd = worker.pipe, .events = POLLIN, .revents = 0});
  }
  if (waits.empty()) return {News::Kind::kAllDone, 0, {}};
  poll(waits.data(), waits.size(), static_cast<int>(wait.ms()));
  for (Worker& worker : workers_) {
    const bool heard = std::any_of(waits.begin(), waits.end(), [&](const pollfd& one) {
      return one.fd == worker.pipe && one.revents != 0;
    });
    if (heard) news = hear(worker);
    if (news.kind != News::Kind::kNothing) break;
  }
  return news;
}

Workers::News Workers::hear(Worker& worker) {
  char bytes[4096];
  const ssize_t count = read(worker.pipe, bytes, sizeof bytes);
  if (count > 0) {
    worker.unread.append(bytes, static_cast<size_t>(count));
    return {};
  }
  reap(worker);
  if (!std::exchange(worker.working, false)) return {};
  start(worker, worker.job + workers_.size());
  return {News::Kind::kDied, worker.job, {}};
}

}  // namespace millrace::scenario
