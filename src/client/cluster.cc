#include "client/cluster.h"

#include <fmt/core.h>

#include <algorithm>

#include "kafka/messages/find_coordinator.h"
#include "kafka/messages/metadata.h"

namespace millrace::client {

using runtime::Task;

Cluster::Cluster(runtime::Env* env, std::vector<runtime::Address> bootstrap, ClusterOptions options)
    : env_(env), bootstrap_(std::move(bootstrap)), options_(std::move(options)) {}

Cluster::~Cluster() {
  close();
}

void Cluster::close() {
  for (auto& [address, connection] : connections_) connection->close();
  connections_.clear();
}

Task<std::shared_ptr<Connection>> Cluster::to_address(runtime::Address address) {
  const std::string name = address.to_string();
  const auto known = connections_.find(name);
  if (known != connections_.end() && !known->second->failed()) co_return known->second;
  std::shared_ptr<Connection> opened =
      co_await Connection::open(env_, std::move(address), options_.connection);
  // Another task may have opened one meanwhile; one of the two is enough.
  std::shared_ptr<Connection>& slot = connections_[name];
  if (!slot || slot->failed()) slot = std::move(opened);
  co_return slot;
}

Task<std::shared_ptr<Connection>> Cluster::to_broker(BrokerId id) {
  const auto broker = brokers_.find(id);
  if (broker == brokers_.end()) {
    co_await fail(Errc::kBrokerNotAvailable,
                  fmt::format("broker {} is not in the metadata", id.value));
  }
  co_return co_await to_address(broker->second);
}

Task<std::shared_ptr<Connection>> Cluster::to_any() {
  std::vector<runtime::Address> candidates;
  candidates.reserve(brokers_.size() + bootstrap_.size());
  for (const auto& [id, address] : brokers_) candidates.push_back(address);
  candidates.insert(candidates.end(), bootstrap_.begin(), bootstrap_.end());
  const MonoTime patient_until = env_->loop.now() + options_.arrival_patience;
  for (int attempt = 0;; ++attempt) {
    Error last(Errc::kUnreachable, "no bootstrap address is given");
    for (const runtime::Address& address : candidates) {
      Result<std::shared_ptr<Connection>> connection = co_await as_result(to_address(address));
      if (connection) co_return *std::move(connection);
      last = std::move(connection).error();
    }
    const bool may_arrive = connections_.empty() && last.code() == Errc::kUnreachable;
    if (!may_arrive || env_->loop.now() >= patient_until) co_await fail(std::move(last));
    co_await back_off(attempt);
  }
}

Task<> Cluster::refresh(std::optional<std::string> topic, bool auto_create) {
  const std::shared_ptr<Connection> connection = co_await to_any();
  kafka::MetadataRequest request;
  kafka::MetadataRequest::Topic named;
  if (topic) {
    named.name = *topic;
    request.topics = std::span(&named, 1);
  } else {
    request.topics = std::nullopt;
  }
  request.allow_auto_topic_creation = auto_create;
  const Reply<kafka::MetadataResponse> reply = co_await connection->call(&request);

  brokers_.clear();
  for (const auto& broker : reply->brokers) {
    brokers_[broker.node_id] = {std::string(broker.host), static_cast<uint16_t>(broker.port)};
  }
  cluster_id_ = std::string(reply->cluster_id.value_or(""));
  controller_ = reply->controller_id;
  if (!topic) topics_.clear();
  for (const auto& found : reply->topics) {
    const std::string name(found.name.value_or(""));
    if (found.error_code != 0) {
      topics_.erase(name);
      if (topic) co_await fail(errc_from_kafka(found.error_code), fmt::format("topic {}", name));
      continue;
    }
    TopicInfo info{.id = found.topic_id, .internal = found.is_internal, .partitions = {}};
    for (const auto& partition : found.partitions) {
      info.partitions[partition.partition_index] = {
          .leader = partition.leader_id,
          .leader_epoch = partition.leader_epoch,
          .replicas = {partition.replica_nodes.begin(), partition.replica_nodes.end()},
          .isr = {partition.isr_nodes.begin(), partition.isr_nodes.end()},
          .error = errc_from_kafka(partition.error_code)};
    }
    topics_[name] = std::move(info);
  }
}

Task<> Cluster::refresh_topic(std::string topic, bool auto_create) {
  co_await refresh(std::move(topic), auto_create);
}

Task<> Cluster::refresh_all() {
  co_await refresh(std::nullopt, false);
}

const TopicInfo* Cluster::find_topic(const std::string& name) const {
  const auto found = topics_.find(name);
  return found == topics_.end() ? nullptr : &found->second;
}

Task<const TopicInfo*> Cluster::topic(std::string name) {
  if (!find_topic(name)) co_await refresh_topic(name);
  const TopicInfo* const found = find_topic(name);
  if (!found) {
    co_await fail(Errc::kUnknownTopicOrPartition,
                  fmt::format("the server's answer leaves out topic {}", name));
  }
  co_return found;
}

Task<std::shared_ptr<Connection>> Cluster::to_leader(std::string topic_name,
                                                     PartitionIndex partition) {
  const TopicInfo* info = co_await topic(topic_name);
  const auto found = info->partitions.find(partition);
  if (found == info->partitions.end()) {
    co_await fail(Errc::kUnknownTopicOrPartition,
                  fmt::format("topic {} has no partition {}", topic_name, partition.value));
  }
  if (found->second.leader == kNoBroker) {
    co_await fail(Errc::kLeaderNotAvailable,
                  fmt::format("topic {} partition {}", topic_name, partition.value));
  }
  co_return co_await to_broker(found->second.leader);
}

Task<BrokerId> Cluster::find_coordinator(std::string group) {
  const std::shared_ptr<Connection> connection = co_await to_any();
  kafka::FindCoordinatorRequest request;
  std::string_view key = group;
  // Up to version 3 one key, from 4 on a list.
  if (co_await connection->version_of(kafka::ApiKey::kFindCoordinator) >= 4) {
    request.coordinator_keys = std::span(&key, 1);
  } else {
    request.key = key;
  }
  const Reply<kafka::FindCoordinatorResponse> reply = co_await connection->call(&request);
  if (reply->coordinators.empty()) {
    if (reply->error_code != 0) co_await fail(errc_from_kafka(reply->error_code), "group " + group);
    brokers_[reply->node_id] = {std::string(reply->host), static_cast<uint16_t>(reply->port)};
    co_return reply->node_id;
  }
  const auto& found = reply->coordinators[0];
  if (found.error_code != 0) {
    co_await fail(errc_from_kafka(found.error_code), "coordinator of group " + group);
  }
  brokers_[found.node_id] = {std::string(found.host), static_cast<uint16_t>(found.port)};
  co_return found.node_id;
}

Task<std::shared_ptr<Connection>> Cluster::to_coordinator(std::string group, MonoTime until) {
  const MonoTime deadline = std::min(until, env_->loop.now() + options_.connection.request_timeout);
  for (int attempt = 0;; ++attempt) {
    const auto known = coordinators_.find(group);
    Result<BrokerId> id = known != coordinators_.end()
                              ? Result<BrokerId>(known->second)
                              : co_await as_result(find_coordinator(group));
    if (id) {
      coordinators_[group] = *id;
      Result<std::shared_ptr<Connection>> connection = co_await as_result(to_broker(*id));
      if (connection) co_return *std::move(connection);
      id = fail(std::move(connection).error());
    }
    coordinators_.erase(group);
    if (!id.error().info().retriable || env_->loop.now() >= deadline) co_await std::move(id);
    co_await back_off(attempt);
  }
}

Task<> Cluster::back_off(int attempt) {
  const int64_t doubled = options_.retry_backoff.ns << std::min(attempt, 16);
  const int64_t longest = std::min(doubled, options_.retry_backoff_max.ns);
  // Between 80 and 120 %, so that many clients do not come back together.
  const int64_t wait = longest / 10 * env_->random.between(8, 12);
  co_await runtime::sleep_until(env_->loop.now() + nanoseconds(wait));
}

Result<std::vector<runtime::Address>> parse_bootstrap(std::string_view text) {
  std::vector<runtime::Address> addresses;
  while (!text.empty()) {
    const size_t comma = std::min(text.find(','), text.size());
    std::string_view one = text.substr(0, comma);
    text.remove_prefix(std::min(comma + 1, text.size()));
    while (one.starts_with(' ')) one.remove_prefix(1);
    while (one.ends_with(' ')) one.remove_suffix(1);
    // "PLAINTEXT://host:port" is how brokers write it.
    if (const size_t scheme = one.find("://"); scheme != std::string_view::npos) {
      one.remove_prefix(scheme + 3);
    }
    if (!one.empty()) addresses.push_back(TRY(runtime::Address::parse(one)));
  }
  if (addresses.empty())
    return fail(Errc::kInvalidSetting, "no bootstrap address: HOST:PORT wanted");
  return addresses;
}

}  // namespace millrace::client
