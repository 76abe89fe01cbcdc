// What tests ask a coordinator, in one line each. Only for *_test.cc; the host itself is in
// test_log_host.h.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "group/test_log_host.h"

namespace millrace::group {

/// A subscription as consumers send it, version 0.
inline std::string subscription(const std::vector<std::string>& topics) {
  Buffer buffer;
  const auto put = [&](std::string_view text) {
    store_be16(buffer.extend(2), static_cast<uint16_t>(text.size()));
    buffer.append(as_bytes(text));
  };
  store_be16(buffer.extend(2), 0);
  store_be32(buffer.extend(4), static_cast<uint32_t>(topics.size()));
  for (const std::string& topic : topics) put(topic);
  store_be32(buffer.extend(4), 0xffff'ffff);
  return std::string(as_text(buffer));
}

struct JoinOptions {
  std::string group = "g";
  std::string member_id;
  std::optional<std::string> instance;
  std::string client = "c";
  int32_t session_ms = 10'000;
  int32_t rebalance_ms = 60'000;
  std::string type = "consumer";
  std::vector<std::pair<std::string, std::string>> protocols = {
      {"range", subscription({"orders"})}};
  std::string reason;
  int16_t version = 9;
};

class TestHost : public TestLogHost {
 public:
  using TestLogHost::TestLogHost;

  // Requests. Views must live until the call returns, no longer.

  Token join(const JoinOptions& options) {
    std::vector<kafka::JoinGroupRequest::Protocol> protocols;
    protocols.reserve(options.protocols.size());
    for (const auto& [name, metadata] : options.protocols)
      protocols.push_back({name, as_bytes(metadata)});
    kafka::JoinGroupRequest request = {.group_id = options.group,
                                       .session_timeout_ms = options.session_ms,
                                       .rebalance_timeout_ms = options.rebalance_ms,
                                       .member_id = options.member_id,
                                       .protocol_type = options.type,
                                       .protocols = protocols};
    if (options.instance) request.group_instance_id = *options.instance;
    if (!options.reason.empty()) request.reason = options.reason;
    const RequestContext asked_by = context(options.version, options.client);
    coordinator().join_group(asked_by, request);
    flush();
    return asked_by.token;
  }

  struct Assignments {
    std::vector<std::pair<std::string, std::string>> of;
  };
  Token sync(std::string_view member_id, int32_t generation, const Assignments& assignments = {},
             kafka::SyncGroupRequest request = {}) {
    std::vector<kafka::SyncGroupRequest::Assignment> list;
    list.reserve(assignments.of.size());
    for (const auto& [who, what] : assignments.of) list.push_back({who, as_bytes(what)});
    if (request.group_id.empty()) request.group_id = "g";
    request.generation_id = GenerationId(generation);
    request.member_id = member_id;
    request.assignments = list;
    const RequestContext asked_by = context(5);
    coordinator().sync_group(asked_by, request);
    flush();
    return asked_by.token;
  }

  int16_t heartbeat(std::string_view member_id, int32_t generation,
                    std::optional<std::string_view> instance = std::nullopt) {
    const RequestContext asked_by = context(4);
    coordinator().heartbeat(asked_by, {.group_id = "g",
                                       .generation_id = GenerationId(generation),
                                       .member_id = member_id,
                                       .group_instance_id = instance});
    flush();
    return reply<kafka::HeartbeatResponse>(asked_by.token)->error_code;
  }

  const kafka::LeaveGroupResponse& leave(std::vector<kafka::LeaveGroupRequest::Member> members,
                                         std::string_view group = "g") {
    const RequestContext asked_by = context(5);
    coordinator().leave_group(asked_by, {.group_id = group, .members = members});
    flush();
    return *reply<kafka::LeaveGroupResponse>(asked_by.token);
  }

  struct CommitOptions {
    std::string group = "g";
    std::string member_id;
    std::optional<std::string> instance;
    int32_t generation = -1;
    std::string topic = "orders";
    TopicId topic_id;
    std::vector<std::pair<int32_t, int64_t>> offsets = {{0, 1}};
    std::string metadata;
    int64_t retention_ms = -1;
    int16_t version = 9;
  };
  const kafka::OffsetCommitResponse& commit(const CommitOptions& options) {
    std::vector<kafka::OffsetCommitRequest::Partition> partitions;
    partitions.reserve(options.offsets.size());
    for (const auto& [partition, offset] : options.offsets) {
      partitions.push_back({.partition_index = PartitionIndex(partition),
                            .committed_offset = Offset(offset),
                            .committed_leader_epoch = LeaderEpoch(3),
                            .committed_metadata = options.metadata});
    }
    kafka::OffsetCommitRequest::Topic topic = {options.topic, options.topic_id, partitions};
    kafka::OffsetCommitRequest request = {.group_id = options.group,
                                          .generation_id_or_member_epoch = options.generation,
                                          .member_id = options.member_id,
                                          .retention_time_ms = options.retention_ms,
                                          .topics = {&topic, 1}};
    if (options.instance) request.group_instance_id = *options.instance;
    const RequestContext asked_by = context(options.version);
    coordinator().commit_offsets(asked_by, request);
    flush();
    return *reply<kafka::OffsetCommitResponse>(asked_by.token);
  }
  /// The error of a commit of one partition.
  int16_t commit_one(const CommitOptions& options) {
    return commit(options).topics[0].partitions[0].error_code;
  }

  const kafka::OffsetFetchResponse::Group& fetch_all(std::string_view group = "g",
                                                     bool require_stable = false) {
    const RequestContext asked_by = context(9);
    coordinator().fetch_offsets(asked_by, {.group_id = group, .topics = std::nullopt},
                                require_stable);
    flush();
    return *reply<kafka::OffsetFetchResponse::Group>(asked_by.token);
  }
  kafka::OffsetFetchResponse::GroupPartition fetch(std::string_view topic, int32_t partition,
                                                   std::string_view group = "g",
                                                   TopicId topic_id = {},
                                                   bool require_stable = false) {
    PartitionIndex index(partition);
    kafka::OffsetFetchRequest::GroupTopic asked = {
        .name = topic, .topic_id = topic_id, .partition_indexes = {&index, 1}};
    const RequestContext asked_by = context(10);
    coordinator().fetch_offsets(
        asked_by,
        {.group_id = group, .topics = std::span<kafka::OffsetFetchRequest::GroupTopic>(&asked, 1)},
        require_stable);
    flush();
    return reply<kafka::OffsetFetchResponse::Group>(asked_by.token)->topics[0].partitions[0];
  }

  const kafka::OffsetDeleteResponse& delete_offset(std::string_view topic, int32_t partition,
                                                   std::string_view group = "g") {
    kafka::OffsetDeleteRequest::Partition index{PartitionIndex(partition)};
    kafka::OffsetDeleteRequest::Topic asked = {topic, {&index, 1}};
    const RequestContext asked_by = context(0);
    coordinator().delete_offsets(asked_by, {.group_id = group, .topics = {&asked, 1}});
    flush();
    return *reply<kafka::OffsetDeleteResponse>(asked_by.token);
  }

  const kafka::DescribeGroupsResponse::Group& describe(std::string_view group = "g",
                                                       int16_t version = 6) {
    const RequestContext asked_by = context(version);
    coordinator().describe_groups(asked_by, {.groups = {&group, 1}});
    flush();
    return reply<kafka::DescribeGroupsResponse>(asked_by.token)->groups[0];
  }

  /// "group type state" of each, in the reply's order.
  std::vector<std::string> list(std::vector<std::string_view> states = {},
                                std::vector<std::string_view> types = {}) {
    const RequestContext asked_by = context(5);
    coordinator().list_groups(asked_by, {.states_filter = states, .types_filter = types});
    flush();
    std::vector<std::string> listed;
    for (const auto& group : reply<kafka::ListGroupsResponse>(asked_by.token)->groups) {
      listed.push_back(std::string(group.group_id) + " " + std::string(group.group_type) + " " +
                       std::string(group.group_state));
    }
    return listed;
  }

  int16_t delete_group(std::string_view group = "g") {
    const RequestContext asked_by = context(2);
    coordinator().delete_groups(asked_by, {.groups_names = {&group, 1}});
    flush();
    return reply<kafka::DeleteGroupsResponse>(asked_by.token)->results[0].error_code;
  }

  // Scenes

  /// A first join, and the second with the id it gave. The token is the second's.
  std::pair<std::string, Token> join_twice(JoinOptions options) {
    const Token first = join(options);
    options.member_id = reply<kafka::JoinGroupResponse>(first)->member_id;
    const Token second = join(options);
    return {options.member_id, second};
  }

  /// A Stable group of these members; each is assigned its own id. Gives their ids, in that order.
  std::vector<std::string> stable_group(const std::vector<JoinOptions>& members) {
    std::vector<std::string> ids;
    std::vector<Token> joins;
    for (const JoinOptions& options : members) {
      if (options.instance) {
        joins.push_back(join(options));
        ids.emplace_back();
      } else {
        auto [id, token] = join_twice(options);
        ids.push_back(id);
        joins.push_back(token);
      }
    }
    tick();
    settle(ids, joins, members);
    return ids;
  }

  int32_t generation(std::string_view group = "g") {
    return coordinator().explain(group)->generation.value;
  }
  std::string leader(std::string_view group = "g") { return coordinator().explain(group)->leader; }
  GroupState state(std::string_view group = "g") { return coordinator().explain(group)->state; }

 private:
  /// Those whose join was answered ask for their assignment, the leader last.
  void settle(std::vector<std::string>& ids, const std::vector<Token>& joins,
              const std::vector<JoinOptions>& members) {
    const std::string group = members.front().group;
    // The members that came while an earlier one was alone made it rejoin.
    for (size_t i = 0; i < ids.size(); ++i) {
      if (const auto* joined = reply<kafka::JoinGroupResponse>(joins[i]))
        ids[i] = joined->member_id;
    }
    Assignments assignments;
    for (const std::string& id : ids) assignments.of.emplace_back(id, id);
    const std::string leads = leader(group);
    const kafka::SyncGroupRequest request = {.group_id = group};
    for (const std::string& id : ids) {
      if (id != leads) sync(id, generation(group), {}, request);
    }
    sync(leads, generation(group), assignments, request);
  }
};

inline int16_t code_of(Errc error) {
  return error_info(error).kafka_code;
}

}  // namespace millrace::group
