// The blobs that members of a consumer group exchange through the broker: what a member subscribes
// to, and what the leader gives it. Each begins with its version as an int16.
// Source: ConsumerProtocolSubscription 0-3, ConsumerProtocolAssignment 0-3.
#pragma once

#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "client/assignor.h"

namespace millrace::client {

inline constexpr std::string_view kConsumerProtocolType = "consumer";

/// Everything of `member` but its id and instance id.
Buffer encode_subscription(const MemberSubscription& member);
/// Errors: kInvalidRequest. A version above ours is read as ours (Kafka's rule).
Result<MemberSubscription> decode_subscription(Bytes blob);

Buffer encode_assignment(const std::vector<TopicPartition>& partitions);
/// An empty blob is an empty assignment. Errors: kInvalidRequest.
Result<std::vector<TopicPartition>> decode_assignment(Bytes blob);

}  // namespace millrace::client
