#include "metadata/entities.h"

#include <algorithm>

#include "base/check.h"

namespace millrace::metadata {

const Endpoint* Broker::find_endpoint(std::string_view listener) const {
  const auto found = std::ranges::find(endpoints, listener, &Endpoint::name);
  return found == endpoints.end() ? nullptr : &*found;
}

bool Partition::has_replica(BrokerId broker) const {
  return std::ranges::find(replicas, broker) != replicas.end();
}

bool Partition::is_in_sync(BrokerId broker) const {
  return std::ranges::find(isr, broker) != isr.end();
}

Uuid Partition::directory_of(BrokerId broker) const {
  const auto found = std::ranges::find(replicas, broker);
  CHECK(found != replicas.end());
  const auto at = static_cast<size_t>(found - replicas.begin());
  return at < directories.size() ? directories[at] : kMigratingDirectory;
}

const Partition* Topic::find(PartitionIndex index) const {
  const auto found = partitions.find(index);
  return found == partitions.end() ? nullptr : &found->second;
}

std::string_view to_string(ConfigResourceType type) {
  switch (type) {
    case ConfigResourceType::kTopic:
      return "topic";
    case ConfigResourceType::kBroker:
      return "broker";
    case ConfigResourceType::kBrokerLogger:
      return "broker logger";
    case ConfigResourceType::kClientMetrics:
      return "client metrics subscription";
    case ConfigResourceType::kGroup:
      return "group";
    case ConfigResourceType::kUnknown:
      break;
  }
  return "unknown resource";
}

}  // namespace millrace::metadata
