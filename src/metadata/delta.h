// What a batch of metadata records changed, so that a host need not compare whole images.
#pragma once

#include <map>
#include <set>
#include <string>

#include "base/ids.h"
#include "metadata/entities.h"

namespace millrace::metadata {

/// Names what to look at; the new state is in the image. Sets are sorted, so that whoever walks
/// them does so in the same order every time.
struct Delta {
  /// Created topics, and those with partitions that were added or changed, with which.
  std::map<TopicId, std::set<PartitionIndex>> partitions;
  std::set<TopicId> created_topics;
  /// Removed topics are no longer in the image; here they are as they last were.
  std::map<TopicId, Topic> removed_topics;

  std::set<ConfigResource> configs;
  std::set<BrokerId> brokers;  ///< registered, changed or unregistered
  std::set<BrokerId> controllers;
  std::set<std::string> features;
  std::set<QuotaEntity> quotas;
  std::set<Uuid> acls;
  std::set<ScramUser> scram_users;
  std::set<std::string> delegation_tokens;
  bool producer_ids = false;

  bool empty() const;
  /// Adds what came after. A topic that was created and then removed remains in removed_topics
  /// only.
  void merge(Delta&& later);
};

}  // namespace millrace::metadata
