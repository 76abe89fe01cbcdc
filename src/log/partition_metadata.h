// partition.metadata: which topic, by id, a partition's directory belongs to.
//
//   version: 0
//   topic_id: 8T8l0Yp2Q7qRj6jCk1rJ2w
#pragma once

#include <string>
#include <string_view>

#include "base/ids.h"
#include "base/result.h"

namespace millrace::log {

std::string format_partition_metadata(TopicId id);
/// Errors: kCorruptFile, kNewerFormat.
Result<TopicId> parse_partition_metadata(std::string_view text);

}  // namespace millrace::log
