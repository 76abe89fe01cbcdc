// How a person names what has settings: topic/orders, broker/0, broker (all of them), group/audit.
#pragma once

#include <string>

#include "client/admin.h"

namespace millrace::app {

struct ResourceName {
  client::ConfigResource type;
  std::string name;  ///< empty: the default of all brokers
};

/// Errors: kUsage.
Result<ResourceName> parse_resource(const std::string& text);

}  // namespace millrace::app
