#include "bench/load/group_member.h"

#include <vector>

#include "bench/load/message.h"
#include "bench/load/meter.h"
#include "bench/load/topics.h"
#include "kafka/messages/heartbeat.h"
#include "kafka/messages/join_group.h"
#include "kafka/messages/offset_commit.h"
#include "kafka/messages/sync_group.h"

namespace millrace::bench {
namespace {

constexpr int32_t kSessionTimeoutMs = 45'000;
constexpr int32_t kRebalanceTimeoutMs = 60'000;
constexpr std::string_view kProtocolType = "consumer";
constexpr std::string_view kProtocol = "range";

bool is(int16_t code, Errc wanted) {
  return errc_from_kafka(code) == wanted;
}

/// ConsumerProtocolSubscription, version 0: one topic, no user data.
Buffer subscription_to(const std::string& topic) {
  Buffer blob;
  store_be16(blob.extend(2), 0);
  store_be32(blob.extend(4), 1);
  store_be16(blob.extend(2), static_cast<uint16_t>(topic.size()));
  blob.append(as_bytes(topic));
  store_be<int32_t>(blob.extend(4), -1);
  return blob;
}

}  // namespace

GroupMember::GroupMember(Poller& poller, const std::string& address, GroupPlan& plan, int32_t index)
    : Connection(poller, address),
      plan_(plan),
      index_(index),
      subscription_(subscription_to(plan.topic)) {}

template <class Request>
void GroupMember::ask(const Request& request, int16_t version, Awaited awaited) {
  request_.clear();
  kafka::Writer writer(request_);
  write_request(request, version, ++correlation_id_, writer);
  awaited_ = awaited;
  asked_at_ns_ = now_ns();
  send(request_);
}

void GroupMember::join() {
  stable_ = false;
  members_seen_ = 0;
  kafka::JoinGroupRequest::Protocol protocol{.name = kProtocol, .metadata = subscription_};
  ask(kafka::JoinGroupRequest{.group_id = plan_.group,
                              .session_timeout_ms = kSessionTimeoutMs,
                              .rebalance_timeout_ms = kRebalanceTimeoutMs,
                              .member_id = member_id_,
                              .protocol_type = kProtocolType,
                              .protocols = {&protocol, 1}},
      kJoinGroupVersion, Awaited::kJoin);
}

void GroupMember::sync(std::span<const std::string_view> members) {
  // What is assigned is nobody's business here but its size: as much as a topic and a partition.
  std::vector<kafka::SyncGroupRequest::Assignment> assignments;
  assignments.reserve(members.size());
  for (const std::string_view member : members) {
    assignments.push_back({.member_id = member, .assignment = subscription_});
  }
  ask(kafka::SyncGroupRequest{.group_id = plan_.group,
                              .generation_id = generation_,
                              .member_id = member_id_,
                              .protocol_type = kProtocolType,
                              .protocol_name = kProtocol,
                              .assignments = assignments},
      kSyncGroupVersion, Awaited::kSync);
}

void GroupMember::heartbeat() {
  if (!stable_ || busy()) return;
  ask(
      kafka::HeartbeatRequest{
          .group_id = plan_.group, .generation_id = generation_, .member_id = member_id_},
      kHeartbeatVersion, Awaited::kHeartbeat);
}

void GroupMember::commit() {
  if (busy() || now_ns() >= plan_.commit_until_ns) return;
  kafka::OffsetCommitRequest::Partition partition{.partition_index = PartitionIndex(index_),
                                                  .committed_offset = Offset(++offset_)};
  kafka::OffsetCommitRequest::Topic topic{.name = plan_.topic, .partitions = {&partition, 1}};
  ask(kafka::OffsetCommitRequest{.group_id = plan_.group,
                                 .generation_id_or_member_epoch = generation_.value,
                                 .member_id = member_id_,
                                 .topics = {&topic, 1}},
      kOffsetCommitVersion, Awaited::kCommit);
}

void GroupMember::on_frame(Bytes frame) {
  arena_.reset();
  switch (std::exchange(awaited_, Awaited::kNothing)) {
    case Awaited::kJoin:
      return joined(frame);
    case Awaited::kSync:
      return synced(frame);
    case Awaited::kHeartbeat:
      return heartbeat_answered(frame);
    case Awaited::kCommit:
      return committed(frame);
    case Awaited::kNothing:
      give_up("an answer that nobody asked for");
  }
}

void GroupMember::joined(Bytes frame) {
  const auto answer = must(
      read_response<kafka::JoinGroupResponse>(frame, kJoinGroupVersion, correlation_id_, arena_));
  if (is(answer.error_code, Errc::kMemberIdRequired)) {
    member_id_ = answer.member_id;
    return join();
  }
  if (is(answer.error_code, Errc::kRebalanceInProgress)) return join();
  if (answer.error_code != 0) give_up(describe_code(answer.error_code, "joining"));
  member_id_ = answer.member_id;
  generation_ = answer.generation_id;
  members_seen_ = answer.members.size();
  std::vector<std::string_view> members;
  for (const auto& member : answer.members) members.push_back(member.member_id);
  sync(members);
}

void GroupMember::synced(Bytes frame) {
  const auto answer = must(
      read_response<kafka::SyncGroupResponse>(frame, kSyncGroupVersion, correlation_id_, arena_));
  if (is(answer.error_code, Errc::kRebalanceInProgress)) return join();
  if (answer.error_code != 0) give_up(describe_code(answer.error_code, "syncing"));
  stable_ = true;
}

void GroupMember::heartbeat_answered(Bytes frame) {
  const auto answer = must(
      read_response<kafka::HeartbeatResponse>(frame, kHeartbeatVersion, correlation_id_, arena_));
  if (is(answer.error_code, Errc::kRebalanceInProgress)) return join();
  if (answer.error_code != 0) give_up(describe_code(answer.error_code, "heartbeat"));
}

void GroupMember::committed(Bytes frame) {
  const auto answer = must(read_response<kafka::OffsetCommitResponse>(frame, kOffsetCommitVersion,
                                                                      correlation_id_, arena_));
  for (const auto& topic : answer.topics) {
    for (const auto& partition : topic.partitions) {
      if (partition.error_code != 0) give_up(describe_code(partition.error_code, "committing"));
    }
  }
  if (asked_at_ns_ >= plan_.count_from_ns) {
    plan_.commits.record(now_ns() - asked_at_ns_);
    ++plan_.committed;
  }
  commit();
}

}  // namespace millrace::bench
