// Topics: creating, growing, deleting, and electing their leaders.
#include <fmt/core.h>
#include <algorithm>
#include <set>

#include "metadata/config_rules.h"
#include "metadata/config_view.h"
#include "metadata/controller.h"
#include "metadata/election.h"
#include "metadata/placement.h"
#include "metadata/reply.h"
#include "metadata/topic_name.h"

namespace millrace::metadata {
namespace {

constexpr int32_t kDefaultCount = -1;

Error too_many_records() {
  return {Errc::kPolicyViolation,
          fmt::format("the request would take more than {} records; ask for fewer topics or "
                      "partitions at once",
                      kRecordsPerRequestMax)};
}

// Names that occur more than once in a request.
template <class Topics, class Name>
std::set<std::string_view> repeated(const Topics& topics, Name name) {
  std::set<std::string_view> seen;
  std::set<std::string_view> twice;
  for (const auto& topic : topics) {
    if (!seen.insert(name(topic)).second) twice.insert(name(topic));
  }
  return twice;
}

Result<Config> given_config(std::span<const kafka::CreateTopicsRequest::Config> configs) {
  Config config;
  for (const auto& c : configs) {
    if (!c.value) {
      return fail(Errc::kInvalidConfig,
                  fmt::format("Null value not supported for topic configs: {}", c.name));
    }
    config[std::string(c.name)] = *c.value;
  }
  return config;
}

}  // namespace

// A topic on its way into existence.
struct Controller::TopicPlan {
  TopicId id;
  Config config;
  std::vector<std::vector<BrokerId>> replicas;  // by partition
  Records records;
};

TopicId Controller::new_topic_id() {
  TopicId id;
  do {
    id = TopicId{random_.uuid()};
  } while (image_.find_topic(id) != nullptr);
  return id;
}

Result<> Controller::check_replicas(std::span<const BrokerId> replicas, size_t factor) const {
  if (replicas.empty()) {
    return fail(Errc::kInvalidReplicaAssignment,
                "The manual partition assignment includes an empty replica list.");
  }
  std::set<BrokerId> seen;
  bool any_active = false;
  for (const BrokerId id : replicas) {
    const Broker* broker = image_.find_broker(id);
    if (broker == nullptr) {
      return fail(Errc::kInvalidReplicaAssignment,
                  fmt::format("The manual partition assignment includes broker {}, but no such "
                              "broker is registered.",
                              id.value));
    }
    if (!seen.insert(id).second) {
      return fail(Errc::kInvalidReplicaAssignment,
                  fmt::format("The manual partition assignment includes the broker {} more than "
                              "once.",
                              id.value));
    }
    any_active |= broker->is_active();
  }
  if (factor != 0 && replicas.size() != factor) {
    return fail(Errc::kInvalidReplicaAssignment,
                fmt::format("The manual partition assignment includes a partition with {} "
                            "replica(s), but this is not consistent with previous partitions, "
                            "which have {} replica(s).",
                            replicas.size(), factor));
  }
  if (!any_active) {
    return fail(Errc::kInvalidReplicaAssignment,
                "All brokers specified in the manual partition assignment are fenced or in "
                "controlled shutdown.");
  }
  return {};
}

Result<> Controller::plan_assigned(const kafka::CreateTopicsRequest::Topic& topic,
                                   TopicPlan& plan) const {
  if (topic.replication_factor != kDefaultCount || topic.num_partitions != kDefaultCount) {
    return fail(Errc::kInvalidRequest,
                "A manual partition assignment was specified, but the number of partitions and the "
                "replication factor were not set to -1.");
  }
  std::map<PartitionIndex, std::span<BrokerId>> by_index;
  size_t factor = 0;
  for (const auto& assignment : topic.assignments) {
    if (!by_index.emplace(assignment.partition_index, assignment.broker_ids).second) {
      return fail(Errc::kInvalidReplicaAssignment,
                  fmt::format("Found multiple manual partition assignments for partition {}",
                              assignment.partition_index.value));
    }
    TRY(check_replicas(assignment.broker_ids, factor));
    factor = assignment.broker_ids.size();
  }
  for (const auto& [index, replicas] : by_index) {
    if (index.value != static_cast<int32_t>(plan.replicas.size())) {
      return fail(Errc::kInvalidReplicaAssignment,
                  "partitions should be a consecutive 0-based integer sequence");
    }
    plan.replicas.emplace_back(replicas.begin(), replicas.end());
  }
  return {};
}

Result<> Controller::plan_placed(const kafka::CreateTopicsRequest::Topic& topic, TopicPlan& plan) {
  if (topic.replication_factor < kDefaultCount || topic.replication_factor == 0) {
    return fail(Errc::kInvalidReplicationFactor,
                "Replication factor must be larger than 0, or -1 to use the default value.");
  }
  if (topic.num_partitions < kDefaultCount || topic.num_partitions == 0) {
    return fail(Errc::kInvalidPartitions,
                "Number of partitions was set to an invalid non-positive value.");
  }
  const int64_t count = topic.num_partitions == kDefaultCount ? settings_.get<"num.partitions">()
                                                              : topic.num_partitions;
  const int64_t factor = topic.replication_factor == kDefaultCount
                             ? settings_.get<"default.replication.factor">()
                             : topic.replication_factor;
  if (count > static_cast<int64_t>(kRecordsPerRequestMax)) return fail(too_many_records());
  if (factor > INT16_MAX) {
    return fail(Errc::kInvalidReplicationFactor, "default.replication.factor is too large");
  }
  auto placed = place_partitions(image_.brokers(), static_cast<int32_t>(count),
                                 static_cast<int16_t>(factor), random_);
  if (!placed) {
    return fail(
        placed.error().within(fmt::format("Unable to replicate the partition {} time(s)", factor)));
  }
  plan.replicas = std::move(*placed);
  return {};
}

Result<Record> Controller::partition_record(TopicId topic, PartitionIndex index,
                                            std::span<const BrokerId> replicas,
                                            Arena& arena) const {
  std::vector<BrokerId> isr;
  std::vector<Uuid> directories;
  for (const BrokerId id : replicas) {
    const Broker& broker = *image_.find_broker(id);
    if (broker.is_active()) isr.push_back(id);
    directories.push_back(directory_for_new_replica(broker));
  }
  if (isr.empty()) {
    return fail(Errc::kInvalidReplicationFactor,
                "All brokers are currently fenced or in controlled shutdown.");
  }
  kafka::PartitionRecord record{.partition_id = index,
                                .topic_id = topic,
                                .replicas = arena.copy_array(replicas),
                                .isr = arena.copy_array(isr),
                                .leader = isr.front(),
                                .leader_epoch = LeaderEpoch(0),
                                .partition_epoch = 0};
  const int16_t version = record_version(record, image_.metadata_version());
  if (version >= 1) record.directories = arena.copy_array(directories);
  return Record{record, version};
}

// Records in Kafka's order: the topic, its configs, its partitions.
Result<> Controller::plan_topic(const kafka::CreateTopicsRequest::Topic& topic,
                                const Settings& settings, TopicPlan& plan, Arena& arena) {
  TRY(check_topic_name(topic.name));
  if (topic.name == kMetadataTopic) {
    return fail(Errc::kInvalidRequest,
                fmt::format("Creation of internal topic {} is prohibited.", kMetadataTopic));
  }
  if (image_.find_topic(topic.name) != nullptr) {
    return fail(Errc::kTopicAlreadyExists, fmt::format("Topic '{}' already exists.", topic.name));
  }
  if (const Topic* other = image_.find_colliding(topic.name)) {
    return fail(
        Errc::kInvalidTopicException,
        fmt::format("Topic '{}' collides with existing topic: {}", topic.name, other->name));
  }
  plan.config = TRY(given_config(topic.configs));
  TRY(check_topic_config(plan.config, settings));
  TRY(topic.assignments.empty() ? plan_placed(topic, plan) : plan_assigned(topic, plan));

  plan.id = new_topic_id();
  add_record(kafka::TopicRecord{.name = topic.name, .topic_id = plan.id}, plan.records);
  for (const auto& [name, value] : plan.config) {
    add_record(kafka::ConfigRecord{.resource_type = static_cast<int8_t>(ConfigResourceType::kTopic),
                                   .resource_name = topic.name,
                                   .name = arena.copy(name),
                                   .value = arena.copy(value)},
               plan.records);
  }
  for (size_t p = 0; p < plan.replicas.size(); ++p) {
    plan.records.push_back(TRY(partition_record(plan.id, PartitionIndex(static_cast<int32_t>(p)),
                                                plan.replicas[p], arena)));
  }
  return {};
}

Outcome<kafka::CreateTopicsResponse> Controller::create_topics(
    const kafka::CreateTopicsRequest& request, Arena& arena) {
  const auto twice = repeated(request.topics, [](const auto& topic) { return topic.name; });
  const Settings settings = effective_settings(settings_, image_, options_.node);
  std::set<std::string_view> answered;
  std::map<std::string, std::string_view> created;  // by unified name
  std::vector<kafka::CreateTopicsResponse::Topic> results;
  Outcome<kafka::CreateTopicsResponse> outcome;
  for (const auto& topic : request.topics) {
    if (!answered.insert(topic.name).second) continue;
    TopicPlan plan;
    Result<> result;
    const auto collision = created.find(unified_topic_name(topic.name));
    if (twice.contains(topic.name)) {
      result = fail(Errc::kInvalidRequest, "Duplicate topic name.");
    } else if (collision != created.end()) {
      result = fail(Errc::kInvalidTopicException,
                    fmt::format("Topic '{}' collides with another topic of the request: {}",
                                topic.name, collision->second));
    } else {
      result = plan_topic(topic, settings, plan, arena);
    }
    if (result && outcome.records.size() + plan.records.size() > kRecordsPerRequestMax) {
      result = fail(too_many_records());
    }
    auto& entry = results.emplace_back();
    entry.name = topic.name;
    set_result(entry, result, arena);
    if (!result) continue;
    created.emplace(unified_topic_name(topic.name), topic.name);
    entry.topic_id = plan.id;
    entry.num_partitions = static_cast<int32_t>(plan.replicas.size());
    entry.replication_factor = static_cast<int16_t>(plan.replicas.front().size());
    entry.configs = created_topic_config(plan.config, settings, arena);
    if (!request.validate_only) {
      outcome.records.insert(outcome.records.end(), plan.records.begin(), plan.records.end());
    }
  }
  outcome.reply.topics = arena.copy_array(results);
  return outcome;
}

Result<> Controller::plan_partitions(const kafka::CreatePartitionsRequest::Topic& topic,
                                     Records& records, Arena& arena) {
  const Topic* existing = image_.find_topic(topic.name);
  if (existing == nullptr) return fail(Errc::kUnknownTopicOrPartition);
  const auto present = static_cast<int32_t>(existing->partitions.size());
  if (topic.count == present) {
    return fail(Errc::kInvalidPartitions,
                fmt::format("Topic already has {} partition(s).", present));
  }
  if (topic.count < present) {
    return fail(Errc::kInvalidPartitions,
                fmt::format("The topic {} currently has {} partition(s); {} would not be an "
                            "increase.",
                            topic.name, present, topic.count));
  }
  const auto more = static_cast<size_t>(topic.count - present);
  if (more > kRecordsPerRequestMax) return fail(too_many_records());
  const size_t factor = existing->partitions.begin()->second.replicas.size();
  std::vector<std::vector<BrokerId>> replicas;
  if (!topic.assignments) {
    replicas = TRY(place_partitions(image_.brokers(), static_cast<int32_t>(more),
                                    static_cast<int16_t>(factor), random_));
  } else if (topic.assignments->size() != more) {
    return fail(Errc::kInvalidReplicaAssignment,
                fmt::format("Attempted to add {} additional partition(s), but only {} "
                            "assignment(s) were specified.",
                            more, topic.assignments->size()));
  } else {
    for (const auto& assignment : *topic.assignments) {
      TRY(check_replicas(assignment.broker_ids, factor));
      replicas.emplace_back(assignment.broker_ids.begin(), assignment.broker_ids.end());
    }
  }
  for (size_t i = 0; i < more; ++i) {
    const PartitionIndex index(present + static_cast<int32_t>(i));
    records.push_back(TRY(partition_record(existing->id, index, replicas[i], arena)));
  }
  return {};
}

Outcome<kafka::CreatePartitionsResponse> Controller::create_partitions(
    const kafka::CreatePartitionsRequest& request, Arena& arena) {
  const auto twice = repeated(request.topics, [](const auto& topic) { return topic.name; });
  std::set<std::string_view> answered;
  std::vector<kafka::CreatePartitionsResponse::Topic> results;
  Outcome<kafka::CreatePartitionsResponse> outcome;
  for (const auto& topic : request.topics) {
    if (!answered.insert(topic.name).second) continue;
    Records records;
    Result<> result = twice.contains(topic.name)
                          ? fail(Errc::kInvalidRequest, "Duplicate topic name.")
                          : plan_partitions(topic, records, arena);
    if (result && outcome.records.size() + records.size() > kRecordsPerRequestMax) {
      result = fail(too_many_records());
    }
    auto& entry = results.emplace_back();
    entry.name = topic.name;
    set_result(entry, result, arena);
    if (!result || request.validate_only) continue;
    outcome.records.insert(outcome.records.end(), records.begin(), records.end());
  }
  outcome.reply.results = arena.copy_array(results);
  return outcome;
}

Outcome<kafka::DeleteTopicsResponse> Controller::delete_topics(
    const kafka::DeleteTopicsRequest& request, int16_t version, Arena& arena) {
  constexpr int16_t kDisabledErrorFrom = 3;
  std::vector<kafka::DeleteTopicsResponse::Topic> results;
  Outcome<kafka::DeleteTopicsResponse> outcome;
  const bool enabled = settings_.get<"delete.topic.enable">();
  std::set<TopicId> deleted;

  const auto answer = [&](std::optional<std::string_view> name, TopicId id,
                          const Result<>& result) {
    auto& entry = results.emplace_back();
    entry.name = name;
    entry.topic_id = id;
    set_result(entry, result, arena);
  };
  const auto remove = [&](std::optional<std::string_view> name, TopicId id) {
    const Topic* topic = name ? image_.find_topic(*name) : image_.find_topic(id);
    if (!enabled) {
      return answer(
          name, id,
          fail(version < kDisabledErrorFrom ? Errc::kInvalidRequest : Errc::kTopicDeletionDisabled,
               "Topic deletion is disabled: delete.topic.enable is false."));
    }
    if (topic == nullptr) {
      return answer(name, id, fail(name ? Errc::kUnknownTopicOrPartition : Errc::kUnknownTopicId));
    }
    if (deleted.contains(topic->id)) {
      return answer(name, id, fail(Errc::kInvalidRequest, "The request names the topic twice."));
    }
    if (outcome.records.size() == kRecordsPerRequestMax) {
      return answer(name, id, fail(too_many_records()));
    }
    deleted.insert(topic->id);
    add_record(kafka::RemoveTopicRecord{.topic_id = topic->id}, outcome.records);
    answer(arena.copy(topic->name), topic->id, {});
  };

  for (const std::string_view name : request.topic_names) remove(name, {});
  for (const auto& topic : request.topics) {
    if (topic.name.has_value() == !topic.topic_id.is_zero()) {
      answer(topic.name, topic.topic_id,
             fail(Errc::kInvalidRequest, topic.name
                                             ? "You may not specify both topic name and topic id."
                                             : "Neither topic name nor id were specified."));
    } else {
      remove(topic.name, topic.topic_id);
    }
  }
  outcome.reply.responses = arena.copy_array(results);
  return outcome;
}

Result<Record> Controller::elect_one(std::string_view name, PartitionIndex index, int8_t type,
                                     Arena& arena) const {
  constexpr int8_t kPreferredType = 0;
  const Topic* topic = image_.find_topic(name);
  if (topic == nullptr) {
    return fail(Errc::kUnknownTopicOrPartition, fmt::format("No such topic as {}", name));
  }
  const Partition* partition = topic->find(index);
  if (partition == nullptr) {
    return fail(Errc::kUnknownTopicOrPartition,
                fmt::format("No such partition as {}-{}", name, index.value));
  }
  const bool preferred = type == kPreferredType;
  if (preferred ? partition->leader == partition->replicas.front()
                : partition->leader != kNoBroker) {
    return fail(Errc::kElectionNotNeeded);
  }
  const auto may_lead = [&](BrokerId id) {
    const Broker* broker = image_.find_broker(id);
    return broker != nullptr && broker->is_active();
  };
  std::optional<Record> record =
      change_partition({.topic = topic->id,
                        .index = index,
                        .partition = *partition,
                        .isr = partition->isr,
                        .may_lead = may_lead,
                        .election = preferred ? Election::kPreferred : Election::kUnclean,
                        .metadata_version = image_.metadata_version()},
                       arena);
  if (!record) {
    return fail(preferred ? Errc::kPreferredLeaderNotAvailable
                          : Errc::kEligibleLeadersNotAvailable);
  }
  return *record;
}

Outcome<kafka::ElectLeadersResponse> Controller::elect_leaders(
    const kafka::ElectLeadersRequest& request, Arena& arena) {
  using PartitionResult = kafka::ElectLeadersResponse::PartitionResult;
  Outcome<kafka::ElectLeadersResponse> outcome;
  if (request.election_type < 0 || request.election_type > 1) {
    outcome.reply.error_code = error_info(Errc::kInvalidRequest).kafka_code;
    return outcome;
  }
  std::vector<kafka::ElectLeadersResponse::ElectionResult> results;
  const auto elect = [&](std::string_view name, PartitionIndex index,
                         std::vector<PartitionResult>& answers) {
    const Result<Record> record = elect_one(name, index, request.election_type, arena);
    // Asked about all partitions, Kafka leaves out those that are well as they are.
    if (!request.topic_partitions && !record && record.error().code() == Errc::kElectionNotNeeded) {
      return;
    }
    auto& answer = answers.emplace_back();
    answer.partition_id = index;
    Result<> result;
    if (!record) {
      result = fail(record.error());
    } else if (outcome.records.size() == kRecordsPerRequestMax) {
      result = fail(too_many_records());
    } else {
      outcome.records.push_back(*record);
    }
    set_result(answer, result, arena);
  };
  if (request.topic_partitions) {
    for (const auto& topic : *request.topic_partitions) {
      std::vector<PartitionResult> answers;
      for (const PartitionIndex index : topic.partitions) elect(topic.topic, index, answers);
      results.push_back({.topic = topic.topic, .partition_result = arena.copy_array(answers)});
    }
  } else {
    for (const auto& [id, topic] : image_.topics()) {
      std::vector<PartitionResult> answers;
      for (const auto& [index, partition] : topic.partitions) elect(topic.name, index, answers);
      results.push_back(
          {.topic = arena.copy(topic.name), .partition_result = arena.copy_array(answers)});
    }
  }
  outcome.reply.replica_election_results = arena.copy_array(results);
  return outcome;
}

}  // namespace millrace::metadata
