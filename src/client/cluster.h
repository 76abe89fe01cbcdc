// What a client knows of a cluster: its brokers, who leads which partition, who coordinates which
// group; and the connections to them. Producer, consumer and admin share one. Not for data.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "client/connection.h"
#include "runtime/env.h"

namespace millrace::client {

struct PartitionInfo {
  BrokerId leader = kNoBroker;
  LeaderEpoch leader_epoch = kNoLeaderEpoch;
  std::vector<BrokerId> replicas;
  std::vector<BrokerId> isr;
  Errc error = Errc::kNone;
};

struct TopicInfo {
  TopicId id;
  bool internal = false;
  std::map<PartitionIndex, PartitionInfo> partitions;
};

struct ClusterOptions {
  ConnectionOptions connection;
  Duration retry_backoff = milliseconds(100);       ///< doubles with each try ...
  Duration retry_backoff_max = milliseconds(1000);  ///< ... up to this
  /// How long the first connection is tried again while nobody answers: for a server that was
  /// started just before.
  Duration arrival_patience;
};

class Cluster {
 public:
  /// Nothing is connected yet. `env` outlives the cluster.
  Cluster(runtime::Env* env, std::vector<runtime::Address> bootstrap, ClusterOptions options);
  ~Cluster();

  /// Asks for the named topics; those that do not exist are kUnknownTopicOrPartition.
  /// Errors: kUnreachable when no broker answers; the topic's own error.
  runtime::Task<> refresh_topic(std::string topic, bool auto_create = false);
  /// Asks for every topic.
  runtime::Task<> refresh_all();

  /// As last heard; null when unknown.
  const TopicInfo* find_topic(const std::string& name) const;
  const std::map<std::string, TopicInfo>& topics() const { return topics_; }
  const std::map<BrokerId, runtime::Address>& brokers() const { return brokers_; }
  const std::string& cluster_id() const { return cluster_id_; }
  BrokerId controller() const { return controller_; }

  /// Known topics are not asked for again. Errors: as refresh_topic.
  runtime::Task<const TopicInfo*> topic(std::string name);

  /// An open connection; opened at need, shared. Errors: kUnreachable, kBrokerNotAvailable.
  runtime::Task<std::shared_ptr<Connection>> to_broker(BrokerId id);
  /// To any broker that answers, the bootstrap addresses included.
  runtime::Task<std::shared_ptr<Connection>> to_any();
  /// Errors: kLeaderNotAvailable when there is none.
  runtime::Task<std::shared_ptr<Connection>> to_leader(std::string topic, PartitionIndex partition);
  /// The coordinator of a group, asked for until there is one, at most for `request_timeout` and
  /// not beyond `until`.
  runtime::Task<std::shared_ptr<Connection>> to_coordinator(std::string group,
                                                            MonoTime until = kNever);

  /// Forgets who coordinates it; the next to_coordinator() asks again.
  void forget_coordinator(const std::string& group) { coordinators_.erase(group); }

  /// Waits before try number `attempt` (from 0), with jitter. Source: KIP-580.
  runtime::Task<> back_off(int attempt);

  runtime::Env& env() { return *env_; }
  const ClusterOptions& options() const { return options_; }
  void close();

 private:
  runtime::Task<> refresh(std::optional<std::string> topic, bool auto_create);
  runtime::Task<BrokerId> find_coordinator(std::string group);

  runtime::Env* env_;
  std::vector<runtime::Address> bootstrap_;
  ClusterOptions options_;
  std::map<BrokerId, runtime::Address> brokers_;
  std::map<std::string, TopicInfo> topics_;
  std::map<std::string, BrokerId> coordinators_;
  // By address: a bootstrap address and a broker are often the same.
  std::map<std::string, std::shared_ptr<Connection>> connections_;
  runtime::Task<std::shared_ptr<Connection>> to_address(runtime::Address address);
  std::string cluster_id_;
  BrokerId controller_ = kNoBroker;
};

/// The list in bootstrap.servers: "host:port,host:port". Errors: kInvalidSetting.
Result<std::vector<runtime::Address>> parse_bootstrap(std::string_view text);

}  // namespace millrace::client
