#include "group/rebalance.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/check.h"
#include "group/java_text.h"
#include "group/reply.h"

namespace millrace::group {

using Trigger = RebalanceCause::Trigger;

RebalanceCause because(Trigger trigger, const Member& member, std::string_view client_reason) {
  return {.trigger = trigger,
          .member_id = member.id,
          .group_instance_id = member.group_instance_id.value_or(""),
          .client_id = member.client_id,
          .client_host = member.client_host,
          .client_reason = std::string(cut(client_reason, RebalanceCause::kReasonBytesMax))};
}

// The join phase

namespace {

constexpr Duration kStaticMembersWait = milliseconds(100);

/// The members that are there have joined, or had their time.
void complete_join(Shard& shard, Group& group, Now now) {
  group.join_timer.cancel();
  group.gathering_left.reset();
  for (auto at = group.members().begin(); at != group.members().end();) {
    Member& member = (at++)->second;
    // A static member may be restarting right now: only its session decides.
    if (!member.join && !member.is_static())
      remove_member(shard, group, member, Errc::kUnknownMemberId);
  }
  if (group.size() > 0 && !group.elect_joined_leader()) {
    // Only static members are left and none of them has come back: sessions will tell. They may
    // have asked for a timeout of 0; the alarm must not be due again at once.
    group.join_timer.arm(now.mono + std::max(group.rebalance_timeout(), kStaticMembersWait));
    return;
  }
  group.begin_generation(now.wall);
  if (group.is(GroupState::kEmpty)) {
    CHECK(shard.record_group(group));
    return;
  }

  group.expect_syncs();
  for (auto& [id, member] : group.members()) {
    if (member.join) answer_join(shard, group, member, joined(shard, group, member));
    member.is_new = false;
    restart_session(member, now);
  }
  group.sync_timer.arm(now.mono + group.rebalance_timeout());
}

/// The first members of a group seldom come alone: each newcomer prolongs the wait by another
/// delay, up to the rebalance timeout in all. Source: KIP-134.
void keep_gathering_or_complete(Shard& shard, Group& group, Now now) {
  const Duration left = *group.gathering_left;
  if (!std::exchange(group.joined_while_gathering, false) || left == Duration{})
    return complete_join(shard, group, now);
  const Duration delay = std::min(shard.config.initial_rebalance_delay, left);
  group.gathering_left = left - delay;
  group.join_timer.arm(now.mono + delay);
}

}  // namespace

void begin_rebalance(Shard& shard, Group& group, RebalanceCause cause, Now now) {
  if (group.is(GroupState::kPreparingRebalance)) return;
  if (group.is(GroupState::kCompletingRebalance)) {
    for (auto& [id, member] : group.members()) member.assignment.clear();
    answer_all_syncs(shard, group, Errc::kRebalanceInProgress, now);
  }
  group.expect_no_syncs();
  group.sync_timer.cancel();

  const bool is_first = group.is(GroupState::kEmpty);
  group.begin_rebalance(std::move(cause), now.wall);
  if (is_first) {
    const Duration delay = shard.config.initial_rebalance_delay;
    group.gathering_left = std::max(group.rebalance_timeout() - delay, Duration{});
    group.joined_while_gathering = false;
    group.join_timer.arm(now.mono + delay);
  } else {
    group.join_timer.arm(now.mono + group.rebalance_timeout());
  }
}

void complete_join_if_ready(Shard& shard, Group& group, Now now) {
  if (!group.is(GroupState::kPreparingRebalance) || !group.everyone_joined()) return;
  // While members gather, only the delay ends it; unless there is nobody left to wait for.
  if (group.gathering_left && group.size() > 0) return;
  complete_join(shard, group, now);
}

void remove_member(Shard& shard, Group& group, Member& member, Errc to_parked) {
  answer_join(shard, group, member, join_error(to_parked));
  answer_sync(shard, member, sync_error(to_parked));
  group.remove(member);
}

void restart_session(Member& member, Now now) {
  member.session.arm(now.mono + member.session_timeout());
}

void answer_all_syncs(Shard& shard, Group& group, Errc error, Now now) {
  for (auto& [id, member] : group.members()) {
    if (!member.sync) continue;
    answer_sync(shard, member,
                error == Errc::kNone ? assigned(shard, group, member) : sync_error(error));
    // Its session did not count while it waited for us.
    restart_session(member, now);
  }
}

// Alarms

void on_session_alarm(Shard& shard, std::string_view group_id, std::string_view member_id,
                      Now now) {
  Group* group = shard.find(group_id);
  if (!group) return;
  if (group->is_pending(member_id)) {
    group->remove_pending(member_id);
    complete_join_if_ready(shard, *group, now);
    return shard.erase_if_void(*group);
  }
  Member* member = group->find(member_id);
  if (!member || member->is_waiting()) return;
  RebalanceCause cause = because(Trigger::kSessionExpired, *member);
  remove_member(shard, *group, *member, Errc::kUnknownMemberId);
  begin_rebalance(shard, *group, std::move(cause), now);
  complete_join_if_ready(shard, *group, now);
}

void on_join_alarm(Shard& shard, std::string_view group_id, Now now) {
  Group* group = shard.find(group_id);
  if (!group || !group->is(GroupState::kPreparingRebalance)) return;
  if (group->gathering_left) return keep_gathering_or_complete(shard, *group, now);
  complete_join(shard, *group, now);
}

void on_sync_alarm(Shard& shard, std::string_view group_id, Now now) {
  Group* group = shard.find(group_id);
  if (!group || !group->syncs_missing()) return;
  std::optional<RebalanceCause> cause;
  for (auto at = group->members().begin(); at != group->members().end();) {
    Member& member = (at++)->second;
    if (!member.sync_missing) continue;
    if (!cause) cause = because(Trigger::kSyncMissing, member);
    remove_member(shard, *group, member, Errc::kUnknownMemberId);
  }
  begin_rebalance(shard, *group, std::move(*cause), now);
  complete_join_if_ready(shard, *group, now);
}

}  // namespace millrace::group
