#include "client/admin.h"

#include <fmt/core.h>

#include <algorithm>

#include "client/consumer_protocol.h"
#include "kafka/messages/create_partitions.h"
#include "kafka/messages/create_topics.h"
#include "kafka/messages/delete_groups.h"
#include "kafka/messages/delete_records.h"
#include "kafka/messages/delete_topics.h"
#include "kafka/messages/describe_configs.h"
#include "kafka/messages/describe_groups.h"
#include "kafka/messages/describe_log_dirs.h"
#include "kafka/messages/incremental_alter_configs.h"
#include "kafka/messages/list_groups.h"

namespace millrace::client {

using runtime::Task;

namespace {

int32_t timeout_ms(const Cluster* cluster) {
  return static_cast<int32_t>(cluster->options().connection.request_timeout.ms());
}

// The error of one resource: its own sentence where the server gave one.
Result<> check(int16_t code, std::string_view what,
               const std::optional<std::string_view>& message = std::nullopt) {
  if (code == 0) return {};
  return fail(errc_from_kafka(code), message && !message->empty()
                                         ? fmt::format("{}: {}", what, *message)
                                         : std::string(what));
}

// An answer about one thing must be about one thing.
template <class List>
Result<> check_one(const List& list, std::string_view what) {
  if (list.size() == 1) return {};
  return fail(Errc::kInvalidRequest,
              fmt::format("{}: the answer is about {} things", what, list.size()));
}

std::string_view source_name(int8_t source) {
  constexpr std::string_view kNames[] = {"unknown",        "topic",          "broker",
                                         "broker default", "static",         "default",
                                         "broker logger",  "client metrics", "group"};
  return source >= 0 && static_cast<size_t>(source) < std::size(kNames) ? kNames[source]
                                                                        : kNames[0];
}

std::string configs_of(ConfigResource type, const std::string& name) {
  if (type == ConfigResource::kBroker) {
    return name.empty() ? "configs of all brokers" : "configs of broker " + name;
  }
  return fmt::format("configs of \"{}\"", name);
}

}  // namespace

Task<CreatedTopic> create_topic(Cluster* cluster, NewTopic topic) {
  const auto connection = co_await cluster->to_any();
  std::vector<kafka::CreateTopicsRequest::Config> configs;
  configs.reserve(topic.configs.size());
  for (const auto& [name, value] : topic.configs) configs.push_back({.name = name, .value = value});
  kafka::CreateTopicsRequest::Topic wanted{.name = topic.name,
                                           .num_partitions = topic.partitions,
                                           .replication_factor = topic.replication_factor,
                                           .configs = configs};
  kafka::CreateTopicsRequest request;
  request.topics = std::span(&wanted, 1);
  request.timeout_ms = timeout_ms(cluster);
  request.validate_only = topic.validate_only;
  const auto reply = co_await connection->call(&request);
  const std::string what = fmt::format("create topic {}", topic.name);
  co_await check_one(reply->topics, what);
  const auto& created = reply->topics[0];
  co_await check(created.error_code, what, created.error_message);
  co_return CreatedTopic{created.topic_id, created.num_partitions, created.replication_factor};
}

Task<> delete_topic(Cluster* cluster, std::string name) {
  const auto connection = co_await cluster->to_any();
  constexpr int16_t kByName = 5;
  std::string_view view = name;
  kafka::DeleteTopicsRequest request;
  request.topic_names = std::span(&view, 1);
  request.timeout_ms = timeout_ms(cluster);
  const auto reply = co_await connection->call(&request, kByName);
  const std::string what = fmt::format("delete topic {}", name);
  co_await check_one(reply->responses, what);
  co_await check(reply->responses[0].error_code, what, reply->responses[0].error_message);
}

Task<> create_partitions(Cluster* cluster, std::string topic, int32_t count) {
  const auto connection = co_await cluster->to_any();
  kafka::CreatePartitionsRequest::Topic wanted{
      .name = topic, .count = count, .assignments = std::nullopt};
  kafka::CreatePartitionsRequest request;
  request.topics = std::span(&wanted, 1);
  request.timeout_ms = timeout_ms(cluster);
  const auto reply = co_await connection->call(&request);
  const std::string what = fmt::format("add partitions to topic {}", topic);
  co_await check_one(reply->results, what);
  co_await check(reply->results[0].error_code, what, reply->results[0].error_message);
}

Task<std::map<PartitionIndex, Offset>> delete_records(Cluster* cluster, std::string topic,
                                                      std::map<PartitionIndex, Offset> before) {
  std::map<PartitionIndex, Offset> begins;
  for (const auto& [partition, offset] : before) {
    const auto leader = co_await cluster->to_leader(topic, partition);
    kafka::DeleteRecordsRequest::Partition wanted{.partition_index = partition, .offset = offset};
    kafka::DeleteRecordsRequest::Topic of_topic{.name = topic, .partitions = std::span(&wanted, 1)};
    kafka::DeleteRecordsRequest request;
    request.topics = std::span(&of_topic, 1);
    request.timeout_ms = timeout_ms(cluster);
    const auto reply = co_await leader->call(&request);
    const std::string what =
        fmt::format("delete records of topic {} partition {}", topic, partition.value);
    co_await check_one(reply->topics, what);
    co_await check_one(reply->topics[0].partitions, what);
    const auto& answered = reply->topics[0].partitions[0];
    co_await check(answered.error_code, what);
    begins[partition] = answered.low_watermark;
  }
  co_return begins;
}

Task<std::vector<ConfigEntry>> describe_configs(Cluster* cluster, ConfigResource type,
                                                std::string name) {
  // A broker's own settings are known to that broker.
  int32_t broker = -1;
  if (type == ConfigResource::kBroker && !name.empty()) broker = std::atoi(name.c_str());
  if (broker >= 0) co_await cluster->refresh_all();
  const auto connection =
      broker >= 0 ? co_await cluster->to_broker(BrokerId(broker)) : co_await cluster->to_any();
  kafka::DescribeConfigsRequest::Resource wanted{.resource_type = static_cast<int8_t>(type),
                                                 .resource_name = name,
                                                 .configuration_keys = std::nullopt};
  kafka::DescribeConfigsRequest request;
  request.resources = std::span(&wanted, 1);
  request.include_documentation = true;
  const auto reply = co_await connection->call(&request);
  const std::string what = configs_of(type, name);
  co_await check_one(reply->results, what);
  const auto& found = reply->results[0];
  co_await check(found.error_code, what, found.error_message);
  std::vector<ConfigEntry> entries;
  for (const auto& config : found.configs) {
    entries.push_back(
        {.name = std::string(config.name),
         .value = config.value ? std::optional(std::string(*config.value)) : std::nullopt,
         .source = std::string(source_name(config.config_source)),
         .read_only = config.read_only,
         .sensitive = config.is_sensitive,
         .documentation = std::string(config.documentation.value_or(""))});
  }
  std::sort(entries.begin(), entries.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  co_return entries;
}

Task<> alter_configs(Cluster* cluster, ConfigResource type, std::string name, ConfigChanges changes,
                     bool validate_only) {
  constexpr int8_t kSet = 0;
  constexpr int8_t kDelete = 1;
  const auto connection = co_await cluster->to_any();
  std::vector<kafka::IncrementalAlterConfigsRequest::Config> configs;
  for (const auto& [key, value] : changes) {
    configs.push_back({.name = key,
                       .config_operation = value ? kSet : kDelete,
                       .value = value ? std::optional<std::string_view>(*value) : std::nullopt});
  }
  kafka::IncrementalAlterConfigsRequest::Resource resource{
      .resource_type = static_cast<int8_t>(type), .resource_name = name, .configs = configs};
  kafka::IncrementalAlterConfigsRequest request;
  request.resources = std::span(&resource, 1);
  request.validate_only = validate_only;
  const auto reply = co_await connection->call(&request);
  const std::string what = configs_of(type, name);
  co_await check_one(reply->responses, what);
  co_await check(reply->responses[0].error_code, what, reply->responses[0].error_message);
}

Task<std::vector<GroupListing>> list_groups(Cluster* cluster) {
  co_await cluster->refresh_all();
  std::vector<GroupListing> listings;
  const auto brokers = cluster->brokers();
  for (const auto& [id, address] : brokers) {
    const auto connection = co_await cluster->to_broker(id);
    const kafka::ListGroupsRequest request;
    const auto reply = co_await connection->call(&request);
    co_await check(reply->error_code, fmt::format("groups of broker {}", id.value));
    for (const auto& group : reply->groups) {
      listings.push_back({.id = std::string(group.group_id),
                          .protocol_type = std::string(group.protocol_type),
                          .state = std::string(group.group_state),
                          .type = std::string(group.group_type)});
    }
  }
  std::sort(listings.begin(), listings.end(),
            [](const auto& a, const auto& b) { return a.id < b.id; });
  co_return listings;
}

Task<GroupDescription> describe_group(Cluster* cluster, std::string id) {
  const auto coordinator = co_await cluster->to_coordinator(id);
  std::string_view view = id;
  kafka::DescribeGroupsRequest request;
  request.groups = std::span(&view, 1);
  const auto reply = co_await coordinator->call(&request);
  const std::string what = fmt::format("group {}", id);
  co_await check_one(reply->groups, what);
  const auto& found = reply->groups[0];
  co_await check(found.error_code, what, found.error_message);
  // Before version 6 a group that does not exist is a dead one.
  if (found.group_state == "Dead") co_await fail(Errc::kGroupIdNotFound, what);
  GroupDescription group{.id = id,
                         .state = std::string(found.group_state),
                         .protocol_type = std::string(found.protocol_type),
                         .protocol = std::string(found.protocol_data),
                         .members = {}};
  for (const auto& member : found.members) {
    const auto assignment = decode_assignment(member.member_assignment);
    group.members.push_back(
        {.id = std::string(member.member_id),
         .instance_id = std::string(member.group_instance_id.value_or("")),
         .client_id = std::string(member.client_id),
         .host = std::string(member.client_host),
         .assignment = assignment ? *assignment : std::vector<TopicPartition>()});
  }
  co_return group;
}

Task<> delete_group(Cluster* cluster, std::string id) {
  const auto coordinator = co_await cluster->to_coordinator(id);
  std::string_view view = id;
  kafka::DeleteGroupsRequest request;
  request.groups_names = std::span(&view, 1);
  const auto reply = co_await coordinator->call(&request);
  const std::string what = fmt::format("delete group {}", id);
  co_await check_one(reply->results, what);
  co_await check(reply->results[0].error_code, what);
}

Task<std::vector<LogDirectoryFacts>> log_directories(Cluster* cluster) {
  co_await cluster->refresh_all();
  std::vector<LogDirectoryFacts> directories;
  const auto brokers = cluster->brokers();
  for (const auto& [id, address] : brokers) {
    const auto connection = co_await cluster->to_broker(id);
    kafka::DescribeLogDirsRequest request;
    request.topics = std::nullopt;
    const auto reply = co_await connection->call(&request);
    co_await check(reply->error_code, fmt::format("log directories of broker {}", id.value));
    for (const auto& directory : reply->results) {
      LogDirectoryFacts& facts =
          directories.emplace_back(LogDirectoryFacts{.broker = id,
                                                     .path = std::string(directory.log_dir),
                                                     .total_bytes = directory.total_bytes,
                                                     .usable_bytes = directory.usable_bytes,
                                                     .sizes = {}});
      for (const auto& topic : directory.topics) {
        for (const auto& partition : topic.partitions) {
          facts.sizes[{std::string(topic.name), partition.partition_index}] +=
              partition.partition_size;
        }
      }
    }
  }
  co_return directories;
}

Task<std::map<TopicPartition, int64_t>> log_sizes(Cluster* cluster) {
  std::map<TopicPartition, int64_t> sizes;
  for (const LogDirectoryFacts& directory : co_await log_directories(cluster)) {
    for (const auto& [partition, bytes] : directory.sizes) sizes[partition] += bytes;
  }
  co_return sizes;
}

}  // namespace millrace::client
