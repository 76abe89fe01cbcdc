#include "runtime/os/driver.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "runtime/os/system_error.h"

namespace millrace::runtime::os {
namespace {

constexpr int kEventsPerPoll = 256;  // bounds a turn; what is left comes with the next
constexpr int64_t kLongestSleepMs = 60'000;

}  // namespace

Result<std::unique_ptr<Driver>> Driver::create(Loop& loop) {
  FileDescriptor epoll(epoll_create1(EPOLL_CLOEXEC));
  if (!epoll.valid()) return fail(system_error(errno, "create", "epoll"));
  FileDescriptor wake(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake.valid()) return fail(system_error(errno, "create", "eventfd"));
  epoll_event event{.events = EPOLLIN, .data = {.ptr = nullptr}};
  if (epoll_ctl(epoll.get(), EPOLL_CTL_ADD, wake.get(), &event) != 0) {
    return fail(system_error(errno, "watch", "eventfd"));
  }
  return std::unique_ptr<Driver>(new Driver(loop, std::move(epoll), std::move(wake)));
}

Driver::Driver(Loop& loop, FileDescriptor epoll, FileDescriptor wake)
    : loop_(loop), epoll_(std::move(epoll)), wake_(std::move(wake)) {}

Driver::~Driver() = default;

void Driver::run() {
  stopped_ = false;
  while (!stopped_) {
    const bool more = loop_.run_turn();
    if (!stopped_) poll(more ? 0 : sleep_ms());
  }
}

int Driver::sleep_ms() const {
  const MonoTime deadline = loop_.next_deadline();
  if (deadline == kNever) return -1;
  const int64_t ns = (deadline - loop_.clock().mono()).ns;
  // Rounded up: waking a little early would only spin.
  return static_cast<int>(std::clamp<int64_t>((ns + 999'999) / 1'000'000, 0, kLongestSleepMs));
}

void Driver::poll(int timeout_ms) {
  std::array<epoll_event, kEventsPerPoll> events;
  const int count = epoll_wait(epoll_.get(), events.data(), kEventsPerPoll, timeout_ms);
  batch_.clear();
  for (int i = 0; i < count; ++i) {
    batch_.push_back(static_cast<EventHandler*>(events[static_cast<size_t>(i)].data.ptr));
  }
  for (size_t i = 0; i < batch_.size(); ++i) {
    if (events[i].data.ptr == nullptr) {
      take_posted();
    } else if (batch_[i]) {
      batch_[i]->on_events(events[i].events);
    }
  }
  batch_.clear();
}

Result<> Driver::add(int fd, EventHandler& handler) {
  epoll_event event{.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data = {.ptr = &handler}};
  if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0) {
    return fail(system_error(errno, "watch", "descriptor"));
  }
  return {};
}

void Driver::remove(int fd, EventHandler& handler) {
  epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
  std::replace(batch_.begin(), batch_.end(), &handler, static_cast<EventHandler*>(nullptr));
}

void Driver::post_from_elsewhere(Runnable& runnable) {
  {
    const std::lock_guard lock(posted_mutex_);
    posted_.push_back(&runnable);
  }
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = ::write(wake_.get(), &one, sizeof one);
}

void Driver::forget(Runnable& runnable) {
  const std::lock_guard lock(posted_mutex_);
  std::erase(posted_, &runnable);
}

void Driver::take_posted() {
  uint64_t count = 0;
  [[maybe_unused]] const ssize_t got = ::read(wake_.get(), &count, sizeof count);
  {
    const std::lock_guard lock(posted_mutex_);
    taken_.swap(posted_);
  }
  for (Runnable* runnable : taken_) {
    if (!runnable->queued()) loop_.post(*runnable);
  }
  taken_.clear();
}

}  // namespace millrace::runtime::os
