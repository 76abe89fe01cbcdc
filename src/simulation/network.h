// SimulatedNetwork: one machine's door to the fabric: listening, connecting, accepting.
// What happens on the way is in fabric.h, what happens afterwards in connection.h.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>

#include "runtime/network.h"
#include "simulation/connection.h"
#include "simulation/fabric.h"

namespace millrace::simulation {

class SimulatedListener final : public runtime::Listener {
 public:
  SimulatedListener(Fabric& fabric, Host& host, runtime::Address local, int backlog);
  ~SimulatedListener() override;

  Result<std::unique_ptr<runtime::Socket>> try_accept() override;
  runtime::WaitQueue& acceptable() override { return acceptable_; }
  const runtime::Address& local() const override { return local_; }
  void close() override;

  bool is_full() const { return waiting_.size() >= backlog_; }
  /// A connection has come in. Requires: not full.
  void offer(std::unique_ptr<SimulatedSocket> socket);
  bool is_reachable_from(const Host& host) const;

 private:
  Fabric& fabric_;
  Host& host_;
  runtime::Address local_;
  size_t backlog_;
  bool open_ = true;
  std::deque<std::unique_ptr<SimulatedSocket>> waiting_;
  runtime::WaitQueue acceptable_;
};

class SimulatedNetwork final : public runtime::Network {
 public:
  SimulatedNetwork(Fabric& fabric, Host& host) : fabric_(fabric), host_(host) {}

  Result<std::unique_ptr<runtime::Listener>> listen(const runtime::Address& at,
                                                    const runtime::ListenOptions& options) override;
  runtime::Task<std::unique_ptr<runtime::Socket>> connect(runtime::Address to) override;
  int64_t sockets_max() const override { return host_.sockets_max / 4 * 3; }

 private:
  Fabric& fabric_;
  Host& host_;
};

}  // namespace millrace::simulation
