// Brokers: registering, staying alive, leaving, and what that does to the partitions they hold.
//
// A broker registers fenced, heartbeats until it has caught up with its own registration, and is
// then unfenced. It is fenced again when its session ends, or when it asks. A shutdown that is
// asked for first takes its leaderships away.
#include <fmt/core.h>
#include <algorithm>
#include <set>

#include "metadata/controller.h"
#include "metadata/election.h"
#include "metadata/features.h"
#include "metadata/reply.h"

namespace millrace::metadata {
namespace {

constexpr int8_t kFence = 1;
constexpr int8_t kUnfence = -1;

bool leads_anything(const Image& image, BrokerId broker) {
  return std::ranges::any_of(image.topics(), [&](const auto& topic) {
    return std::ranges::any_of(topic.second.partitions, [&](const auto& partition) {
      return partition.second.leader == broker;
    });
  });
}

template <class Visit>
void for_each_partition(const Image& image, Visit visit) {
  for (const auto& [id, topic] : image.topics()) {
    for (const auto& [index, partition] : topic.partitions) visit(topic, index, partition);
  }
}

std::vector<BrokerId> without(const std::vector<BrokerId>& brokers, BrokerId gone) {
  std::vector<BrokerId> rest = brokers;
  std::erase(rest, gone);
  return rest;
}

bool is_active(const Image& image, BrokerId id) {
  const Broker* broker = image.find_broker(id);
  return broker != nullptr && broker->is_active();
}

// Asked for each partition, so without building all of a topic's settings.
bool allows_unclean_election(const Settings& settings, const Config& topic) {
  constexpr std::string_view kName = "unclean.leader.election.enable";
  const auto own = topic.find(std::string(kName));
  if (own == topic.end()) return settings.get<"unclean.leader.election.enable">();
  const Result<SettingValue> value = parse_setting(SettingScope::kTopic, kName, own->second);
  return value && std::get<bool>(*value);
}

bool same_set(std::vector<Uuid> a, std::vector<Uuid> b) {
  std::ranges::sort(a);
  std::ranges::sort(b);
  return a == b;
}

}  // namespace

Result<Broker> Controller::checked_broker(BrokerId id, int64_t epoch) const {
  const Broker* broker = image_.find_broker(id);
  if (broker == nullptr) {
    return fail(Errc::kBrokerIdNotRegistered, fmt::format("broker {} is not registered", id.value));
  }
  if (broker->epoch != epoch) {
    return fail(Errc::kStaleBrokerEpoch,
                fmt::format("broker {} has epoch {}, not {}", id.value, broker->epoch, epoch));
  }
  return *broker;
}

Duration Controller::session_timeout() const {
  return milliseconds(settings_.get<"broker.session.timeout.ms">());
}

Offset Controller::registration_offset(const Broker& broker) const {
  const auto found = registration_offsets_.find(broker.id);
  return found == registration_offsets_.end() ? Offset(broker.epoch) : found->second;
}

Result<> Controller::check_registration(const kafka::BrokerRegistrationRequest& request,
                                        MonoTime now) const {
  if (request.cluster_id != options_.cluster_id) {
    return fail(Errc::kInconsistentClusterId,
                fmt::format("this is cluster {}, the broker belongs to {}", options_.cluster_id,
                            request.cluster_id));
  }
  const Broker* existing = image_.find_broker(request.broker_id);
  const auto session = sessions_.find(request.broker_id);
  const bool alive = session != sessions_.end() && now < session->second.heard + session_timeout();
  if (existing != nullptr && alive && existing->incarnation != request.incarnation_id) {
    return fail(Errc::kDuplicateBrokerRegistration,
                fmt::format("another process is registered as broker {} and alive",
                            request.broker_id.value));
  }
  if (request.is_migrating_zk_broker) {
    return fail(Errc::kBrokerIdNotRegistered, "brokers that migrate from ZooKeeper are not taken");
  }
  std::map<std::string_view, FeatureRange> offered;
  for (const auto& feature : request.features) {
    offered[feature.name] = {feature.min_supported_version, feature.max_supported_version};
  }
  for (const auto& [name, level] : image_.features()) {
    const FeatureRange range = offered[name];
    if (level < range.min || level > range.max) {
      return fail(Errc::kUnsupportedVersion,
                  fmt::format("{} is finalised at level {}, broker {} supports {} to {}", name,
                              level, request.broker_id.value, range.min, range.max));
    }
  }
  if (image_.metadata_version() < kDirectoryAssignmentLevel) return {};

  std::set<Uuid> directories;
  for (const Uuid directory : request.log_dirs) {
    if (is_reserved_directory(directory) || !directories.insert(directory).second) {
      return fail(Errc::kInvalidRegistration,
                  fmt::format("directory id {} is reserved or given twice", directory.to_string()));
    }
  }
  if (directories.empty()) return fail(Errc::kInvalidRegistration, "no directory is online");
  for (const auto& [id, other] : image_.brokers()) {
    if (id == request.broker_id) continue;
    for (const Uuid directory : other.directories) {
      if (!directories.contains(directory)) continue;
      return fail(Errc::kInvalidRegistration, fmt::format("directory {} is registered by broker {}",
                                                          directory.to_string(), id.value));
    }
  }
  return {};
}

Outcome<kafka::BrokerRegistrationResponse> Controller::register_broker(
    const kafka::BrokerRegistrationRequest& request, MonoTime now, Offset next, Arena& arena) {
  Outcome<kafka::BrokerRegistrationResponse> outcome;
  if (const Result<> allowed = check_registration(request, now); !allowed) {
    outcome.reply.error_code = allowed.error().kafka_code();
    return outcome;
  }
  kafka::RegisterBrokerRecord record{.broker_id = request.broker_id,
                                     .incarnation_id = request.incarnation_id,
                                     .broker_epoch = next.value,
                                     .rack = request.rack};
  std::vector<kafka::RegisterBrokerRecord::Endpoint> endpoints;
  for (const auto& listener : request.listeners) {
    endpoints.push_back({.name = listener.name,
                         .host = listener.host,
                         .port = listener.port,
                         .security_protocol = listener.security_protocol});
  }
  std::vector<kafka::RegisterBrokerRecord::Feature> features;
  for (const auto& feature : request.features) {
    features.push_back({.name = feature.name,
                        .min_supported_version = feature.min_supported_version,
                        .max_supported_version = feature.max_supported_version});
  }
  record.endpoints = arena.copy_array(endpoints);
  record.features = arena.copy_array(features);
  if (image_.metadata_version() >= kDirectoryAssignmentLevel) record.log_dirs = request.log_dirs;

  const Broker* existing = image_.find_broker(request.broker_id);
  if (existing != nullptr && existing->incarnation == request.incarnation_id) {
    // The same process amends what it said: nothing else changes.
    record.broker_epoch = existing->epoch;
    record.fenced = existing->fenced;
    record.in_controlled_shutdown = existing->in_controlled_shutdown;
  } else {
    leave_partitions(request.broker_id, outcome.records, arena);
    sessions_.erase(request.broker_id);
  }
  add_record(record, outcome.records);
  sessions_[request.broker_id].heard = now;
  outcome.reply.broker_epoch = record.broker_epoch;
  return outcome;
}

Controller::BrokerState Controller::next_state(const Broker& broker,
                                               const kafka::BrokerHeartbeatRequest& request) const {
  if (broker.fenced) {
    if (request.want_shut_down) return BrokerState::kShutdownNow;
    const bool caught_up = request.current_metadata_offset >= registration_offset(broker);
    return !request.want_fence && caught_up ? BrokerState::kUnfenced : BrokerState::kFenced;
  }
  if (request.want_fence) {
    return request.want_shut_down ? BrokerState::kShutdownNow : BrokerState::kFenced;
  }
  if (!broker.in_controlled_shutdown && !request.want_shut_down) return BrokerState::kUnfenced;
  if (leads_anything(image_, broker.id)) return BrokerState::kControlledShutdown;
  if (!broker.in_controlled_shutdown) return BrokerState::kShutdownNow;
  // Every live broker must know by now who leads instead.
  const auto own = sessions_.find(broker.id);
  for (const auto& [id, session] : sessions_) {
    if (id == broker.id || !is_active(image_, id)) continue;
    if (own != sessions_.end() && session.metadata_offset < own->second.shutdown_offset) {
      return BrokerState::kControlledShutdown;
    }
  }
  return BrokerState::kShutdownNow;
}

Outcome<kafka::BrokerHeartbeatResponse> Controller::heartbeat(
    const kafka::BrokerHeartbeatRequest& request, MonoTime now, Offset next, Arena& arena) {
  Outcome<kafka::BrokerHeartbeatResponse> outcome;
  const Result<Broker> checked = checked_broker(request.broker_id, request.broker_epoch);
  if (!checked) {
    outcome.reply.error_code = checked.error().kafka_code();
    return outcome;
  }
  const Broker& broker = *checked;
  const BrokerState state = next_state(broker, request);
  Session& session = sessions_[broker.id];
  session.heard = now;
  session.metadata_offset = request.current_metadata_offset;
  switch (state) {
    case BrokerState::kFenced:
    case BrokerState::kShutdownNow:
      if (!broker.fenced) fence(broker, outcome.records, arena);
      break;
    case BrokerState::kUnfenced:
      if (broker.fenced) unfence(broker, outcome.records, arena);
      break;
    case BrokerState::kControlledShutdown:
      begin_controlled_shutdown(broker, outcome.records, arena);
      if (!outcome.records.empty()) {
        session.shutdown_offset = next + static_cast<int64_t>(outcome.records.size()) - 1;
      }
      break;
  }
  change_directories(broker, request, state, outcome.records, arena);
  outcome.reply.is_caught_up = request.current_metadata_offset >= registration_offset(broker);
  outcome.reply.is_fenced = state == BrokerState::kFenced || state == BrokerState::kShutdownNow;
  outcome.reply.should_shut_down = state == BrokerState::kShutdownNow;
  return outcome;
}

// Takes the broker out of every in-sync set and leads nothing by it, as if it were already gone.
void Controller::leave_partitions(BrokerId gone, Records& records, Arena& arena) const {
  const auto may_lead = [&](BrokerId id) { return id != gone && is_active(image_, id); };
  const Settings settings = effective_settings(settings_, image_, options_.node);
  for_each_partition(image_, [&](const Topic& topic, PartitionIndex index, const Partition& p) {
    if (!p.is_in_sync(gone) && p.leader != gone) return;
    const bool unclean = allows_unclean_election(settings, image_.topic_config(topic.name));
    std::optional<Record> record =
        change_partition({.topic = topic.id,
                          .index = index,
                          .partition = p,
                          .isr = without(p.isr, gone),
                          .may_lead = may_lead,
                          .election = unclean ? Election::kUnclean : Election::kOnline,
                          .metadata_version = image_.metadata_version()},
                         arena);
    if (record) records.push_back(*record);
  });
}

void Controller::fence(const Broker& broker, Records& records, Arena& arena) const {
  leave_partitions(broker.id, records, arena);
  add_record(
      kafka::BrokerRegistrationChangeRecord{
          .broker_id = broker.id, .broker_epoch = broker.epoch, .fenced = kFence},
      records);
}

// The newcomer may lead what nobody leads.
void Controller::unfence(const Broker& broker, Records& records, Arena& arena) const {
  add_record(
      kafka::BrokerRegistrationChangeRecord{
          .broker_id = broker.id, .broker_epoch = broker.epoch, .fenced = kUnfence},
      records);
  // One that was on its way out remains so until it registers again.
  const auto may_lead = [&](BrokerId id) {
    return id == broker.id ? !broker.in_controlled_shutdown : is_active(image_, id);
  };
  for_each_partition(image_, [&](const Topic& topic, PartitionIndex index, const Partition& p) {
    if (p.leader != kNoBroker) return;
    std::optional<Record> record = change_partition({.topic = topic.id,
                                                     .index = index,
                                                     .partition = p,
                                                     .isr = p.isr,
                                                     .may_lead = may_lead,
                                                     .metadata_version = image_.metadata_version()},
                                                    arena);
    if (record) records.push_back(*record);
  });
}

void Controller::begin_controlled_shutdown(const Broker& broker, Records& records,
                                           Arena& arena) const {
  if (!broker.in_controlled_shutdown) {
    add_record(
        kafka::BrokerRegistrationChangeRecord{
            .broker_id = broker.id, .broker_epoch = broker.epoch, .in_controlled_shutdown = 1},
        records);
  }
  leave_partitions(broker.id, records, arena);
}

// Directories that failed, or that are to take nothing new.
void Controller::change_directories(const Broker& broker,
                                    const kafka::BrokerHeartbeatRequest& request, BrokerState state,
                                    Records& records, Arena& arena) const {
  if (image_.metadata_version() < kDirectoryAssignmentLevel) return;
  kafka::BrokerRegistrationChangeRecord change{.broker_id = broker.id,
                                               .broker_epoch = broker.epoch};
  const std::set<Uuid> offline(request.offline_log_dirs.begin(), request.offline_log_dirs.end());
  std::vector<Uuid> online = broker.directories;
  std::erase_if(online, [&](Uuid directory) { return offline.contains(directory); });
  const bool lost_some = online.size() < broker.directories.size() && !online.empty();
  if (lost_some) change.log_dirs = arena.copy_array(online);
  if (request.cordoned_log_dirs && image_.metadata_version() >= kCordonedDirectoriesLevel) {
    const std::vector<Uuid> cordoned(request.cordoned_log_dirs->begin(),
                                     request.cordoned_log_dirs->end());
    if (!broker.cordoned_directories || !same_set(*broker.cordoned_directories, cordoned)) {
      change.cordoned_log_dirs = arena.copy_array(cordoned);
    }
  }
  if (!change.log_dirs.empty() || change.cordoned_log_dirs) add_record(change, records);
  if (!lost_some || state != BrokerState::kUnfenced) return;

  // For what lies in a lost directory the broker is as good as fenced.
  const auto may_lead = [&](BrokerId id) { return id != broker.id && is_active(image_, id); };
  for_each_partition(image_, [&](const Topic& topic, PartitionIndex index, const Partition& p) {
    if (!p.is_in_sync(broker.id) || !offline.contains(p.directory_of(broker.id))) return;
    std::optional<Record> record = change_partition({.topic = topic.id,
                                                     .index = index,
                                                     .partition = p,
                                                     .isr = without(p.isr, broker.id),
                                                     .may_lead = may_lead,
                                                     .metadata_version = image_.metadata_version()},
                                                    arena);
    if (record) records.push_back(*record);
  });
}

Outcome<kafka::UnregisterBrokerResponse> Controller::unregister_broker(
    const kafka::UnregisterBrokerRequest& request, Arena& arena) {
  Outcome<kafka::UnregisterBrokerResponse> outcome;
  const Broker* broker = image_.find_broker(request.broker_id);
  Result<> result;
  if (broker == nullptr) {
    result = fail(Errc::kBrokerIdNotRegistered,
                  fmt::format("Broker ID {} is not currently registered", request.broker_id.value));
  } else {
    leave_partitions(broker->id, outcome.records, arena);
    add_record(
        kafka::UnregisterBrokerRecord{.broker_id = broker->id, .broker_epoch = broker->epoch},
        outcome.records);
  }
  set_result(outcome.reply, result, arena);
  return outcome;
}

Records Controller::fence_stale_broker(MonoTime now, Arena& arena) {
  const Broker* stale = nullptr;
  MonoTime oldest = now;
  for (const auto& [id, session] : sessions_) {
    const Broker* broker = image_.find_broker(id);
    const bool ended = session.heard + session_timeout() <= now;
    if (broker == nullptr || broker->fenced || !ended || session.heard >= oldest) continue;
    stale = broker;
    oldest = session.heard;
  }
  Records records;
  if (stale != nullptr) fence(*stale, records, arena);
  return records;
}

MonoTime Controller::next_session_end() const {
  MonoTime end = kNever;
  for (const auto& [id, session] : sessions_) {
    const Broker* broker = image_.find_broker(id);
    if (broker != nullptr && !broker->fenced)
      end = std::min(end, session.heard + session_timeout());
  }
  return end;
}

}  // namespace millrace::metadata
