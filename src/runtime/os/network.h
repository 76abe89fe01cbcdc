// TCP sockets over epoll.
#pragma once

#include "runtime/network.h"
#include "runtime/os/driver.h"
#include "runtime/os/helper_threads.h"

namespace millrace::runtime::os {

class SystemNetwork : public Network {
 public:
  /// Names are looked up on helper threads.
  SystemNetwork(Driver& driver, HelperThreads& threads) : driver_(driver), threads_(threads) {}

  Result<std::unique_ptr<Listener>> listen(const Address& at,
                                           const ListenOptions& options) override;
  Task<std::unique_ptr<Socket>> connect(Address to) override;

 private:
  Driver& driver_;
  HelperThreads& threads_;
};

}  // namespace millrace::runtime::os
