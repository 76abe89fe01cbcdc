// `millrace up`: a broker from command line and configuration file to its orderly end. The one
// place that says which settings a node starts with; the world it runs in is the caller's.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/setting_values.h"
#include "runtime/env.h"
#include "runtime/task.h"

namespace millrace::app {

struct UpOptions {
  std::optional<std::string> data;    ///< --data DIR; ./data without any configuration
  std::optional<std::string> listen;  ///< --listen HOST:PORT; port 0 picks a free one
  std::optional<std::string> config;  ///< --config server.properties
  std::vector<std::pair<std::string, std::string>> set;  ///< --set name=value
  std::optional<std::string> ready_file;  ///< --ready-file F: the address, while it serves
};

/// The settings in force at the start. A configuration file is taken as it is, so its silence means
/// Kafka's defaults; without one, the node is a cluster of its own that listens on this machine
/// only. What is worth a warning is logged. Errors: kNotFound, kIo for the file; kInvalidSetting
/// with every bad value.
Result<Settings> up_settings(const UpOptions& options, runtime::Disk& disk);

/// Serves until `until` ends, then stops in order.
/// Errors: what hinders the start (broker/broker.h), or the end.
runtime::Task<> up(runtime::Env* env, UpOptions options, runtime::Task<> until);

}  // namespace millrace::app
