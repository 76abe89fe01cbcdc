// The cluster's truth as the metadata log tells it: the read model every other part looks things up
// in. It changes only by replaying records, so any two nodes that replayed the same records hold
// equal images.
// Not for deciding what records to write (metadata/controller.h), nor for offsets, batches and open
// metadata transactions (metadata/loader.h).
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "base/ids.h"
#include "base/result.h"
#include "metadata/delta.h"
#include "metadata/entities.h"
#include "metadata/record.h"

namespace millrace::metadata {

/// Copies freely; a copy is a snapshot. All containers iterate in a fixed order.
class Image {
 public:
  /// Applies one record and notes in `delta` what it touched.
  /// Errors: kCorruptFile when the record contradicts the image (a partition of an unknown topic,
  /// another broker epoch): the log is damaged, and this image must not be used further.
  Result<> replay(const Record& record, Delta& delta);

  // Topics
  const std::map<TopicId, Topic>& topics() const { return topics_; }
  const std::map<std::string, TopicId, std::less<>>& topic_ids() const { return topic_ids_; }
  const Topic* find_topic(std::string_view name) const;
  const Topic* find_topic(TopicId id) const;
  const Partition* find_partition(TopicId id, PartitionIndex index) const;
  /// An existing topic whose name differs only in '.' against '_'; nullptr if none.
  const Topic* find_colliding(std::string_view name) const;
  int64_t partition_count() const { return partition_count_; }

  // Nodes
  const std::map<BrokerId, Broker>& brokers() const { return brokers_; }
  const Broker* find_broker(BrokerId id) const;
  const std::map<BrokerId, ControllerNode>& controllers() const { return controllers_; }

  // Features: level 0 is the same as absent
  const std::map<std::string, int16_t, std::less<>>& features() const { return features_; }
  int16_t feature_level(std::string_view name) const;
  /// 0 before the first record.
  int16_t metadata_version() const;

  // Configs
  const std::map<ConfigResource, Config>& configs() const { return configs_; }
  /// Empty when nothing is set.
  const Config& config(const ConfigResource& resource) const;
  const Config& topic_config(std::string_view topic) const;

  /// The first producer id of the next block.
  ProducerId next_producer_id() const { return next_producer_id_; }

  // Kept for the parts that will use them, and so that no snapshot of ours loses any.
  const std::map<QuotaEntity, std::map<std::string, double>>& quotas() const { return quotas_; }
  const std::map<Uuid, AccessControlEntry>& acls() const { return acls_; }
  const std::map<ScramUser, ScramCredential>& scram_users() const { return scram_users_; }
  const std::map<std::string, DelegationToken, std::less<>>& delegation_tokens() const {
    return delegation_tokens_;
  }

  bool empty() const { return *this == Image(); }
  friend bool operator==(const Image&, const Image&) = default;

 private:
  // One for each kind of record; found by overload.
  Result<> apply(const kafka::RegisterBrokerRecord&, Delta&);
  Result<> apply(const kafka::UnregisterBrokerRecord&, Delta&);
  Result<> apply(const kafka::TopicRecord&, Delta&);
  Result<> apply(const kafka::PartitionRecord&, Delta&);
  Result<> apply(const kafka::ConfigRecord&, Delta&);
  Result<> apply(const kafka::PartitionChangeRecord&, Delta&);
  Result<> apply(const kafka::FenceBrokerRecord&, Delta&);
  Result<> apply(const kafka::UnfenceBrokerRecord&, Delta&);
  Result<> apply(const kafka::RemoveTopicRecord&, Delta&);
  Result<> apply(const kafka::DelegationTokenRecord&, Delta&);
  Result<> apply(const kafka::UserScramCredentialRecord&, Delta&);
  Result<> apply(const kafka::FeatureLevelRecord&, Delta&);
  Result<> apply(const kafka::ClientQuotaRecord&, Delta&);
  Result<> apply(const kafka::ProducerIdsRecord&, Delta&);
  Result<> apply(const kafka::BrokerRegistrationChangeRecord&, Delta&);
  Result<> apply(const kafka::AccessControlEntryRecord&, Delta&);
  Result<> apply(const kafka::RemoveAccessControlEntryRecord&, Delta&);
  Result<> apply(const kafka::NoOpRecord&, Delta&) { return {}; }
  Result<> apply(const kafka::ZkMigrationRecord&, Delta&) { return {}; }
  Result<> apply(const kafka::RemoveUserScramCredentialRecord&, Delta&);
  // The brackets of metadata transactions are the loader's.
  Result<> apply(const kafka::BeginTransactionRecord&, Delta&) { return {}; }
  Result<> apply(const kafka::EndTransactionRecord&, Delta&) { return {}; }
  Result<> apply(const kafka::AbortTransactionRecord&, Delta&) { return {}; }
  Result<> apply(const kafka::RemoveDelegationTokenRecord&, Delta&);
  Result<> apply(const kafka::RegisterControllerRecord&, Delta&);
  Result<> apply(const kafka::ClearElrRecord&, Delta&);

  Result<Broker*> broker_at_epoch(BrokerId id, int64_t epoch);
  Result<Topic*> topic_of(TopicId id);

  std::map<TopicId, Topic> topics_;
  std::map<std::string, TopicId, std::less<>> topic_ids_;
  std::map<std::string, std::set<std::string>, std::less<>> names_by_unified_;  // '.' as '_'
  int64_t partition_count_ = 0;
  std::map<BrokerId, Broker> brokers_;
  std::map<BrokerId, ControllerNode> controllers_;
  std::map<std::string, int16_t, std::less<>> features_;
  std::map<ConfigResource, Config> configs_;
  ProducerId next_producer_id_{0};
  std::map<QuotaEntity, std::map<std::string, double>> quotas_;
  std::map<Uuid, AccessControlEntry> acls_;
  std::map<ScramUser, ScramCredential> scram_users_;
  std::map<std::string, DelegationToken, std::less<>> delegation_tokens_;
};

}  // namespace millrace::metadata
