#include "metadata/image.h"

#include <fmt/core.h>
#include <algorithm>
#include <cmath>
#include <limits>

#include "metadata/features.h"
#include "metadata/topic_name.h"

namespace millrace::metadata {
namespace {

std::unexpected<Error> damaged(std::string detail) {
  return fail(Errc::kCorruptFile, "the metadata log contradicts itself: " + std::move(detail));
}

template <class T>
std::vector<T> owned(std::span<T> from) {
  return {from.begin(), from.end()};
}
template <class T>
std::vector<T> owned(const std::optional<std::span<T>>& from) {
  return from ? owned(*from) : std::vector<T>();
}
std::vector<uint8_t> owned(Bytes from) {
  return {from.begin(), from.end()};
}

template <class T>
void assign_if_given(std::vector<T>& to, const std::optional<std::span<T>>& from) {
  if (from) to.assign(from->begin(), from->end());
}

// Nobody counts that far: the record that set the epoch is wrong.
Result<> raise(int32_t& epoch) {
  if (epoch == std::numeric_limits<int32_t>::max()) {
    return damaged(fmt::format("a partition's epoch is {} and raised once more", epoch));
  }
  ++epoch;
  return {};
}

template <class Endpoints>
std::vector<Endpoint> owned_endpoints(const Endpoints& from) {
  std::vector<Endpoint> endpoints;
  endpoints.reserve(from.size());
  for (const auto& e : from) {
    endpoints.push_back({std::string(e.name), std::string(e.host), e.port, e.security_protocol});
  }
  return endpoints;
}

template <class Features>
std::map<std::string, FeatureRange> owned_features(const Features& from) {
  std::map<std::string, FeatureRange> features;
  for (const auto& f : from) {
    features[std::string(f.name)] = {f.min_supported_version, f.max_supported_version};
  }
  return features;
}

}  // namespace

Result<> Image::replay(const Record& record, Delta& delta) {
  Result<> result = std::visit([&](const auto& body) { return apply(body, delta); }, record.body);
  if (!result) return fail(result.error().within(record_name(record)));
  return result;
}

// Topics

const Topic* Image::find_topic(std::string_view name) const {
  const auto found = topic_ids_.find(name);
  return found == topic_ids_.end() ? nullptr : find_topic(found->second);
}

const Topic* Image::find_topic(TopicId id) const {
  const auto found = topics_.find(id);
  return found == topics_.end() ? nullptr : &found->second;
}

const Partition* Image::find_partition(TopicId id, PartitionIndex index) const {
  const Topic* topic = find_topic(id);
  return topic == nullptr ? nullptr : topic->find(index);
}

const Topic* Image::find_colliding(std::string_view name) const {
  const auto found = names_by_unified_.find(unified_topic_name(name));
  if (found == names_by_unified_.end()) return nullptr;
  for (const std::string& other : found->second) {
    if (other != name) return find_topic(other);
  }
  return nullptr;
}

Result<Topic*> Image::topic_of(TopicId id) {
  const auto found = topics_.find(id);
  if (found == topics_.end()) {
    return damaged(fmt::format("there is no topic with id {}", id.value.to_string()));
  }
  return &found->second;
}

Result<> Image::apply(const kafka::TopicRecord& record, Delta& delta) {
  const auto id = TopicId{record.topic_id};
  std::string name(record.name);
  if (topics_.contains(id) || topic_ids_.contains(name)) {
    return damaged(fmt::format("topic {} with id {} exists already", name, id.value.to_string()));
  }
  topic_ids_[name] = id;
  names_by_unified_[unified_topic_name(name)].insert(name);
  topics_[id] = Topic{.name = std::move(name), .id = id, .partitions = {}};
  delta.created_topics.insert(id);
  delta.partitions[id];
  return {};
}

Result<> Image::apply(const kafka::PartitionRecord& record, Delta& delta) {
  Topic* topic = TRY(topic_of(record.topic_id));
  Partition partition{.replicas = owned(record.replicas),
                      .directories = owned(record.directories),
                      .isr = owned(record.isr),
                      .removing = owned(record.removing_replicas),
                      .adding = owned(record.adding_replicas),
                      .elr = owned(record.eligible_leader_replicas),
                      .last_known_elr = owned(record.last_known_elr),
                      .leader = record.leader,
                      .recovery_state = record.leader_recovery_state,
                      .leader_epoch = record.leader_epoch,
                      .partition_epoch = record.partition_epoch};
  // Before directories had ids, records named none.
  if (partition.directories.empty()) {
    partition.directories.assign(partition.replicas.size(), kMigratingDirectory);
  }
  if (partition.directories.size() != partition.replicas.size()) {
    return damaged(fmt::format("partition {}-{} has {} replicas in {} directories", topic->name,
                               record.partition_id.value, partition.replicas.size(),
                               partition.directories.size()));
  }
  const auto [at, is_new] =
      topic->partitions.insert_or_assign(record.partition_id, std::move(partition));
  partition_count_ += is_new ? 1 : 0;
  delta.partitions[topic->id].insert(record.partition_id);
  return {};
}

// An absent field is unchanged. A leader that is named, even the same one, begins a new leader
// epoch; any change is a new partition epoch.
Result<> Image::apply(const kafka::PartitionChangeRecord& record, Delta& delta) {
  constexpr BrokerId kLeaderUnchanged{-2};
  constexpr int8_t kRecoveryUnchanged = -1;
  Topic* topic = TRY(topic_of(record.topic_id));
  const auto found = topic->partitions.find(record.partition_id);
  if (found == topic->partitions.end()) {
    return damaged(
        fmt::format("there is no partition {}-{}", topic->name, record.partition_id.value));
  }
  Partition& partition = found->second;
  assign_if_given(partition.isr, record.isr);
  assign_if_given(partition.replicas, record.replicas);
  assign_if_given(partition.removing, record.removing_replicas);
  assign_if_given(partition.adding, record.adding_replicas);
  assign_if_given(partition.directories, record.directories);
  assign_if_given(partition.elr, record.eligible_leader_replicas);
  assign_if_given(partition.last_known_elr, record.last_known_elr);
  if (record.replicas && !record.directories) {
    partition.directories.resize(partition.replicas.size(), kUnassignedDirectory);
  }
  if (partition.directories.size() != partition.replicas.size()) {
    return damaged(fmt::format("partition {}-{} has {} replicas in {} directories", topic->name,
                               record.partition_id.value, partition.replicas.size(),
                               partition.directories.size()));
  }
  if (record.leader != kLeaderUnchanged) {
    partition.leader = record.leader;
    TRY(raise(partition.leader_epoch.value));
  }
  if (record.leader_recovery_state != kRecoveryUnchanged) {
    partition.recovery_state = record.leader_recovery_state;
  }
  TRY(raise(partition.partition_epoch));
  delta.partitions[topic->id].insert(record.partition_id);
  return {};
}

Result<> Image::apply(const kafka::RemoveTopicRecord& record, Delta& delta) {
  Topic* topic = TRY(topic_of(record.topic_id));
  const TopicId id = topic->id;
  const ConfigResource resource{ConfigResourceType::kTopic, topic->name};
  topic_ids_.erase(topic->name);
  const auto names = names_by_unified_.find(unified_topic_name(topic->name));
  names->second.erase(topic->name);
  if (names->second.empty()) names_by_unified_.erase(names);
  partition_count_ -= static_cast<int64_t>(topic->partitions.size());
  if (configs_.erase(resource) > 0) delta.configs.insert(resource);

  Delta removal;
  removal.removed_topics.emplace(id, std::move(*topic));
  topics_.erase(id);
  delta.merge(std::move(removal));
  return {};
}

Result<> Image::apply(const kafka::ClearElrRecord& record, Delta& delta) {
  const auto clear = [&](Topic& topic) -> Result<> {
    for (auto& [index, partition] : topic.partitions) {
      if (partition.elr.empty() && partition.last_known_elr.empty()) continue;
      partition.elr.clear();
      partition.last_known_elr.clear();
      TRY(raise(partition.partition_epoch));
      delta.partitions[topic.id].insert(index);
    }
    return {};
  };
  if (record.topic_name.empty()) {
    for (auto& [id, topic] : topics_) TRY(clear(topic));
    return {};
  }
  const auto found = topic_ids_.find(record.topic_name);
  if (found == topic_ids_.end()) {
    return damaged(fmt::format("there is no topic {}", record.topic_name));
  }
  return clear(topics_.at(found->second));
}

// Nodes

const Broker* Image::find_broker(BrokerId id) const {
  const auto found = brokers_.find(id);
  return found == brokers_.end() ? nullptr : &found->second;
}

Result<Broker*> Image::broker_at_epoch(BrokerId id, int64_t epoch) {
  const auto found = brokers_.find(id);
  if (found == brokers_.end()) return damaged(fmt::format("there is no broker {}", id.value));
  if (found->second.epoch != epoch) {
    return damaged(
        fmt::format("broker {} has epoch {}, not {}", id.value, found->second.epoch, epoch));
  }
  return &found->second;
}

Result<> Image::apply(const kafka::RegisterBrokerRecord& record, Delta& delta) {
  Broker broker{.id = record.broker_id,
                .epoch = record.broker_epoch,
                .incarnation = record.incarnation_id,
                .endpoints = owned_endpoints(record.endpoints),
                .features = owned_features(record.features),
                .fenced = record.fenced,
                .in_controlled_shutdown = record.in_controlled_shutdown,
                .is_migrating_zk_broker = record.is_migrating_zk_broker,
                .directories = owned(record.log_dirs)};
  if (record.rack) broker.rack = std::string(*record.rack);
  if (record.cordoned_log_dirs) broker.cordoned_directories = owned(*record.cordoned_log_dirs);
  std::ranges::sort(broker.directories);
  delta.brokers.insert(broker.id);
  brokers_.insert_or_assign(record.broker_id, std::move(broker));
  return {};
}

Result<> Image::apply(const kafka::UnregisterBrokerRecord& record, Delta& delta) {
  TRY(broker_at_epoch(record.broker_id, record.broker_epoch));
  brokers_.erase(record.broker_id);
  delta.brokers.insert(record.broker_id);
  return {};
}

Result<> Image::apply(const kafka::FenceBrokerRecord& record, Delta& delta) {
  Broker* broker = TRY(broker_at_epoch(record.id, record.epoch));
  broker->fenced = true;
  delta.brokers.insert(broker->id);
  return {};
}

Result<> Image::apply(const kafka::UnfenceBrokerRecord& record, Delta& delta) {
  Broker* broker = TRY(broker_at_epoch(record.id, record.epoch));
  broker->fenced = false;
  delta.brokers.insert(broker->id);
  return {};
}

Result<> Image::apply(const kafka::BrokerRegistrationChangeRecord& record, Delta& delta) {
  Broker* broker = TRY(broker_at_epoch(record.broker_id, record.broker_epoch));
  if (record.fenced < -1 || record.fenced > 1 || record.in_controlled_shutdown < 0 ||
      record.in_controlled_shutdown > 1) {
    return damaged(fmt::format("broker {} changes to fenced {}, in controlled shutdown {}",
                               broker->id.value, record.fenced, record.in_controlled_shutdown));
  }
  if (record.fenced != 0) broker->fenced = record.fenced == 1;
  if (record.in_controlled_shutdown != 0) broker->in_controlled_shutdown = true;
  if (!record.log_dirs.empty()) {
    broker->directories = owned(record.log_dirs);
    std::ranges::sort(broker->directories);
  }
  if (record.cordoned_log_dirs) broker->cordoned_directories = owned(*record.cordoned_log_dirs);
  delta.brokers.insert(broker->id);
  return {};
}

Result<> Image::apply(const kafka::RegisterControllerRecord& record, Delta& delta) {
  controllers_.insert_or_assign(record.controller_id,
                                ControllerNode{.id = record.controller_id,
                                               .incarnation = record.incarnation_id,
                                               .zk_migration_ready = record.zk_migration_ready,
                                               .endpoints = owned_endpoints(record.endpoints),
                                               .features = owned_features(record.features)});
  delta.controllers.insert(record.controller_id);
  return {};
}

// Features, configs, producer ids

int16_t Image::feature_level(std::string_view name) const {
  const auto found = features_.find(name);
  return found == features_.end() ? int16_t{0} : found->second;
}

int16_t Image::metadata_version() const {
  return feature_level(kMetadataVersionFeature);
}

Result<> Image::apply(const kafka::FeatureLevelRecord& record, Delta& delta) {
  std::string name(record.name);
  delta.features.insert(name);
  if (record.feature_level == 0) {
    features_.erase(name);
  } else {
    features_[std::move(name)] = record.feature_level;
  }
  return {};
}

const Config& Image::config(const ConfigResource& resource) const {
  static const Config none;
  const auto found = configs_.find(resource);
  return found == configs_.end() ? none : found->second;
}

const Config& Image::topic_config(std::string_view topic) const {
  return config({ConfigResourceType::kTopic, std::string(topic)});
}

Result<> Image::apply(const kafka::ConfigRecord& record, Delta& delta) {
  const ConfigResource resource{static_cast<ConfigResourceType>(record.resource_type),
                                std::string(record.resource_name)};
  delta.configs.insert(resource);
  if (record.value) {
    configs_[resource][std::string(record.name)] = *record.value;
    return {};
  }
  const auto found = configs_.find(resource);
  if (found == configs_.end()) return {};
  found->second.erase(std::string(record.name));
  if (found->second.empty()) configs_.erase(found);
  return {};
}

Result<> Image::apply(const kafka::ProducerIdsRecord& record, Delta& delta) {
  if (record.next_producer_id < next_producer_id_) {
    return damaged(fmt::format("producer ids go back from {} to {}", next_producer_id_.value,
                               record.next_producer_id.value));
  }
  next_producer_id_ = record.next_producer_id;
  delta.producer_ids = true;
  return {};
}

// Quotas, access control, credentials, tokens

Result<> Image::apply(const kafka::ClientQuotaRecord& record, Delta& delta) {
  QuotaEntity entity;
  for (const auto& part : record.entity) {
    entity.emplace_back(part.entity_type, part.entity_name
                                              ? std::optional(std::string(*part.entity_name))
                                              : std::nullopt);
  }
  std::ranges::sort(entity);
  delta.quotas.insert(entity);
  // Nothing is more than NaN, so it limits nobody; kept, it would make the image unlike itself.
  if (!record.remove && !std::isnan(record.value)) {
    quotas_[std::move(entity)][std::string(record.key)] = record.value;
    return {};
  }
  const auto found = quotas_.find(entity);
  if (found == quotas_.end()) return {};
  found->second.erase(std::string(record.key));
  if (found->second.empty()) quotas_.erase(found);
  return {};
}

Result<> Image::apply(const kafka::AccessControlEntryRecord& record, Delta& delta) {
  acls_.insert_or_assign(record.id,
                         AccessControlEntry{.resource_type = record.resource_type,
                                            .resource_name = std::string(record.resource_name),
                                            .pattern_type = record.pattern_type,
                                            .principal = std::string(record.principal),
                                            .host = std::string(record.host),
                                            .operation = record.operation,
                                            .permission_type = record.permission_type});
  delta.acls.insert(record.id);
  return {};
}

Result<> Image::apply(const kafka::RemoveAccessControlEntryRecord& record, Delta& delta) {
  if (acls_.erase(record.id) == 0) {
    return damaged(fmt::format("there is no ACL {}", record.id.to_string()));
  }
  delta.acls.insert(record.id);
  return {};
}

Result<> Image::apply(const kafka::UserScramCredentialRecord& record, Delta& delta) {
  const ScramUser user{record.mechanism, std::string(record.name)};
  scram_users_.insert_or_assign(user, ScramCredential{.salt = owned(record.salt),
                                                      .stored_key = owned(record.stored_key),
                                                      .server_key = owned(record.server_key),
                                                      .iterations = record.iterations});
  delta.scram_users.insert(user);
  return {};
}

Result<> Image::apply(const kafka::RemoveUserScramCredentialRecord& record, Delta& delta) {
  const ScramUser user{record.mechanism, std::string(record.name)};
  if (scram_users_.erase(user) == 0) {
    return damaged(fmt::format("user {} has no such SCRAM credential", user.name));
  }
  delta.scram_users.insert(user);
  return {};
}

Result<> Image::apply(const kafka::DelegationTokenRecord& record, Delta& delta) {
  DelegationToken token{.owner = std::string(record.owner),
                        .requester = std::string(record.requester),
                        .issued = record.issue_timestamp,
                        .ends = record.max_timestamp,
                        .expires = record.expiration_timestamp};
  for (const std::string_view renewer : record.renewers) token.renewers.emplace_back(renewer);
  std::string id(record.token_id);
  delta.delegation_tokens.insert(id);
  delegation_tokens_.insert_or_assign(std::move(id), std::move(token));
  return {};
}

Result<> Image::apply(const kafka::RemoveDelegationTokenRecord& record, Delta& delta) {
  std::string id(record.token_id);
  if (delegation_tokens_.erase(id) == 0) {
    return damaged(fmt::format("there is no delegation token {}", id));
  }
  delta.delegation_tokens.insert(std::move(id));
  return {};
}

}  // namespace millrace::metadata
