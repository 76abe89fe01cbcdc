// Which names topics may have, which of them collide, and which topics are the cluster's own.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "base/result.h"

namespace millrace::metadata {

inline constexpr std::string_view kOffsetsTopic = "__consumer_offsets";
inline constexpr std::string_view kTransactionTopic = "__transaction_state";
inline constexpr std::string_view kShareStateTopic = "__share_group_state";
inline constexpr std::string_view kMetadataTopic = "__cluster_metadata";

/// Units: characters. A directory's name adds a dash and a partition number.
inline constexpr size_t kTopicNameSizeMax = 249;

/// Errors: kInvalidTopicException: empty, ".", "..", too long, or with characters other than ASCII
/// letters, digits, '.', '_' and '-'.
Result<> check_topic_name(std::string_view name);

/// Topics of the coordinators: compacted by their owners, closed to ordinary producers.
bool is_internal_topic(std::string_view name);

/// The name with '.' written as '_': names that agree in it would share a metric's name, so only
/// one of them may exist.
std::string unified_topic_name(std::string_view name);

}  // namespace millrace::metadata
