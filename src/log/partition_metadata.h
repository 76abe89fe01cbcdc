// partition.metadata: which topic, by id, a partition's directory belongs to.
//
//   version: 0
//   topic_id: 8T8l0Yp2Q7qRj6jCk1rJ2w
#pragma once

#include <string>
#include <string_view>

#include "base/ids.h"
#include "base/result.h"
#include "runtime/disk.h"

namespace millrace::log {

std::string format_partition_metadata(TopicId id);
/// Errors: kCorruptFile, kNewerFormat.
Result<TopicId> parse_partition_metadata(std::string_view text);
/// The same of the file in a partition's directory. Errors: also kNotFound, kIo.
Result<TopicId> read_partition_metadata(runtime::Disk& disk, const std::string& directory);

}  // namespace millrace::log
