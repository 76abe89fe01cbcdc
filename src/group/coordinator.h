// The coordinator of the classic groups in one partition of `__consumer_offsets`: a plain machine,
// told the time, that turns requests into records and replies. It does no I/O, starts nothing and
// waits for nothing. Not for groups of the other kinds, which it knows only by name
// (foreign_groups.h), and not for transactions' coordinators.
//
//                requests, tick(now)                      records            log of the partition
//     clients ----------------------->  Coordinator  -- take_actions() -->  append, wait until
//             <----------------------                <-- replies ---------  they are stable
//
// The contract with the host:
//   1 Load: `replay` every record of the partition in order, transaction markers included, then
//     `loaded`. Until then answer clients COORDINATOR_LOAD_IN_PROGRESS (Kafka: a Heartbeat NONE).
//   2 After each call, or after all calls of one turn, `take_actions`: append its records in order,
//     at borders of its choice, and send its replies once all of them, and all before, are stable.
//     So the Actions form a queue, and nobody ever sees what a crash could take back.
//   3 Call `tick` when `next_deadline` has come. It may be early, never needs to be exact.
//   4 When an append fails, the state is ahead of the log and of no use: `unload`, answer what is
//     in the queue with `refuse`, and load a new Coordinator from the log.
//
// Invariants: every token is answered exactly once; the same calls with the same Random give the
// same actions; what a reload of the log's records gives is this state less members that have not
// got a generation yet, and less the rebalance under way.
// Runs: on one loop, the partition's home. Bounds: each call O(log groups) plus what it answers.
//
// Source: KIP-62, 134, 211, 229, 345, 394, 429, 496, 518, 559, 800, 814, 1043; Kafka 4.3.1's
// behaviour. Deliberate differences from it are said where they are made:
//   join.cc   a static member that comes back with other topics makes the group rebalance;
//   leave.cc  a client that leaves before its second join does not make it rebalance;
//   join.cc, sync.cc  a request overtaken by the same member's next one is answered, not dropped.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "base/ids.h"
#include "base/random.h"
#include "base/result.h"
#include "group/actions.h"
#include "group/config.h"
#include "group/explanation.h"

namespace millrace::group {

struct Shard;

class Coordinator {
 public:
  /// `random` draws the member ids.
  Coordinator(const Config& config, Random random);
  ~Coordinator();
  Coordinator(Coordinator&&) noexcept;
  Coordinator& operator=(Coordinator&&) noexcept;

  // Loading

  /// Requires: before `loaded`. `producer` is the batch's when it is transactional, else none.
  /// Its commits count once the marker comes. Unknown types are left alone.
  /// Errors: kCorruptMessage, with what and where. The record is left out and the rest may follow;
  /// a host that goes on says so loudly.
  Result<> replay(const Record& record, ProducerId producer = kNoProducerId);
  /// A control batch of the log: also after `loaded`, once a new marker is stable.
  void end_transaction(ProducerId producer, TransactionResult result);
  /// Sessions of the members begin now.
  void loaded(Now now);

  // Requests; each answers its token once. Require: `loaded`.
  // Versions: all that 4.3.1 has, read from the context. Topics come with name, and with id if it
  // is known: the host turns ids to names before and back after. The host also checks that topics
  // exist and that the client may.

  /// Errors: kInvalidGroupId, kInvalidSessionTimeout, kUnknownMemberId, kFencedInstanceId,
  /// kInconsistentGroupProtocol, kGroupMaxSizeReached; kMemberIdRequired with the id to join with;
  /// kRebalanceInProgress when the same member joined again; kCoordinatorNotAvailable when too many
  /// ids are out; kPolicyViolation beyond Config::groups_max or record_bytes_max.
  void join_group(const RequestContext& context, const kafka::JoinGroupRequest& request);
  /// Errors: kInvalidGroupId, kUnknownMemberId, kFencedInstanceId, kIllegalGeneration,
  /// kInconsistentGroupProtocol, kRebalanceInProgress; kUnknownServerError when the assignment does
  /// not fit into a record.
  void sync_group(const RequestContext& context, const kafka::SyncGroupRequest& request);
  void heartbeat(const RequestContext& context, const kafka::HeartbeatRequest& request);
  void leave_group(const RequestContext& context, const kafka::LeaveGroupRequest& request);

  /// Errors, for every partition: kUnknownMemberId, kFencedInstanceId, kIllegalGeneration (before
  /// v9 also for no such group), kGroupIdNotFound, kRebalanceInProgress, kPolicyViolation beyond
  /// Config::groups_max. For one: kOffsetMetadataTooLarge.
  void commit_offsets(const RequestContext& context, const kafka::OffsetCommitRequest& request);
  /// One group of an OffsetFetch; before v8 the host makes one of the request. The reply is
  /// OffsetFetchResponse::Group. Errors, for one partition: kUnstableOffsetCommit.
  void fetch_offsets(const RequestContext& context, const kafka::OffsetFetchRequest::Group& request,
                     bool require_stable);
  /// Errors: kInvalidGroupId, kGroupIdNotFound, kNonEmptyGroup; for one partition
  /// kGroupSubscribedToTopic.
  void delete_offsets(const RequestContext& context, const kafka::OffsetDeleteRequest& request);

  // Of these three the host passes on the groups that belong to this shard and joins the replies of
  // all shards; `partition_for` (java_text.h) says which.
  void describe_groups(const RequestContext& context, const kafka::DescribeGroupsRequest& request);
  void list_groups(const RequestContext& context, const kafka::ListGroupsRequest& request);
  /// Errors, for one group: kGroupIdNotFound, kNonEmptyGroup, kInconsistentGroupProtocol for a
  /// group of another kind.
  void delete_groups(const RequestContext& context, const kafka::DeleteGroupsRequest& request);

  // The world

  /// Topics are gone; so are their offsets. Makes records, no replies.
  void topics_deleted(std::span<const DeletedTopic> topics);
  /// What has fallen due by now: sessions, rebalances, expired offsets.
  void tick(Now now);
  /// kNever when nothing is due ever.
  MonoTime next_deadline() const;

  /// Everything the calls since the last time want done. Empty when that is nothing.
  Actions take_actions();
  /// The end: answers every parked request with `error` and forgets everything. Take the actions
  /// once more; they hold no records.
  void unload(Errc error);

  // Looking in

  /// Nothing when there is no such classic group.
  std::optional<Explanation> explain(std::string_view group_id) const;
  struct Counts {
    size_t groups = 0;
    size_t foreign_groups = 0;
    size_t members = 0;
    size_t offsets = 0;
    size_t parked = 0;  ///< requests that wait for an answer
  };
  /// Bounds: O(groups + members).
  Counts count() const;

 private:
  std::unique_ptr<Shard> shard_;
};

}  // namespace millrace::group
