// The one look the coordinator takes into what members tell each other: the topics of a `consumer`
// subscription. Everything else in it passes through unread.
#pragma once

#include <optional>
#include <set>
#include <string>

#include "base/bytes.h"

namespace millrace::group {

using TopicNames = std::set<std::string, std::less<>>;

/// The protocol type of consumers; groups of other types (`connect`) have metadata of their own.
inline constexpr std::string_view kConsumerProtocolType = "consumer";

/// The topics of a subscription of any version: all begin with the fields of version 0.
/// Nothing when the bytes are no subscription. Source: KIP-429, ConsumerProtocolSubscription.
std::optional<TopicNames> topics_of(Bytes subscription);

}  // namespace millrace::group
