#include "bench/load/poller.h"

#include <sys/epoll.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "bench/load/arguments.h"
#include "bench/load/meter.h"

namespace millrace::bench {

Poller::Poller() : epoll_(epoll_create1(EPOLL_CLOEXEC)) {
  if (epoll_ < 0) give_up("no epoll");
  // The kernel may let timers run late by 50 us, which would be measured as the broker's latency.
  prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
}

Poller::~Poller() {
  ::close(epoll_);
}

void Poller::add(int fd, Readiness& readiness) {
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  event.data.ptr = &readiness;
  if (epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) != 0) give_up("epoll takes no more sockets");
}

void Poller::wait(int64_t for_ns) {
  epoll_event events[256];
  timespec timeout{};
  timeout.tv_sec = for_ns / 1'000'000'000;
  timeout.tv_nsec = for_ns % 1'000'000'000;
  const int count = epoll_pwait2(epoll_, events, 256, &timeout, nullptr);
  if (count < 0 && errno != EINTR) give_up("epoll_pwait2 failed");
  for (int i = 0; i < count; ++i) {
    static_cast<Readiness*>(events[i].data.ptr)->on_ready(events[i].events);
  }
}

void Poller::run(int64_t until_ns, const std::function<int64_t(int64_t now)>& on_time,
                 const std::function<bool()>& finished) {
  while (!finished()) {
    const int64_t now = now_ns();
    if (now >= until_ns) return;
    const int64_t due = std::min(on_time(now), until_ns);
    wait(std::max<int64_t>(due - now_ns(), 0));
  }
}

}  // namespace millrace::bench
