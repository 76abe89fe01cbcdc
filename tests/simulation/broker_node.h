// BrokerNode: a whole broker as the process of a simulated machine, with what a service manager
// does for it: when it cannot start, or one of its logs has failed, it is ended and started again.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "broker/broker.h"
#include "runtime/scope.h"

namespace millrace::scenario {

inline constexpr std::string_view kServerName = "server";
inline constexpr uint16_t kServerPort = 9092;

struct BrokerNodeOptions {
  bool recovery_checks_crc = true;
  /// Besides, or instead of, those of broker_settings().
  std::vector<std::pair<std::string, std::string>> settings;
  /// Told, from a task, that clients are served.
  std::function<void()> ready;
  /// Told, from a task, that this process is of no use any more.
  std::function<void(const std::string& why)> exit;
};

/// Small segments and short intervals, so that all a broker does by itself happens in seconds.
Settings broker_settings(const std::vector<std::pair<std::string, std::string>>& more = {});

class BrokerNode {
 public:
  BrokerNode(runtime::Env& env, BrokerNodeOptions options);

  /// Whether clients are served.
  bool serving() const { return serving_; }
  broker::Broker& broker() { return broker_; }

 private:
  static runtime::Task<> run(BrokerNode* self);

  runtime::Env& env_;
  BrokerNodeOptions options_;
  broker::Broker broker_;
  bool serving_ = false;
  runtime::Scope scope_;
};

}  // namespace millrace::scenario
