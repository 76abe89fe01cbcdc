#include "metadata/delta.h"

namespace millrace::metadata {

bool Delta::empty() const {
  return partitions.empty() && created_topics.empty() && removed_topics.empty() &&
         configs.empty() && brokers.empty() && controllers.empty() && features.empty() &&
         quotas.empty() && acls.empty() && scram_users.empty() && delegation_tokens.empty() &&
         !producer_ids;
}

void Delta::merge(Delta&& later) {
  for (auto& [id, topic] : later.removed_topics) {
    partitions.erase(id);
    created_topics.erase(id);
    removed_topics.insert_or_assign(id, std::move(topic));
  }
  for (const auto& [id, indexes] : later.partitions) {
    partitions[id].insert(indexes.begin(), indexes.end());
  }
  created_topics.merge(later.created_topics);
  configs.merge(later.configs);
  brokers.merge(later.brokers);
  controllers.merge(later.controllers);
  features.merge(later.features);
  quotas.merge(later.quotas);
  acls.merge(later.acls);
  scram_users.merge(later.scram_users);
  delegation_tokens.merge(later.delegation_tokens);
  producer_ids |= later.producer_ids;
}

}  // namespace millrace::metadata
