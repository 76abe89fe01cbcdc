// Admin: what an operator asks of a cluster, one function each, in owned values. A multi-part
// answer is returned whole; a single-resource call turns its resource's error into its own.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "client/assignor.h"
#include "client/cluster.h"

namespace millrace::client {

struct NewTopic {
  std::string name;
  int32_t partitions = -1;  ///< -1: the cluster's default
  int16_t replication_factor = -1;
  std::vector<std::pair<std::string, std::string>> configs;
  bool validate_only = false;
};
struct CreatedTopic {
  TopicId id;
  int32_t partitions = -1;
  int16_t replication_factor = -1;
};
/// Errors: kTopicAlreadyExists, kInvalidTopicException, kInvalidPartitions, kInvalidConfig ...
runtime::Task<CreatedTopic> create_topic(Cluster* cluster, NewTopic topic);
runtime::Task<> delete_topic(Cluster* cluster, std::string name);
/// `count` is the new total.
runtime::Task<> create_partitions(Cluster* cluster, std::string topic, int32_t count);

/// Removes the records below each offset (kNoOffset: all up to the high watermark); returns where
/// each partition begins now.
runtime::Task<std::map<PartitionIndex, Offset>> delete_records(
    Cluster* cluster, std::string topic, std::map<PartitionIndex, Offset> before);

/// Kafka's resource types.
enum class ConfigResource : int8_t {
  kTopic = 2,
  kBroker = 4,
  kBrokerLogger = 8,
  kClientMetrics = 16,
  kGroup = 32
};

struct ConfigEntry {
  std::string name;
  std::optional<std::string> value;  ///< nullopt: null, or secret
  std::string source;                ///< "topic", "broker", "static", "default" ...
  bool read_only = false;
  bool sensitive = false;
  std::string documentation;
  bool is_default() const { return source == "default"; }
};
runtime::Task<std::vector<ConfigEntry>> describe_configs(Cluster* cluster, ConfigResource type,
                                                         std::string name);

/// nullopt: back to the default.
using ConfigChanges = std::vector<std::pair<std::string, std::optional<std::string>>>;
runtime::Task<> alter_configs(Cluster* cluster, ConfigResource type, std::string name,
                              ConfigChanges changes, bool validate_only);

struct GroupListing {
  std::string id;
  std::string protocol_type;
  std::string state;
  std::string type;
};
/// Of every broker.
runtime::Task<std::vector<GroupListing>> list_groups(Cluster* cluster);

struct GroupMember {
  std::string id;
  std::string instance_id;
  std::string client_id;
  std::string host;
  std::vector<TopicPartition> assignment;
};
struct GroupDescription {
  std::string id;
  std::string state;
  std::string protocol_type;
  std::string protocol;
  std::vector<GroupMember> members;
};
/// Errors: kGroupIdNotFound.
runtime::Task<GroupDescription> describe_group(Cluster* cluster, std::string id);
runtime::Task<> delete_group(Cluster* cluster, std::string id);

/// A broker's data directory. Units: bytes. Brokers before Kafka 3.3 do not tell of the disk (-1).
/// A partition that the broker cannot serve is not in it.
struct LogDirectoryFacts {
  BrokerId broker;
  std::string path;
  int64_t total_bytes = -1;
  int64_t usable_bytes = -1;
  std::map<TopicPartition, int64_t> sizes;
};
/// Those of every broker. Asks for the metadata of all topics first.
runtime::Task<std::vector<LogDirectoryFacts>> log_directories(Cluster* cluster);
/// Bytes on disk of every partition, of every broker; replicas add up.
runtime::Task<std::map<TopicPartition, int64_t>> log_sizes(Cluster* cluster);

}  // namespace millrace::client
