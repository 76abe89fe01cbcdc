#include "metadata/snapshot.h"

#include <algorithm>

#include "metadata/features.h"

namespace millrace::metadata {
namespace {

class SnapshotWriter {
 public:
  SnapshotWriter(const Image& image, Arena& arena)
      : image_(image), arena_(arena), level_(image.metadata_version()) {}

  Records write() {
    write_features();
    for (const auto& [id, broker] : image_.brokers()) write(broker);
    for (const auto& [id, controller] : image_.controllers()) write(controller);
    for (const auto& [id, topic] : image_.topics()) write(topic);
    write_configs();
    write_quotas();
    if (image_.next_producer_id() > ProducerId(0)) {
      add(kafka::ProducerIdsRecord{.broker_id = kNoBroker,
                                   .broker_epoch = -1,
                                   .next_producer_id = image_.next_producer_id()});
    }
    write_access();
    return std::move(records_);
  }

 private:
  void add(const RecordBody& body) {
    const int16_t version = record_version(body, level_);
    records_.push_back({body, version});
  }

  void write_features() {
    if (level_ != 0) {
      add(kafka::FeatureLevelRecord{.name = kMetadataVersionFeature, .feature_level = level_});
    }
    for (const auto& [name, level] : image_.features()) {
      if (name != kMetadataVersionFeature) {
        add(kafka::FeatureLevelRecord{.name = name, .feature_level = level});
      }
    }
  }

  template <class RecordEndpoint>
  std::span<RecordEndpoint> endpoints(const std::vector<Endpoint>& from) {
    std::span<RecordEndpoint> to = arena_.make_array<RecordEndpoint>(from.size());
    for (size_t i = 0; i < from.size(); ++i) {
      to[i] = {from[i].name, from[i].host, from[i].port, from[i].security_protocol};
    }
    return to;
  }

  template <class RecordFeature>
  std::span<RecordFeature> features(const std::map<std::string, FeatureRange>& from) {
    std::span<RecordFeature> to = arena_.make_array<RecordFeature>(from.size());
    size_t i = 0;
    for (const auto& [name, range] : from) to[i++] = {name, range.min, range.max};
    return to;
  }

  void write(const Broker& broker) {
    using Registration = kafka::RegisterBrokerRecord;
    Registration record{
        .broker_id = broker.id,
        .is_migrating_zk_broker = broker.is_migrating_zk_broker && level_ >= kZkMigrationLevel,
        .incarnation_id = broker.incarnation,
        .broker_epoch = broker.epoch,
        .endpoints = endpoints<Registration::Endpoint>(broker.endpoints),
        .features = features<Registration::Feature>(broker.features),
        .fenced = broker.fenced,
        .in_controlled_shutdown = broker.in_controlled_shutdown};
    record.rack.reset();
    if (broker.rack) record.rack = *broker.rack;
    if (level_ >= kDirectoryAssignmentLevel)
      record.log_dirs = arena_.copy_array(broker.directories);
    if (level_ >= kCordonedDirectoriesLevel && broker.cordoned_directories) {
      record.cordoned_log_dirs = arena_.copy_array(*broker.cordoned_directories);
    }
    add(record);
  }

  void write(const ControllerNode& controller) {
    using Registration = kafka::RegisterControllerRecord;
    add(Registration{.controller_id = controller.id,
                     .incarnation_id = controller.incarnation,
                     .zk_migration_ready = controller.zk_migration_ready,
                     .endpoints = endpoints<Registration::Endpoint>(controller.endpoints),
                     .features = features<Registration::Feature>(controller.features)});
  }

  void write(const Topic& topic) {
    add(kafka::TopicRecord{.name = topic.name, .topic_id = topic.id});
    for (const auto& [index, partition] : topic.partitions) write(topic.id, index, partition);
  }

  void write(TopicId topic, PartitionIndex index, const Partition& partition) {
    kafka::PartitionRecord record{.partition_id = index,
                                  .topic_id = topic,
                                  .replicas = arena_.copy_array(partition.replicas),
                                  .isr = arena_.copy_array(partition.isr),
                                  .removing_replicas = arena_.copy_array(partition.removing),
                                  .adding_replicas = arena_.copy_array(partition.adding),
                                  .leader = partition.leader,
                                  .leader_recovery_state = partition.recovery_state,
                                  .leader_epoch = partition.leader_epoch,
                                  .partition_epoch = partition.partition_epoch};
    if (level_ >= kDirectoryAssignmentLevel) {
      record.directories = arena_.copy_array(partition.directories);
    }
    if (level_ >= kEligibleLeaderReplicasLevel) {
      if (!partition.elr.empty()) {
        record.eligible_leader_replicas = arena_.copy_array(partition.elr);
      }
      if (!partition.last_known_elr.empty()) {
        record.last_known_elr = arena_.copy_array(partition.last_known_elr);
      }
    }
    add(record);
  }

  void write_configs() {
    for (const auto& [resource, config] : image_.configs()) {
      for (const auto& [name, value] : config) {
        add(kafka::ConfigRecord{.resource_type = static_cast<int8_t>(resource.type),
                                .resource_name = resource.name,
                                .name = name,
                                .value = value});
      }
    }
  }

  void write_quotas() {
    using Part = kafka::ClientQuotaRecord::EntityPart;
    for (const auto& [entity, values] : image_.quotas()) {
      std::span<Part> parts = arena_.make_array<Part>(entity.size());
      for (size_t i = 0; i < entity.size(); ++i) {
        parts[i].entity_type = entity[i].first;
        parts[i].entity_name =
            entity[i].second ? std::optional<std::string_view>(*entity[i].second) : std::nullopt;
      }
      for (const auto& [key, value] : values) {
        add(kafka::ClientQuotaRecord{.entity = parts, .key = key, .value = value});
      }
    }
  }

  void write_access() {
    for (const auto& [id, acl] : image_.acls()) {
      add(kafka::AccessControlEntryRecord{.id = id,
                                          .resource_type = acl.resource_type,
                                          .resource_name = acl.resource_name,
                                          .pattern_type = acl.pattern_type,
                                          .principal = acl.principal,
                                          .host = acl.host,
                                          .operation = acl.operation,
                                          .permission_type = acl.permission_type});
    }
    for (const auto& [user, credential] : image_.scram_users()) {
      add(kafka::UserScramCredentialRecord{.name = user.name,
                                           .mechanism = user.mechanism,
                                           .salt = credential.salt,
                                           .stored_key = credential.stored_key,
                                           .server_key = credential.server_key,
                                           .iterations = credential.iterations});
    }
    for (const auto& [id, token] : image_.delegation_tokens()) {
      std::span<std::string_view> renewers =
          arena_.make_array<std::string_view>(token.renewers.size());
      std::ranges::copy(token.renewers, renewers.begin());
      add(kafka::DelegationTokenRecord{.owner = token.owner,
                                       .requester = token.requester,
                                       .renewers = renewers,
                                       .issue_timestamp = token.issued,
                                       .max_timestamp = token.ends,
                                       .expiration_timestamp = token.expires,
                                       .token_id = id});
    }
  }

  const Image& image_;
  Arena& arena_;
  int16_t level_;
  Records records_;
};

}  // namespace

Records write_snapshot(const Image& image, Arena& arena) {
  return SnapshotWriter(image, arena).write();
}

}  // namespace millrace::metadata
