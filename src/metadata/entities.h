// What the cluster consists of, as plain data: brokers, topics, partitions, and the smaller things
// that metadata records speak of. Not for how they change: metadata/image.h.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "base/time.h"

namespace millrace::metadata {

/// What is known of a directory instead of its id; all are reserved (base/uuid.h).
inline constexpr Uuid kMigratingDirectory{0, 0};   ///< written before directories had ids
inline constexpr Uuid kUnassignedDirectory{0, 1};  ///< the broker has not chosen one yet
inline constexpr Uuid kLostDirectory{0, 2};        ///< in one that failed

struct Endpoint {
  std::string name;  ///< of the listener
  std::string host;
  uint16_t port = 0;
  int16_t security_protocol = 0;  ///< 0 PLAINTEXT, 1 SSL, 2 SASL_PLAINTEXT, 3 SASL_SSL
  friend bool operator==(const Endpoint&, const Endpoint&) = default;
};

struct FeatureRange {
  int16_t min = 0;
  int16_t max = 0;
  friend bool operator==(const FeatureRange&, const FeatureRange&) = default;
};

struct Broker {
  BrokerId id;
  int64_t epoch = -1;  ///< of this registration; opaque, strictly increasing
  Uuid incarnation;    ///< of the process that registered
  std::vector<Endpoint> endpoints;
  std::map<std::string, FeatureRange> features;
  std::optional<std::string> rack;
  bool fenced = true;
  bool in_controlled_shutdown = false;
  bool is_migrating_zk_broker = false;
  std::vector<Uuid> directories;  ///< sorted
  /// Directories that get no new replicas; not set before the broker said so.
  std::optional<std::vector<Uuid>> cordoned_directories;

  /// May lead, and join in-sync sets.
  bool is_active() const { return !fenced && !in_controlled_shutdown; }
  const Endpoint* find_endpoint(std::string_view listener) const;
  friend bool operator==(const Broker&, const Broker&) = default;
};

struct ControllerNode {
  BrokerId id;
  Uuid incarnation;
  bool zk_migration_ready = false;
  std::vector<Endpoint> endpoints;
  std::map<std::string, FeatureRange> features;
  friend bool operator==(const ControllerNode&, const ControllerNode&) = default;
};

struct Partition {
  std::vector<BrokerId> replicas;  ///< the first is the preferred leader
  std::vector<Uuid> directories;   ///< of each replica, in their order
  std::vector<BrokerId> isr;       ///< in sync
  std::vector<BrokerId> removing;
  std::vector<BrokerId> adding;
  std::vector<BrokerId> elr;  ///< eligible to lead though not in sync (KIP-966)
  std::vector<BrokerId> last_known_elr;
  BrokerId leader = kNoBroker;
  int8_t recovery_state = 0;  ///< 1: its leader was elected uncleanly and is recovering
  LeaderEpoch leader_epoch{0};
  int32_t partition_epoch = 0;  ///< of any change

  bool has_replica(BrokerId broker) const;
  bool is_in_sync(BrokerId broker) const;
  /// Where a replica lies; kMigratingDirectory when nobody said. Requires: has_replica(broker).
  Uuid directory_of(BrokerId broker) const;
  friend bool operator==(const Partition&, const Partition&) = default;
};

struct Topic {
  std::string name;
  TopicId id;
  std::map<PartitionIndex, Partition> partitions;

  const Partition* find(PartitionIndex index) const;
  friend bool operator==(const Topic&, const Topic&) = default;
};

/// Kafka's numbers for what can be configured.
enum class ConfigResourceType : int8_t {
  kUnknown = 0,
  kTopic = 2,
  kBroker = 4,
  kBrokerLogger = 8,  ///< never stored
  kClientMetrics = 16,
  kGroup = 32,
};
std::string_view to_string(ConfigResourceType type);

struct ConfigResource {
  ConfigResourceType type = ConfigResourceType::kUnknown;
  std::string name;  ///< a broker's number, or empty for all brokers
  friend auto operator<=>(const ConfigResource&, const ConfigResource&) = default;
};
using Config = std::map<std::string, std::string>;

/// Whom a quota is for: (entity type, name) with no name for the default, sorted by type.
using QuotaEntity = std::vector<std::pair<std::string, std::optional<std::string>>>;

struct AccessControlEntry {
  int8_t resource_type = 0;
  std::string resource_name;
  int8_t pattern_type = 0;
  std::string principal;
  std::string host;
  int8_t operation = 0;
  int8_t permission_type = 0;
  friend bool operator==(const AccessControlEntry&, const AccessControlEntry&) = default;
};

struct ScramUser {
  int8_t mechanism = 0;  ///< 1 SCRAM-SHA-256, 2 SCRAM-SHA-512
  std::string name;
  friend auto operator<=>(const ScramUser&, const ScramUser&) = default;
};
struct ScramCredential {
  std::vector<uint8_t> salt;
  std::vector<uint8_t> stored_key;
  std::vector<uint8_t> server_key;
  int32_t iterations = 0;
  friend bool operator==(const ScramCredential&, const ScramCredential&) = default;
};

struct DelegationToken {
  std::string owner;
  std::string requester;
  std::vector<std::string> renewers;
  Timestamp issued{0};
  Timestamp ends{0};
  Timestamp expires{0};
  friend bool operator==(const DelegationToken&, const DelegationToken&) = default;
};

}  // namespace millrace::metadata
