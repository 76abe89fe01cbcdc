#include "broker/quorum.h"

#include <fmt/core.h>

#include "base/logging.h"
#include "kafka/messages/broker_heartbeat.h"
#include "kafka/messages/broker_registration.h"
#include "metadata/features.h"
#include "metadata/topic_name.h"

namespace millrace::broker {
namespace {

constexpr int64_t kReadBytes = 1024 * 1024;

std::shared_ptr<const log::LogConfig> metadata_log_config(const Settings& settings) {
  auto config = std::make_shared<log::LogConfig>();
  config->segment_bytes = static_cast<int32_t>(settings.get<"metadata.log.segment.bytes">());
  config->segment_ms = milliseconds(settings.get<"metadata.log.segment.ms">());
  config->cleanup_delete = false;  // its start moves with snapshots only
  config->max_message_bytes = INT32_MAX;
  return config;
}

}  // namespace

Quorum::Quorum(runtime::Env& env, const Settings& settings, log::LogDirectory& logs, BrokerId node)
    : env_(env),
      settings_(settings),
      logs_(logs),
      node_(node),
      builder_(compressor_),
      tasks_(env.loop) {}

Quorum::~Quorum() = default;

// Opening

runtime::Task<> Quorum::open() {
  log_ = co_await logs_.load_one({std::string(metadata::kMetadataTopic), PartitionIndex(0)},
                                 TopicId{kMetadataTopicUuid}, metadata_log_config(settings_));
  co_await read_log();
  epoch_ = LeaderEpoch(log_->leader_epochs().latest().value + 1);
  log_->begin_leader_epoch(epoch_);
  controller_ = std::make_unique<metadata::Controller>(
      metadata::ControllerOptions{.node = node_, .cluster_id = cluster_id()}, settings_,
      env_.random, image_);
  tasks_.spawn("metadata publisher", publish_all());
  const metadata::Records records =
      co_await controller_->activate(bootstrap_records(), false, env_.loop.now());
  const Offset end = co_await append(records);
  co_await committed(end);
}

runtime::Task<> Quorum::read_log() {
  Buffer batches;
  Offset from = log_->log_start_offset();
  while (from < log_->log_end_offset()) {
    const log::ReadOptions options{.bytes_max = kReadBytes, .bound = log::ReadBound::kLogEnd};
    const log::ReadResult read = co_await log_->read(from, options);
    batches.clear();
    co_await read.slice.copy_to(batches);
    kafka::BatchCursor cursor(batches);
    while (const kafka::RecordBatchView* batch = cursor.next()) {
      metadata::Delta ignored;
      co_await replay(*batch, ignored);
      from = batch->next_offset();
    }
    co_await runtime::yield();
  }
  co_await log_->durable(log_->log_end_offset());
  committed_ = log_->log_end_offset();
}

metadata::Records Quorum::bootstrap_records() {
  metadata::Records records;
  for (const metadata::SupportedFeature& feature : metadata::supported_features()) {
    if (feature.level_bootstrap == 0) continue;
    records.push_back({kafka::FeatureLevelRecord{.name = feature.name,
                                                 .feature_level = feature.level_bootstrap},
                       0});
  }
  return records;
}

Result<> Quorum::replay(const kafka::RecordBatchView& batch, metadata::Delta& delta) {
  if (batch.is_control()) return {};
  Arena arena;
  kafka::RecordCursor records(batch, batch.payload());
  while (const kafka::RecordView* record = records.next()) {
    const metadata::Record decoded =
        TRY(metadata::decode_record(record->value.value_or(Bytes()), arena));
    TRY(image_.replay(decoded, delta));
  }
  return records.end();
}

// Changing

Result<Offset> Quorum::append(const metadata::Records& records) {
  if (records.empty()) return log_->log_end_offset();
  if (failure_) return fail(*failure_);
  const Timestamp wall = env_.clock.wall();
  builder_.begin({.partition_leader_epoch = epoch_});
  Buffer value;
  for (const metadata::Record& record : records) {
    value.clear();
    TRY(metadata::encode_record(record, value));
    TRY(builder_.append({.timestamp = wall, .value = value.bytes()}));
  }
  Buffer batch(TRY(builder_.finish()));
  const log::AppendInfo appended = TRY(log_->append_own(batch.mutable_bytes(), epoch_));
  TRY(controller_->replay(records, appended.first_offset));
  const Offset end = appended.last_offset.next();
  uncommitted_.push_back({end, std::move(batch)});
  appended_.wake_all();
  return end;
}

runtime::Task<> Quorum::committed(Offset end) {
  while (committed_ < end && !failure_) co_await published_.wait();
  if (failure_) co_await fail(*failure_);
}

runtime::Task<> Quorum::publish_all() {
  while (true) {
    while (uncommitted_.empty()) co_await appended_.wait();
    const Offset end = uncommitted_.back().end;
    const Result<> stable = co_await as_result(log_->durable(end));
    if (!stable) {
      failure_ = Error(Errc::kKafkaStorageError, stable.error().message());
      LOG_ERROR("broker", "the metadata log has failed, nothing can be changed any more: {}",
                stable.error().message());
      published_.wake_all();
      co_return;
    }
    publish(end);
  }
}

void Quorum::publish(Offset end) {
  metadata::Delta delta;
  while (!uncommitted_.empty() && uncommitted_.front().end <= end) {
    const auto batch = kafka::parse_batch(uncommitted_.front().batch);
    CHECK(batch && replay(*batch, delta), "records of our own that cannot be replayed");
    uncommitted_.pop_front();
  }
  committed_ = end;
  if (observer_ && !delta.empty()) observer_->on_image(image_, delta);
  published_.wake_all();
}

// The broker

runtime::Task<> Quorum::register_broker(std::vector<metadata::Endpoint> endpoints) {
  Arena arena;
  kafka::BrokerRegistrationRequest request;
  request.broker_id = node_;
  request.cluster_id = cluster_id();
  request.incarnation_id = env_.random.uuid();
  request.listeners = arena.make_array<kafka::BrokerRegistrationRequest::Listener>(endpoints.size());
  for (size_t i = 0; i < endpoints.size(); ++i) {
    request.listeners[i] = {.name = endpoints[i].name,
                            .host = endpoints[i].host,
                            .port = endpoints[i].port,
                            .security_protocol = endpoints[i].security_protocol};
  }
  const auto features = metadata::supported_features();
  request.features = arena.make_array<kafka::BrokerRegistrationRequest::Feature>(features.size());
  for (size_t i = 0; i < features.size(); ++i) {
    request.features[i] = {.name = features[i].name,
                           .min_supported_version = features[i].level_min,
                           .max_supported_version = features[i].level_max};
  }
  const auto rack = settings_.get<"broker.rack">();
  request.rack = rack ? std::optional<std::string_view>(*rack) : std::nullopt;
  const Uuid directory = logs_.meta().directory_id;
  request.log_dirs = arena.copy_array(std::span<const Uuid>(&directory, 1));

  const MonoTime now = env_.loop.now() + milliseconds(settings_.get<"broker.session.timeout.ms">());
  const auto registered =
      controller_->register_broker(request, now, log_->log_end_offset(), arena);
  if (registered.reply.error_code != 0) {
    co_await fail(errc_from_kafka(registered.reply.error_code), "the broker's own registration");
  }
  broker_epoch_ = registered.reply.broker_epoch;
  co_await append(registered.records);

  kafka::BrokerHeartbeatRequest heartbeat;
  heartbeat.broker_id = node_;
  heartbeat.broker_epoch = broker_epoch_;
  heartbeat.current_metadata_offset = log_->log_end_offset();
  const auto unfenced = controller_->heartbeat(heartbeat, now, log_->log_end_offset(), arena);
  const Offset end = co_await append(unfenced.records);
  co_await committed(end);
}

runtime::Task<> Quorum::close() {
  return tasks_.close();
}

}  // namespace millrace::broker
