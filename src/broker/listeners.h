// Which listeners a node opens, from the settings that say so. Not opening them: see server.h.
#pragma once

#include <vector>

#include "base/result.h"
#include "base/setting_values.h"
#include "broker/server.h"

namespace millrace::broker {

/// The broker's own listeners, in the order of `listeners`. Those that controller.listener.names
/// names are left out: the controller of a quorum of one is this process, and nobody dials it.
/// Errors: kInvalidSetting for an address or a name that is wrong or used twice, an advertised
/// listener that does not exist, a security protocol other than PLAINTEXT, no listener left.
Result<std::vector<ListenerSpec>> broker_listeners(const Settings& settings);

/// How many may be connected.
/// Errors: kInvalidSetting for malformed max.connections.per.ip.overrides.
Result<ConnectionCounts> connection_counts(const Settings& settings);

/// The limits of connections and of their memory.
/// Errors: kInvalidSetting for malformed max.connections.per.ip.overrides.
Result<ServerLimits> server_limits(const Settings& settings);

}  // namespace millrace::broker
