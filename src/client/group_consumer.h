// GroupConsumer: a member of a classic consumer group that reads the partitions it is given.
// Joining, rejoining and heartbeats happen inside poll() and beside it; not for a fixed set of
// partitions (fetcher.h).
//
//   subscribe -> poll: join, sync, fetch ... -> rebalance noticed by a heartbeat -> poll: rejoin
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "client/assignor.h"
#include "client/fetcher.h"
#include "client/offsets.h"
#include "runtime/scope.h"

namespace millrace::client {

struct GroupConsumerOptions {
  std::string group_id;
  std::string instance_id;  ///< static membership (KIP-345) when not empty
  std::vector<std::string> topics;
  std::vector<Strategy> strategies = {Strategy::kRange, Strategy::kCooperativeSticky};
  Duration session_timeout = seconds(45);
  Duration rebalance_timeout = seconds(300);
  Duration heartbeat_interval = seconds(3);
  FetcherOptions fetcher;
};

class GroupConsumer {
 public:
  /// Called when the set of partitions has changed: inside poll(), or when the membership was lost.
  using OnAssignment = std::function<void(const std::vector<TopicPartition>& revoked,
                                          const std::vector<TopicPartition>& assigned)>;

  GroupConsumer(Cluster* cluster, GroupConsumerOptions options, OnAssignment on_assignment);
  ~GroupConsumer();

  /// Joins or rejoins when needed, then waits for data until `deadline`. An empty answer means that
  /// nothing came for a while or until the deadline, or that a rebalance has just ended.
  /// Errors: kFencedInstanceId and other ends of a membership; what the coordinator says, or who
  /// looks for it, when the group could not be joined for `request_timeout`; the fetcher's.
  runtime::Task<std::vector<Fetched>> poll(MonoTime deadline);

  /// Commits the positions behind all that poll() has returned, or before what seek() gave back. A
  /// rebalance may answer kRebalanceInProgress or kIllegalGeneration: what was read will be read
  /// again by its new owner.
  runtime::Task<> commit_positions();

  /// Goes back: what was returned from `offset` on counts as unread, comes once more and is not
  /// committed. Nothing happens when the partition is not assigned.
  void seek(const TopicPartition& partition, Offset offset) { fetcher_.seek(partition, offset); }

  /// Leaves the group (a static member keeps its place). Positions are not committed.
  runtime::Task<> leave();

  const std::vector<TopicPartition>& assignment() const { return assignment_; }
  /// As Fetcher::position.
  Offset position(const TopicPartition& partition) const { return fetcher_.position(partition); }
  int32_t generation() const { return generation_.value; }
  const std::string& member_id() const { return member_id_; }
  /// How often it has begun to join. A group may answer with the generation that it had.
  uint64_t rebalances() const { return rebalances_; }

 private:
  struct Joined;

  runtime::Task<> rebalance(MonoTime deadline);
  bool refused_too_long(Errc code);
  runtime::Task<Joined> join_once(MonoTime deadline);
  runtime::Task<Buffer> sync_once(const Joined* joined);
  runtime::Task<Assignment> lead(const Joined* joined);
  runtime::Task<> apply(std::vector<TopicPartition> assigned);
  runtime::Task<> heartbeats();
  bool lost_membership(Errc code);
  bool is_cooperative() const { return strategy_ == Strategy::kCooperativeSticky; }
  Committer committer() const { return {generation_, member_id_, options_.instance_id}; }

  Cluster* cluster_;
  GroupConsumerOptions options_;
  OnAssignment on_assignment_;
  Fetcher fetcher_;
  std::string member_id_;
  GenerationId generation_;  // of the assignment: KIP-792 believes a claim by its generation
  Strategy strategy_ = Strategy::kRange;
  std::vector<TopicPartition> assignment_;
  bool must_join_ = true;
  uint64_t rebalances_ = 0;
  std::optional<MonoTime> refused_since_;  // the group cannot be joined
  std::optional<Error> ended_;             // no rejoining mends it
  runtime::Scope scope_;
};

}  // namespace millrace::client
