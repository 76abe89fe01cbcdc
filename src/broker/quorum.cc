#include "broker/quorum.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/logging.h"
#include "broker/log_settings.h"
#include "broker/sole_node.h"
#include "kafka/messages/broker_heartbeat.h"
#include "kafka/messages/broker_registration.h"
#include "metadata/features.h"
#include "metadata/topic_name.h"

namespace millrace::broker {
namespace {

constexpr int64_t kReadBytes = 1024 * 1024;  // of the log at once; other tasks run between

}  // namespace

Quorum::Quorum(runtime::Env& env, const Settings& settings, log::LogDirectory& logs, BrokerId node)
    : env_(env),
      settings_(settings),
      logs_(logs),
      node_(node),
      files_(env.disk, logs.path()),
      snapshot_at_(env.loop.now()),
      tasks_(env.loop) {}

Quorum::~Quorum() = default;

// Opening

runtime::Task<> Quorum::open() {
  log_ = co_await logs_.load_one({std::string(metadata::kMetadataTopic), PartitionIndex(0)},
                                 TopicId{kMetadataTopicUuid}, metadata_log_config(settings_));
  co_await read_snapshot();
  co_await check_not_lost();
  co_await read_log();
  co_await elect_self();
  tasks_.spawn("metadata publisher", publish_all());
  co_await activate();
}

runtime::Task<> Quorum::read_snapshot() {
  std::optional<QuorumFiles::Snapshot> snapshot = co_await files_.newest_snapshot();
  if (!snapshot) {
    if (log_->log_start_offset() > Offset(0)) {
      co_await fail(Errc::kCorruptFile,
                    fmt::format("the metadata log begins at offset {}, and there is no snapshot of "
                                "what was before",
                                log_->log_start_offset().value));
    }
    co_return;
  }
  // The log's end may have been lost behind a snapshot, never what the snapshot holds.
  if (log_->log_end_offset() < snapshot->id.end_offset) {
    co_await log_->truncate_fully_and_start_at(snapshot->id.end_offset);
  }
  loader_.emplace(std::move(snapshot->image), snapshot->id.end_offset, snapshot->id.epoch,
                  std::move(snapshot->header.quorum));
}

// Partitions come into being only after the records that tell of them are stable.
Result<> Quorum::check_not_lost() const {
  if (log_->log_end_offset() > Offset(0) || !logs_.has_partitions()) return {};
  return fail(Errc::kCorruptFile,
              fmt::format("{} holds partitions, and its metadata log ({}-0) is missing or empty: "
                          "without it nobody knows whose they are. Bring it back from a copy; to "
                          "begin anew, move the partitions to another place first",
                          logs_.path(), metadata::kMetadataTopic));
}

runtime::Task<> Quorum::read_log() {
  Buffer batches;
  while (loader_->next_offset() < log_->log_end_offset()) {
    const log::ReadOptions options{.bytes_max = kReadBytes, .bound = log::ReadBound::kLogEnd};
    const log::ReadResult read = co_await log_->read(loader_->next_offset(), options);
    batches.clear();
    co_await read.slice.copy_to(batches);
    co_await load(batches);
    bytes_since_snapshot_ += static_cast<int64_t>(batches.size());
    co_await runtime::yield();
  }
  co_await log_->durable(log_->log_end_offset());
}

Result<metadata::Delta> Quorum::load(Bytes batches) {
  metadata::Delta delta;
  kafka::BatchCursor cursor(batches);
  while (const kafka::RecordBatchView* batch = cursor.next()) {
    if (batch->last_offset() < loader_->next_offset()) continue;
    delta.merge(TRY(loader_->load(*batch)));
  }
  if (cursor.end() != kafka::BatchEnd::kClean) return fail(cursor.problem());
  return delta;
}

// The only voter gives itself its vote; that is on disk before the first batch of the epoch.
Result<> Quorum::elect_self() {
  const auto known = TRY(files_.read_state());
  const auto fits = [&](const Result<>& result) -> Result<> {
    return result ? result : fail(result.error().within(logs_.path()));
  };
  TRY(fits(check_sole_voter(known, loader_->quorum(), logs_.meta())));
  TRY(fits(check_sole_directory(loader_->image(), logs_.meta())));
  metadata::QuorumState state = known.value_or(metadata::QuorumState());
  const int16_t kraft_version = loader_->quorum().kraft_version;
  const Uuid directory = kraft_version > 0 ? logs_.meta().directory_id : kZeroUuid;
  epoch_ = LeaderEpoch(std::max({state.leader_epoch.value, loader_->epoch().value,
                                 log_->leader_epochs().latest().value, 0}) +
                       1);
  state.data_version = kraft_version > 0 ? 1 : 0;
  state.leader = state.voted = node_;
  state.voted_directory = directory;
  state.leader_epoch = epoch_;
  state.voters.clear();
  if (state.data_version == 0) state.voters = {node_};
  TRY(files_.write_state(state));

  log_->begin_leader_epoch(epoch_);
  Buffer batch;
  TRY(metadata::append_leader_change(
      {.base_offset = log_->log_end_offset(), .epoch = epoch_, .now = env_.clock.wall()}, node_,
      {node_}, {node_}, batch));
  TRY(append_batches(std::move(batch)));
  return {};
}

runtime::Task<> Quorum::activate() {
  controller_ = std::make_unique<metadata::Controller>(
      metadata::ControllerOptions{.node = node_, .cluster_id = cluster_id()}, settings_,
      env_.random, loader_->image());
  Arena arena;
  metadata::Records bootstrap;
  if (loader_->image().metadata_version() == 0) bootstrap = co_await bootstrap_records(arena);
  const metadata::Records records =
      co_await controller_->activate(bootstrap, loader_->in_transaction(), env_.loop.now());
  const Offset end = co_await append(records);
  co_await committed(end);
}

Result<metadata::Records> Quorum::bootstrap_records(Arena& arena) const {
  metadata::Records records;
  for (const auto& [name, level] : TRY(files_.bootstrap_features(env_.clock.wall()))) {
    if (Result<> known = metadata::check_finalised(name, level); !known) {
      return fail(known.error().within(logs_.path()));
    }
    records.push_back(
        {kafka::FeatureLevelRecord{.name = arena.copy(name), .feature_level = level}, 0});
    if (name != metadata::kEligibleLeaderReplicasFeature || level == 0) continue;
    // With it, Kafka's controller wants the cluster's own value to be known (KIP-966); of one node
    // no more can be asked.
    constexpr std::string_view kMinIsr = "min.insync.replicas";
    records.push_back({kafka::ConfigRecord{
        .resource_type = static_cast<int8_t>(metadata::ConfigResourceType::kBroker),
        .resource_name = "",
        .name = kMinIsr,
        .value = "1"}});
  }
  return records;
}

// Changing

Result<Offset> Quorum::append(const metadata::Records& records, metadata::BatchRule rule) {
  if (records.empty()) return log_->log_end_offset();
  if (failure_) return fail(*failure_);
  const Offset first = log_->log_end_offset();
  Buffer batches;
  TRY(metadata::append_metadata_batch(
      records, {.base_offset = first, .epoch = epoch_, .now = env_.clock.wall()}, rule, batches));
  const Offset end = TRY(append_batches(std::move(batches)));
  const Result<> replayed = controller_->replay(records, first);
  CHECK(replayed.has_value(), "the controller cannot replay its own records");
  return end;
}

Result<Offset> Quorum::append_batches(Buffer batches) {
  const log::AppendInfo appended = TRY(log_->append_own(batches.mutable_bytes(), epoch_));
  const Offset end = appended.last_offset.next();
  uncommitted_.push_back({end, std::move(batches)});
  appended_.wake_all();
  return end;
}

runtime::Task<> Quorum::committed(Offset end) {
  while (loader_->next_offset() < end && !failure_) co_await published_.wait();
  if (failure_) co_await fail(*failure_);
}

runtime::Task<> Quorum::publish_all() {
  while (true) {
    while (uncommitted_.empty()) co_await appended_.wait();
    const Offset end = uncommitted_.back().end;
    const Result<> stable = co_await as_result(log_->durable(end));
    if (!stable) {
      fall(stable.error());
      co_return;
    }
    publish(end);
    take_snapshot_if_due();
  }
}

void Quorum::publish(Offset end) {
  metadata::Delta delta;
  while (!uncommitted_.empty() && uncommitted_.front().end <= end) {
    const Buffer batches = std::move(uncommitted_.front().batches);
    uncommitted_.pop_front();
    Result<metadata::Delta> loaded = load(batches);
    CHECK(loaded.has_value(), "the image cannot take what the controller could");
    delta.merge(*std::move(loaded));
    bytes_since_snapshot_ += static_cast<int64_t>(batches.size());
  }
  if (observer_ && !delta.empty()) observer_->on_image(loader_->image(), delta);
  published_.wake_all();
}

void Quorum::fall(const Error& error) {
  failure_ = Error(Errc::kKafkaStorageError, error.message());
  LOG_ERROR("broker", "the metadata log has failed; until a restart nothing can be changed: {}",
            error.message());
  published_.wake_all();
}

// There is nothing to do while nothing changes, so no timer asks.
void Quorum::take_snapshot_if_due() {
  const MonoTime now = env_.loop.now();
  const Duration interval_max =
      milliseconds(settings_.get<"metadata.log.max.snapshot.interval.ms">());
  const bool due =
      bytes_since_snapshot_ >= settings_.get<"metadata.log.max.record.bytes.between.snapshots">() ||
      (interval_max > Duration{} && now - snapshot_at_ >= interval_max);
  if (!due || loader_->in_transaction()) return;
  const QuorumFiles::Snapshot snapshot{
      .id = {.end_offset = loader_->next_offset(), .epoch = loader_->epoch()},
      .header = {.last_contained = loader_->last_timestamp(), .quorum = loader_->quorum()},
      .image = loader_->image()};
  snapshot_at_ = now;
  bytes_since_snapshot_ = 0;
  const Result<> written = files_.write_snapshot(snapshot, env_.clock.wall());
  if (!written) {
    LOG_ERROR("broker", "no metadata snapshot, the log keeps growing: {}",
              written.error().message());
    return;
  }
  const Result<Offset> start = log_->delete_records_before(snapshot.id.end_offset);
  if (!start) LOG_ERROR("broker", "the metadata log keeps growing: {}", start.error().message());
}

// The broker

// What this server can take part in. What another one has finalised in this directory is among it:
// no registered broker may be without what is in force.
std::map<std::string, metadata::FeatureRange> Quorum::offered_features() const {
  std::map<std::string, metadata::FeatureRange> features;
  for (const metadata::SupportedFeature& feature : metadata::supported_features()) {
    const int16_t in_force = image().feature_level(feature.name);
    features[std::string(feature.name)] = {feature.level_min,
                                           std::max(feature.level_max, in_force)};
  }
  return features;
}

// Whether this process takes over what the one before it left: then its partitions had no other
// leader meanwhile, and lost nothing, and need not be told of it. A broker that may have lost the
// end of its logs comes back like a new one, with new leader epochs, so that readers can find out.
// So does one that follows on another server, of which nobody knows what it has made stable.
bool Quorum::is_restart() const {
  const metadata::Broker* before = image().find_broker(node_);
  const bool lost_nothing = logs_.was_clean() || settings_.get<"durability">() == "sync";
  return before && before->is_active() && before->features == offered_features() && lost_nothing;
}

runtime::Task<> Quorum::register_broker(std::vector<metadata::Endpoint> endpoints) {
  Arena arena;
  kafka::BrokerRegistrationRequest request;
  request.broker_id = node_;
  request.cluster_id = cluster_id();
  request.incarnation_id = env_.random.uuid();
  request.listeners =
      arena.make_array<kafka::BrokerRegistrationRequest::Listener>(endpoints.size());
  for (size_t i = 0; i < endpoints.size(); ++i) {
    request.listeners[i].name = endpoints[i].name;
    request.listeners[i].host = endpoints[i].host;
    request.listeners[i].port = endpoints[i].port;
    request.listeners[i].security_protocol = endpoints[i].security_protocol;
  }
  const auto features = offered_features();
  request.features = arena.make_array<kafka::BrokerRegistrationRequest::Feature>(features.size());
  size_t at = 0;
  for (const auto& [name, range] : features) request.features[at++] = {name, range.min, range.max};
  const auto rack = settings_.get<"broker.rack">();
  request.rack = rack ? std::optional<std::string_view>(*rack) : std::nullopt;
  const Uuid directory = logs_.meta().directory_id;
  request.log_dirs = arena.copy_array(std::span<const Uuid>(&directory, 1));

  // The process before had a session that nobody else holds now: it is over.
  const MonoTime now = env_.loop.now() + milliseconds(settings_.get<"broker.session.timeout.ms">());
  auto registered = controller_->register_broker(request, now, log_->log_end_offset(), arena);
  if (registered.reply.error_code != 0) {
    co_await fail(errc_from_kafka(registered.reply.error_code), "the broker's own registration");
  }
  if (is_restart()) {
    // The last record is the registration itself; those before it would take every partition away.
    registered.records.erase(registered.records.begin(), registered.records.end() - 1);
    std::get<kafka::RegisterBrokerRecord>(registered.records.back().body).fenced = false;
  }
  broker_epoch_ = registered.reply.broker_epoch;
  co_await append(registered.records, metadata::BatchRule::kMaySplit);

  kafka::BrokerHeartbeatRequest heartbeat;
  heartbeat.broker_id = node_;
  heartbeat.broker_epoch = broker_epoch_;
  heartbeat.current_metadata_offset = log_->log_end_offset();
  const auto alive = controller_->heartbeat(heartbeat, now, log_->log_end_offset(), arena);
  const Offset end = co_await append(alive.records, metadata::BatchRule::kMaySplit);
  co_await committed(end);
}

runtime::Task<> Quorum::close() {
  return tasks_.close();
}

}  // namespace millrace::broker
