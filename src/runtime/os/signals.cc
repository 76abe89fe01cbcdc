#include "runtime/os/signals.h"

#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>

#include "runtime/os/system_error.h"

namespace millrace::runtime::os {
namespace {

sigset_t stop_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  return set;
}

}  // namespace

Result<std::unique_ptr<StopSignals>> StopSignals::create(Driver& driver) {
  signal(SIGPIPE, SIG_IGN);
  const sigset_t set = stop_signals();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  FileDescriptor fd(signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC));
  if (!fd.valid()) return fail(system_error(errno, "create", "signalfd"));
  std::unique_ptr<StopSignals> signals(new StopSignals(driver, std::move(fd)));
  TRY(driver.add(signals->fd_.get(), *signals));
  return signals;
}

StopSignals::~StopSignals() {
  driver_.remove(fd_.get(), *this);
  const sigset_t set = stop_signals();
  pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
}

Task<> StopSignals::wait() {
  while (count_ == 0) co_await arrived_.wait();
}

void StopSignals::on_events(uint32_t /*epoll_events*/) {
  signalfd_siginfo info{};
  while (::read(fd_.get(), &info, sizeof info) == sizeof info) ++count_;
  arrived_.wake_all();
}

}  // namespace millrace::runtime::os
