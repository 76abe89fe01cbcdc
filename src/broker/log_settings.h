// A node's settings as its logs want them: from names and texts to typed values.
#pragma once

#include <memory>
#include <string>

#include "base/ids.h"
#include "base/random.h"
#include "base/setting_values.h"
#include "log/log_config.h"
#include "log/log_directory.h"

namespace millrace::broker {

/// What a topic's logs are to do.
std::shared_ptr<const log::LogConfig> topic_log_config(const TopicSettings& topic);

/// What __cluster_metadata's log is to do: its start moves with snapshots only.
std::shared_ptr<const log::LogConfig> metadata_log_config(const Settings& settings);

/// Where the data is. Errors: kInvalidSetting when log.dirs names several directories, or
/// metadata.log.dir another one.
Result<std::string> data_directory(const Settings& settings);

/// How a data directory is run. An empty one is formatted with ids drawn from `random`: a node that
/// finds nothing founds a cluster.
log::LogDirectoryOptions log_directory_options(const Settings& settings, std::string path,
                                               BrokerId node, Random& random);

}  // namespace millrace::broker
