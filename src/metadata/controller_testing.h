// A controller with brokers, a log in memory and a replica of the image, for the tests of this
// folder. Not for production code.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/arena.h"
#include "base/random.h"
#include "metadata/checkpoint.h"
#include "metadata/controller.h"
#include "metadata/features.h"
#include "metadata/loader.h"
#include "metadata/quorum_batch.h"

namespace millrace::metadata::testing {

inline constexpr std::string_view kClusterId = "AAAAAAAAAAAAAAAAAAAAAg";

inline Settings settings_with(
    const std::vector<std::pair<std::string_view, std::string_view>>& values) {
  Settings settings;
  settings.use_zero_config();
  for (const auto& [name, value] : values) {
    CHECK(settings.set(SettingLayer::kFile, name, value, "test").has_value());
  }
  return settings;
}

class TestCluster {
 public:
  /// Activates a controller on node 1 and registers brokers 1 to `brokers`, unfenced.
  explicit TestCluster(int brokers = 1, uint64_t seed = 1, Settings given = settings_with({}))
      : random(seed),
        settings(std::move(given)),
        controller({.node = BrokerId(1), .cluster_id = std::string(kClusterId)}, settings, random,
                   Image()) {
    append(*controller.activate(bootstrap_records(), false, now));
    for (int id = 1; id <= brokers; ++id) {
      register_broker(id);
      unfence(id);
    }
  }

  const Image& image() const { return controller.image(); }
  Offset next() const { return loader.next_offset(); }
  const Buffer& log() const { return log_; }

  /// What a host does with records: to the log, to the controller, and, committed, to the readers.
  Delta append(const Records& records) {
    if (records.empty()) return {};
    const Offset first = next();
    const size_t start = log_.size();
    CHECK(append_metadata_batch(records,
                                {.base_offset = first, .epoch = LeaderEpoch(1), .now = {1000}},
                                BatchRule::kMaySplit, log_)
              .has_value());
    CHECK(controller.replay(records, first).has_value());
    Delta all;
    kafka::BatchCursor cursor(log_.bytes().subspan(start));
    while (const kafka::RecordBatchView* batch = cursor.next()) {
      Result<Delta> delta = loader.load(*batch);
      CHECK(delta.has_value());
      all.merge(std::move(*delta));
    }
    return all;
  }

  template <class Reply>
  Reply run(const Outcome<Reply>& outcome) {
    last_delta = append(outcome.records);
    return outcome.reply;
  }

  kafka::BrokerRegistrationResponse register_broker(int id, uint64_t incarnation = 1,
                                                    std::optional<std::string_view> rack = {},
                                                    int directories = 1) {
    std::vector<kafka::BrokerRegistrationRequest::Listener> listeners{
        {.name = "PLAINTEXT", .host = "127.0.0.1", .port = 9092}};
    std::vector<kafka::BrokerRegistrationRequest::Feature> features{
        {.name = kMetadataVersionFeature, .min_supported_version = 7, .max_supported_version = 30}};
    std::vector<Uuid> dirs;
    dirs.reserve(static_cast<size_t>(directories));
    for (int d = 0; d < directories; ++d) dirs.push_back(directory(id, d));
    const kafka::BrokerRegistrationRequest request{
        .broker_id = BrokerId(id),
        .cluster_id = kClusterId,
        .incarnation_id = {static_cast<uint64_t>(id), incarnation},
        .listeners = arena.copy_array(listeners),
        .features = arena.copy_array(features),
        .rack = rack,
        .log_dirs = arena.copy_array(dirs)};
    return run(controller.register_broker(request, now, next(), arena));
  }
  static Uuid directory(int broker, int index = 0) {
    return {static_cast<uint64_t>(broker), static_cast<uint64_t>(1000 + index)};
  }

  kafka::BrokerHeartbeatResponse heartbeat(int id, bool want_fence = false,
                                           bool want_shut_down = false) {
    const Broker* broker = image().find_broker(BrokerId(id));
    const kafka::BrokerHeartbeatRequest request{
        .broker_id = BrokerId(id),
        .broker_epoch = broker == nullptr ? -1 : broker->epoch,
        .current_metadata_offset = next() - 1,
        .want_fence = want_fence,
        .want_shut_down = want_shut_down};
    return run(controller.heartbeat(request, now, next(), arena));
  }
  void unfence(int id) { CHECK(!heartbeat(id).is_fenced); }
  void fence(int id) { CHECK(heartbeat(id, true).is_fenced); }

  kafka::CreateTopicsResponse::Topic create(
      std::string_view name, int32_t partitions = 1, int16_t factor = 1,
      std::vector<std::pair<std::string_view, std::string_view>> config = {},
      bool validate_only = false) {
    kafka::CreateTopicsRequest::Topic topic{
        .name = name, .num_partitions = partitions, .replication_factor = factor};
    std::vector<kafka::CreateTopicsRequest::Config> configs;
    configs.reserve(config.size());
    for (const auto& [key, value] : config) configs.push_back({key, value});
    topic.configs = arena.copy_array(configs);
    return create(topic, validate_only);
  }
  kafka::CreateTopicsResponse::Topic create(kafka::CreateTopicsRequest::Topic topic,
                                            bool validate_only = false) {
    const kafka::CreateTopicsRequest request{.topics = {&topic, 1}, .validate_only = validate_only};
    return run(controller.create_topics(request, arena)).topics[0];
  }

  /// Sets one config; operation as in IncrementalAlterConfigs.
  kafka::IncrementalAlterConfigsResponse::Resource alter(ConfigResourceType type,
                                                         std::string_view resource,
                                                         std::string_view name,
                                                         std::optional<std::string_view> value,
                                                         int8_t operation = 0) {
    kafka::IncrementalAlterConfigsRequest::Config config{name, operation, value};
    kafka::IncrementalAlterConfigsRequest::Resource altered{
        static_cast<int8_t>(type), resource, {&config, 1}};
    return run(controller.incremental_alter_configs({.resources = {&altered, 1}}, arena))
        .responses[0];
  }

  const Partition& partition(std::string_view topic, int32_t index = 0) const {
    return image().find_topic(topic)->partitions.at(PartitionIndex(index));
  }

  Random random;
  Settings settings;
  MonoTime now{1'000'000'000};
  Arena arena;
  Controller controller;
  Loader loader;
  Delta last_delta;

 private:
  Buffer log_;
};

inline Errc code_of(int16_t kafka_code) {
  return errc_from_kafka(kafka_code);
}

}  // namespace millrace::metadata::testing
