// The state of one classic group: its members, what they agree on, and how far a rebalance has
// come. Keeps its own books right; what has to happen when is decided in join.cc, sync.cc,
// rebalance.cc and their neighbours.
//
// Source: KIP-62, KIP-345 (static members), KIP-394 (ids first), KIP-559, KIP-814.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"
#include "group/group_state.h"
#include "group/member.h"
#include "group/offsets.h"
#include "group/rebalance_cause.h"
#include "group/subscription.h"
#include "group/timers.h"
#include "kafka/records/group/group_metadata.h"

namespace millrace::group {

/// Invariants:
///   1 Empty has no members and no leader; Completing and Stable have at least one of each.
///   2 The leader is a member; every static name belongs to one member.
///   3 In Completing and Stable all members offer the chosen protocol.
///   4 Joins are parked only in Preparing, syncs only in Completing.
class Group {
 public:
  /// By member id, so that whoever walks them does so in the same order everywhere.
  using Members = std::map<std::string, Member, std::less<>>;

  Group(std::string id, Timers& timers, Timestamp since);
  Group(const Group&) = delete;
  Group& operator=(const Group&) = delete;

  const std::string& id() const { return id_; }
  GroupState state() const { return state_; }
  bool is(GroupState state) const { return state_ == state; }
  /// -1 when the record the group was loaded from did not tell.
  Timestamp state_since() const { return state_since_; }
  GenerationId generation() const { return generation_; }
  const std::optional<std::string>& protocol_type() const { return protocol_type_; }
  const std::optional<std::string>& protocol_name() const { return protocol_name_; }
  const std::optional<std::string>& leader() const { return leader_; }
  bool is_leader(const Member& member) const { return leader_ == member.id; }
  bool is_consumer() const { return protocol_type_ == kConsumerProtocolType; }

  // Members

  const Members& members() const { return members_; }
  Members& members() { return members_; }
  size_t size() const { return members_.size(); }
  /// Null when there is none.
  Member* find(std::string_view member_id);
  Member* find_static(std::string_view group_instance_id);
  /// Errors: kFencedInstanceId when another member holds that static name, kUnknownMemberId.
  Result<Member*> identify(std::string_view member_id,
                           std::optional<std::string_view> group_instance_id);

  /// Requires: no such member or static name yet; supports() what it offers. The first member
  /// leads and decides the protocol type.
  Member& add(Member member, std::string_view protocol_type);
  /// Requires: nothing of it is parked. The next member by id leads if it did.
  void remove(Member& member);
  /// Gives a static member a new id; leadership, assignment and what it offers stay.
  /// Requires: nothing of it is parked.
  Member& rename(Member& member, std::string new_id);
  void set_protocols(Member& member, std::vector<Protocol> protocols);

  /// Whether a member could join that offers these: the type is the group's, and at least one of
  /// them is offered by everybody in it.
  bool supports(std::string_view protocol_type, std::span<const Protocol> protocols) const;
  /// The protocol most members prefer among those that all offer; of equals the first by name.
  /// Requires: members. Bounds: O(members x protocols).
  std::string_view select_protocol() const;
  /// The longest of its members': how long a rebalance waits.
  Duration rebalance_timeout() const;

  // Ids that were handed out and not used yet (KIP-394)

  bool is_pending(std::string_view member_id) const { return pending_.contains(member_id); }
  size_t pending_size() const { return pending_.size(); }
  const std::map<std::string, Timer, std::less<>>& pending() const { return pending_; }
  void add_pending(std::string member_id, MonoTime until);
  void remove_pending(std::string_view member_id);

  // Parked joins; the group counts them.

  void park_join(Member& member, Parked request);
  std::optional<Parked> take_join(Member& member);
  size_t joins_parked() const { return joins_parked_; }
  bool everyone_joined() const { return joins_parked_ == size() && pending_.empty(); }
  /// Sees to it that the leader is among those who joined. False when nobody did.
  bool elect_joined_leader();

  // Syncs that are still to come

  void expect_syncs();
  void expect_no_syncs();
  void sync_arrived(Member& member);
  bool syncs_missing() const { return syncs_missing_ > 0; }

  // From one generation to the next

  void begin_rebalance(RebalanceCause cause, Timestamp now);
  /// Closes the join phase: the next generation, Completing with members, Empty without.
  /// Requires: Preparing.
  void begin_generation(Timestamp now);
  /// Requires: Completing.
  void stabilize(Timestamp now);
  const RebalanceCause& last_rebalance() const { return last_rebalance_; }

  /// Fires in Preparing, for the first generation after Empty several times: see rebalance.cc.
  Timer join_timer;
  Timer sync_timer;
  /// While the first members gather: how much longer that may go on. Nothing otherwise.
  std::optional<Duration> gathering_left;
  bool joined_while_gathering = false;

  // Topics

  /// Of all members together; nothing when the group is no consumer's or cannot be read.
  const std::optional<TopicNames>& subscribed_topics() const { return subscribed_topics_; }
  /// Whether the topic's offsets are in use; when in doubt they are. Source: KIP-496.
  bool is_subscribed(std::string_view topic) const;

  // What is kept in the log

  Offsets& offsets() { return offsets_; }
  const Offsets& offsets() const { return offsets_; }
  /// Whether the log holds this group's metadata. A group that only commits offsets has none; it
  /// lives as long as they do.
  bool is_recorded() const { return is_recorded_; }
  void set_recorded(bool recorded) { is_recorded_ = recorded; }
  /// Becomes what a record says, offsets apart. Requires: nothing is parked.
  void restore(const kafka::GroupMetadataValue& value);
  /// Becomes a group without metadata, as after its tombstone. Requires: nothing is parked.
  void clear(Timestamp now);

 private:
  void enter(GroupState state, Timestamp now);
  void count(const Member& member, int by);
  bool all_offer(std::string_view protocol) const;
  std::optional<TopicNames> compute_subscribed_topics() const;

  std::string id_;
  Timers& timers_;
  GroupState state_ = GroupState::kEmpty;
  Timestamp state_since_;
  GenerationId generation_{0};
  std::optional<std::string> protocol_type_;
  std::optional<std::string> protocol_name_;
  std::optional<std::string> leader_;
  Members members_;
  std::map<std::string, std::string, std::less<>> static_members_;  // name to member id
  std::map<std::string, size_t, std::less<>> offered_;              // protocol to members
  std::map<std::string, Timer, std::less<>> pending_;
  size_t joins_parked_ = 0;
  size_t syncs_missing_ = 0;
  std::optional<TopicNames> subscribed_topics_;
  RebalanceCause last_rebalance_;
  Offsets offsets_;
  bool is_recorded_ = false;
};

}  // namespace millrace::group
