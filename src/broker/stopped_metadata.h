// The cluster's metadata as a stopped data directory tells it: snapshot and log, read without a
// quorum and without changing anything. For `millrace log check`; a server uses quorum.h.
#pragma once

#include <string>

#include "base/ids.h"
#include "base/result.h"
#include "log/directory_check.h"
#include "metadata/image.h"
#include "runtime/disk.h"

namespace millrace::broker {

/// Errors: kCorruptFile when it cannot be read to the end, or speaks against itself; kNewerFormat,
/// kUnsupportedVersion; each says which file.
Result<metadata::Image> read_stopped_metadata(runtime::Disk& disk, const std::string& data);

/// The partitions that the node ought to have, the metadata's own among them.
log::KnownPartitions known_partitions(const metadata::Image& image, BrokerId node);

}  // namespace millrace::broker
