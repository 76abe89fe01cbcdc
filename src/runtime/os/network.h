// TCP sockets over epoll.
#pragma once

#include "runtime/network.h"
#include "runtime/os/driver.h"
#include "runtime/os/helper_threads.h"

namespace millrace::runtime::os {

class SystemNetwork : public Network {
 public:
  /// Names are looked up on helper threads. Raises the process's limit of open descriptors
  /// (RLIMIT_NOFILE) as far as it may.
  SystemNetwork(Driver& driver, HelperThreads& threads);

  Result<std::unique_ptr<Listener>> listen(const Address& at,
                                           const ListenOptions& options) override;
  Task<std::unique_ptr<Socket>> connect(Address to) override;
  int64_t sockets_max() const override { return sockets_max_; }

 private:
  Driver& driver_;
  HelperThreads& threads_;
  int64_t sockets_max_;
};

}  // namespace millrace::runtime::os
