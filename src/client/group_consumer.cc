#include "client/group_consumer.h"

#include <fmt/core.h>

#include <algorithm>
#include <set>
#include <utility>

#include "client/consumer_protocol.h"
#include "kafka/messages/heartbeat.h"
#include "kafka/messages/join_group.h"
#include "kafka/messages/leave_group.h"
#include "kafka/messages/sync_group.h"

namespace millrace::client {

using runtime::Task;

// What a join has told.
struct GroupConsumer::Joined {
  GenerationId generation;
  std::string leader;
  std::string protocol;
  bool skip_assignment = false;
  std::vector<MemberSubscription> members;  // the leader's only
};

namespace {

std::optional<std::string_view> optional_text(const std::string& text) {
  return text.empty() ? std::nullopt : std::optional<std::string_view>(text);
}

}  // namespace

GroupConsumer::GroupConsumer(Cluster* cluster, GroupConsumerOptions options,
                             OnAssignment on_assignment)
    : cluster_(cluster),
      options_(std::move(options)),
      on_assignment_(std::move(on_assignment)),
      fetcher_(cluster, options_.fetcher),
      scope_(cluster->env().loop) {
  scope_.spawn("group heartbeat", heartbeats());
}

GroupConsumer::~GroupConsumer() = default;

Task<std::vector<Fetched>> GroupConsumer::poll(MonoTime deadline) {
  if (ended_) co_await fail(*ended_);
  if (must_join_) {
    co_await rebalance(deadline);
    if (must_join_) co_return std::vector<Fetched>();
  }
  if (assignment_.empty()) {
    co_await runtime::sleep_until(
        std::min(deadline, cluster_->env().loop.now() + options_.heartbeat_interval / 10));
    co_return std::vector<Fetched>();
  }
  // Short enough that a rebalance is not kept waiting by a long poll.
  const MonoTime soon = cluster_->env().loop.now() + options_.heartbeat_interval / 3;
  co_return co_await fetcher_.poll(std::min(deadline, soon));
}

// Joins until there is an assignment, or until it must be done again after the caller has seen what
// was taken away, or while nobody answers until the deadline.
Task<> GroupConsumer::rebalance(MonoTime deadline) {
  ++rebalances_;
  // Eager strategies give everything up before they join; cooperative ones say what they keep.
  if (!is_cooperative() && !assignment_.empty()) {
    (void)co_await as_result(commit_positions());
    co_await apply({});
  }
  for (int attempt = 0;; ++attempt) {
    Result<Joined> joined = co_await as_result(join_once(deadline));
    Result<Buffer> blob =
        joined ? co_await as_result(sync_once(&*joined)) : Result<Buffer>(fail(joined.error()));
    if (blob) {
      for (const Strategy strategy : options_.strategies) {
        if (strategy_name(strategy) == joined->protocol) strategy_ = strategy;
      }
      generation_ = joined->generation;
      must_join_ = false;
      refused_since_.reset();
      const Result<> applied = co_await as_result(apply(co_await decode_assignment(*blob)));
      // Half taken over it is worth nothing; the next poll joins again.
      if (!applied) must_join_ = true;
      co_await applied;
      co_return;
    }
    const Errc code = blob.error().code();
    if (ended_) co_await fail(*ended_);
    const bool again = lost_membership(code) || code == Errc::kRebalanceInProgress ||
                       code == Errc::kMemberIdRequired || blob.error().info().retriable;
    if (!again || refused_too_long(code)) co_await std::move(blob);
    if (code != Errc::kMemberIdRequired) {
      cluster_->forget_coordinator(options_.group_id);
      co_await cluster_->back_off(attempt);
      if (cluster_->env().loop.now() >= deadline) co_return;
    }
  }
}

// A group that rebalances without end is at work; a coordinator that is not there is not.
bool GroupConsumer::refused_too_long(Errc code) {
  const MonoTime now = cluster_->env().loop.now();
  if (code == Errc::kRebalanceInProgress || code == Errc::kMemberIdRequired) {
    refused_since_.reset();
    return false;
  }
  if (!refused_since_) refused_since_ = now;
  if (now - *refused_since_ < cluster_->options().connection.request_timeout) return false;
  refused_since_.reset();
  return true;
}

Task<GroupConsumer::Joined> GroupConsumer::join_once(MonoTime deadline) {
  const std::shared_ptr<Connection> coordinator =
      co_await cluster_->to_coordinator(options_.group_id, deadline);
  const MemberSubscription mine{
      .topics = options_.topics, .owned = assignment_, .generation = generation_.value};
  const Buffer subscription = encode_subscription(mine);
  std::vector<kafka::JoinGroupRequest::Protocol> protocols;
  protocols.reserve(options_.strategies.size());
  for (const Strategy strategy : options_.strategies) {
    protocols.push_back({.name = strategy_name(strategy), .metadata = subscription});
  }
  kafka::JoinGroupRequest request;
  request.group_id = options_.group_id;
  request.session_timeout_ms = static_cast<int32_t>(options_.session_timeout.ms());
  request.rebalance_timeout_ms = static_cast<int32_t>(options_.rebalance_timeout.ms());
  request.member_id = member_id_;
  request.group_instance_id = optional_text(options_.instance_id);
  request.protocol_type = kConsumerProtocolType;
  request.protocols = protocols;
  const auto reply = co_await coordinator->call(&request);
  const Errc code = errc_from_kafka(reply->error_code);
  if (code == Errc::kMemberIdRequired) member_id_ = std::string(reply->member_id);
  if (code != Errc::kNone) co_await fail(code, "join group " + options_.group_id);

  member_id_ = std::string(reply->member_id);
  Joined joined{.generation = reply->generation_id,
                .leader = std::string(reply->leader),
                .protocol = std::string(reply->protocol_name.value_or("")),
                .skip_assignment = reply->skip_assignment,
                .members = {}};
  for (const auto& member : reply->members) {
    MemberSubscription subscribed = co_await decode_subscription(member.metadata);
    subscribed.member_id = std::string(member.member_id);
    subscribed.instance_id = std::string(member.group_instance_id.value_or(""));
    joined.members.push_back(std::move(subscribed));
  }
  co_return joined;
}

Task<Assignment> GroupConsumer::lead(const Joined* joined) {
  std::map<std::string, int32_t> partition_counts;
  for (const MemberSubscription& member : joined->members) {
    for (const std::string& topic : member.topics) {
      if (partition_counts.contains(topic)) continue;
      // A topic that does not exist has no partitions to give.
      const Result<> asked = co_await as_result(cluster_->refresh_topic(topic));
      const TopicInfo* info = asked ? cluster_->find_topic(topic) : nullptr;
      if (info) partition_counts[topic] = static_cast<int32_t>(info->partitions.size());
    }
  }
  for (const Strategy strategy : options_.strategies) {
    if (strategy_name(strategy) != joined->protocol) continue;
    co_return assign(strategy, joined->members, partition_counts);
  }
  co_return fail(
      Errc::kInconsistentGroupProtocol,
      fmt::format("the group chose {}, which this member did not offer", joined->protocol));
}

Task<Buffer> GroupConsumer::sync_once(const Joined* joined) {
  std::vector<Buffer> blobs;
  std::vector<kafka::SyncGroupRequest::Assignment> assignments;
  Assignment given;
  if (joined->leader == member_id_ && !joined->skip_assignment) {
    given = co_await lead(joined);
    for (const auto& [member, partitions] : given) blobs.push_back(encode_assignment(partitions));
    size_t i = 0;
    for (const auto& [member, partitions] : given) {
      assignments.push_back({.member_id = member, .assignment = blobs[i++]});
    }
  }
  const std::shared_ptr<Connection> coordinator =
      co_await cluster_->to_coordinator(options_.group_id);
  kafka::SyncGroupRequest request;
  request.group_id = options_.group_id;
  request.generation_id = joined->generation;
  request.member_id = member_id_;
  request.group_instance_id = optional_text(options_.instance_id);
  request.protocol_type = kConsumerProtocolType;
  request.protocol_name = joined->protocol;
  request.assignments = assignments;
  const auto reply = co_await coordinator->call(&request);
  const Errc code = errc_from_kafka(reply->error_code);
  if (code != Errc::kNone) co_await fail(code, "sync group " + options_.group_id);
  co_return Buffer(reply->assignment);
}

// Takes the new assignment over: reads on where the group has committed, else where the reset
// policy says.
Task<> GroupConsumer::apply(std::vector<TopicPartition> assigned) {
  std::sort(assigned.begin(), assigned.end());
  std::vector<TopicPartition> revoked;
  std::vector<TopicPartition> added;
  std::set_difference(assignment_.begin(), assignment_.end(), assigned.begin(), assigned.end(),
                      std::back_inserter(revoked));
  std::set_difference(assigned.begin(), assigned.end(), assignment_.begin(), assignment_.end(),
                      std::back_inserter(added));
  if (!revoked.empty() && is_cooperative()) {
    (void)co_await as_result(commit_positions());
    must_join_ = true;  // what was let go is given to its new owner in the next round
  }
  std::map<TopicPartition, Offset> positions;
  for (const TopicPartition& partition : assigned) positions[partition] = kNoOffset;
  if (!added.empty()) {
    const auto committed = co_await fetch_committed(cluster_, options_.group_id, added);
    for (const TopicPartition& partition : added) {
      const auto found = committed.find(partition);
      if (found != committed.end()) {
        positions[partition] = found->second.offset;
        continue;
      }
      if (options_.fetcher.reset == OffsetReset::kFail) {
        co_await fail(Errc::kOffsetOutOfRange,
                      fmt::format("group {} has no offset for topic {} partition {}",
                                  options_.group_id, partition.topic, partition.partition.value));
      }
      const bool earliest = options_.fetcher.reset == OffsetReset::kEarliest;
      const OffsetAndTime start =
          co_await list_offset(cluster_, partition, earliest ? kEarliest : kLatest);
      positions[partition] = start.offset;
    }
  }
  fetcher_.assign(positions);
  assignment_ = std::move(assigned);
  if (on_assignment_ && !(revoked.empty() && added.empty())) on_assignment_(revoked, added);
}

// Whether the member must join anew: the group does not know it, or not in this generation.
bool GroupConsumer::lost_membership(Errc code) {
  if (code == Errc::kFencedInstanceId) {
    ended_ = Error(code, fmt::format("another member of group {} has the instance id {}",
                                     options_.group_id, options_.instance_id));
    return false;
  }
  if (code != Errc::kUnknownMemberId && code != Errc::kIllegalGeneration) return false;
  if (code == Errc::kUnknownMemberId) member_id_.clear();
  generation_ = GenerationId();
  const std::vector<TopicPartition> lost = std::exchange(assignment_, {});
  fetcher_.assign({});  // others may have them already
  must_join_ = true;
  if (on_assignment_ && !lost.empty()) on_assignment_(lost, {});
  return true;
}

Task<> GroupConsumer::heartbeats() {
  while (true) {
    co_await runtime::sleep_until(cluster_->env().loop.now() + options_.heartbeat_interval);
    if (must_join_ || ended_) continue;
    Result<std::shared_ptr<Connection>> coordinator =
        co_await as_result(cluster_->to_coordinator(options_.group_id));
    if (!coordinator || must_join_) continue;
    kafka::HeartbeatRequest request;
    request.group_id = options_.group_id;
    request.generation_id = generation_;
    request.group_instance_id = optional_text(options_.instance_id);
    const std::string member_id = member_id_;  // the request views it while it waits
    request.member_id = member_id;
    const auto reply = co_await as_result((*coordinator)->call(&request));
    const Errc code = reply ? errc_from_kafka(reply->message.error_code) : reply.error().code();
    if (code == Errc::kRebalanceInProgress) {
      must_join_ = true;
    } else if (code == Errc::kNotCoordinator || code == Errc::kCoordinatorNotAvailable || !reply) {
      cluster_->forget_coordinator(options_.group_id);
    } else if (code != Errc::kNone) {
      lost_membership(code);
    }
  }
}

Task<> GroupConsumer::commit_positions() {
  std::map<TopicPartition, CommittedOffset> offsets;
  for (const auto& [partition, offset] : fetcher_.positions()) {
    if (offset != kNoOffset) offsets[partition] = {.offset = offset, .metadata = {}};
  }
  Result<> done =
      co_await as_result(commit(cluster_, options_.group_id, committer(), std::move(offsets)));
  if (!done && done.error().code() == Errc::kRebalanceInProgress) must_join_ = true;
  if (!done) lost_membership(done.error().code());
  co_await std::move(done);
}

Task<> GroupConsumer::leave() {
  co_await scope_.close();
  if (!options_.instance_id.empty() || member_id_.empty()) co_return;
  const std::shared_ptr<Connection> coordinator =
      co_await cluster_->to_coordinator(options_.group_id);
  kafka::LeaveGroupRequest::Member me{.member_id = member_id_,
                                      .group_instance_id = std::nullopt,
                                      .reason = "the consumer is closing"};
  kafka::LeaveGroupRequest request;
  request.group_id = options_.group_id;
  request.members = std::span(&me, 1);
  const auto reply = co_await coordinator->call(&request);
  member_id_.clear();
  if (reply->error_code != 0) {
    co_await fail(errc_from_kafka(reply->error_code), "leave group " + options_.group_id);
  }
}

}  // namespace millrace::client
