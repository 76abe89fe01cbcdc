#include "group/subscription.h"

#include "base/arena.h"
#include "kafka/records/embedded/consumer_protocol_subscription.h"

namespace millrace::group {

std::optional<TopicNames> topics_of(Bytes subscription) {
  kafka::Reader reader(subscription);
  int16_t version = 0;
  if (!reader.read(version) || version < 0) return std::nullopt;
  Arena arena;
  const auto decoded = kafka::ConsumerProtocolSubscription::decode(reader, 0, arena);
  if (!decoded) return std::nullopt;
  return TopicNames(decoded->topics.begin(), decoded->topics.end());
}

}  // namespace millrace::group
