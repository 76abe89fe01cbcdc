#include "group/group.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/check.h"

namespace millrace::group {

Group::Group(std::string id, Timers& timers, Timestamp since)
    : join_timer(timers, {Alarm::Kind::kJoin, id, ""}),
      sync_timer(timers, {Alarm::Kind::kSync, id, ""}),
      id_(std::move(id)),
      timers_(timers),
      state_since_(since) {}

// Members

Member* Group::find(std::string_view member_id) {
  const auto found = members_.find(member_id);
  return found == members_.end() ? nullptr : &found->second;
}

Member* Group::find_static(std::string_view group_instance_id) {
  const auto found = static_members_.find(group_instance_id);
  return found == static_members_.end() ? nullptr : find(found->second);
}

Result<Member*> Group::identify(std::string_view member_id,
                                std::optional<std::string_view> group_instance_id) {
  if (group_instance_id) {
    const Member* holder = find_static(*group_instance_id);
    if (!holder) return fail(Errc::kUnknownMemberId);
    if (holder->id != member_id) return fail(Errc::kFencedInstanceId);
  }
  Member* member = find(member_id);
  if (!member) return fail(Errc::kUnknownMemberId);
  return member;
}

Member& Group::add(Member member, std::string_view protocol_type) {
  if (members_.empty()) protocol_type_ = protocol_type;
  if (!leader_) leader_ = member.id;
  if (member.group_instance_id)
    CHECK(static_members_.emplace(*member.group_instance_id, member.id).second);
  pending_.erase(member.id);
  member.session = Timer(timers_, {Alarm::Kind::kSession, id_, member.id});
  const auto [at, added] = members_.emplace(member.id, std::move(member));
  CHECK(added);
  count(at->second, +1);
  return at->second;
}

void Group::remove(Member& member) {
  CHECK(!member.join && !member.sync);
  sync_arrived(member);
  count(member, -1);
  if (member.group_instance_id) static_members_.erase(*member.group_instance_id);
  const bool led = is_leader(member);
  members_.erase(members_.find(member.id));
  if (!led) return;
  leader_.reset();
  if (!members_.empty()) leader_ = members_.begin()->first;
}

Member& Group::rename(Member& member, std::string new_id) {
  CHECK(member.is_static() && !member.join && !member.sync);
  const bool led = is_leader(member);
  auto node = members_.extract(member.id);
  node.key() = new_id;
  node.mapped().id = new_id;
  node.mapped().session = Timer(timers_, {Alarm::Kind::kSession, id_, new_id});
  static_members_[*node.mapped().group_instance_id] = new_id;
  if (led) leader_ = new_id;
  const auto inserted = members_.insert(std::move(node));
  CHECK(inserted.inserted);
  return inserted.position->second;
}

void Group::set_protocols(Member& member, std::vector<Protocol> protocols) {
  count(member, -1);
  member.protocols = std::move(protocols);
  count(member, +1);
}

void Group::count(const Member& member, int by) {
  for (const Protocol& protocol : member.protocols) {
    const auto at = offered_.emplace(protocol.name, 0).first;
    if (by > 0) {
      ++at->second;
    } else if (--at->second == 0) {
      offered_.erase(at);
    }
  }
}

bool Group::all_offer(std::string_view protocol) const {
  const auto found = offered_.find(protocol);
  return found != offered_.end() && found->second == size();
}

bool Group::supports(std::string_view protocol_type, std::span<const Protocol> protocols) const {
  if (members_.empty()) return !protocol_type.empty() && !protocols.empty();
  return protocol_type == protocol_type_ &&
         std::ranges::any_of(protocols, [&](const Protocol& it) { return all_offer(it.name); });
}

std::string_view Group::select_protocol() const {
  std::map<std::string_view, size_t> votes;
  for (const auto& [id, member] : members_) {
    const auto preferred = std::ranges::find_if(
        member.protocols, [&](const Protocol& it) { return all_offer(it.name); });
    CHECK(preferred != member.protocols.end(), "supports() let every member in");
    ++votes[preferred->name];
  }
  CHECK(!votes.empty());
  return std::ranges::max_element(votes, {}, [](const auto& vote) { return vote.second; })->first;
}

Duration Group::rebalance_timeout() const {
  Duration longest;
  for (const auto& [id, member] : members_)
    longest = std::max(longest, milliseconds(member.rebalance_timeout_ms));
  return longest;
}

// Ids that were handed out

void Group::add_pending(std::string member_id, MonoTime until) {
  Timer timer(timers_, {Alarm::Kind::kSession, id_, member_id});
  timer.arm(until);
  pending_.emplace(std::move(member_id), std::move(timer));
}

void Group::remove_pending(std::string_view member_id) {
  const auto found = pending_.find(member_id);
  if (found != pending_.end()) pending_.erase(found);
}

// Joins and syncs

void Group::park_join(Member& member, Parked request) {
  CHECK(!member.join && is(GroupState::kPreparingRebalance));
  member.join = request;
  ++joins_parked_;
}

std::optional<Parked> Group::take_join(Member& member) {
  if (member.join) --joins_parked_;
  return std::exchange(member.join, std::nullopt);
}

bool Group::elect_joined_leader() {
  if (!leader_) return false;
  if (find(*leader_)->join) return true;
  for (const auto& [id, member] : members_) {
    if (!member.join) continue;
    leader_ = id;
    return true;
  }
  return false;
}

void Group::expect_syncs() {
  for (auto& [id, member] : members_) member.sync_missing = true;
  syncs_missing_ = size();
}

void Group::expect_no_syncs() {
  for (auto& [id, member] : members_) member.sync_missing = false;
  syncs_missing_ = 0;
}

void Group::sync_arrived(Member& member) {
  if (std::exchange(member.sync_missing, false)) --syncs_missing_;
}

// Generations

void Group::enter(GroupState state, Timestamp now) {
  state_ = state;
  state_since_ = now;
}

void Group::begin_rebalance(RebalanceCause cause, Timestamp now) {
  CHECK(!is(GroupState::kPreparingRebalance));
  last_rebalance_ = std::move(cause);
  last_rebalance_.at = now;
  last_rebalance_.generation = generation_;
  enter(GroupState::kPreparingRebalance, now);
}

void Group::begin_generation(Timestamp now) {
  CHECK(is(GroupState::kPreparingRebalance));
  constexpr int32_t kLast = std::numeric_limits<int32_t>::max();
  generation_.value = generation_.value == kLast ? 0 : generation_.value + 1;
  gathering_left.reset();
  last_rebalance_.settled_at = now;
  if (members_.empty()) {
    protocol_name_.reset();
    enter(GroupState::kEmpty, now);
  } else {
    protocol_name_ = select_protocol();
    enter(GroupState::kCompletingRebalance, now);
  }
  subscribed_topics_ = compute_subscribed_topics();
}

void Group::stabilize(Timestamp now) {
  CHECK(is(GroupState::kCompletingRebalance));
  enter(GroupState::kStable, now);
}

// Topics

std::optional<TopicNames> Group::compute_subscribed_topics() const {
  if (!is_consumer()) return std::nullopt;
  TopicNames all;
  for (const auto& [id, member] : members_) {
    const Protocol* chosen = member.find(*protocol_name_);
    auto topics = chosen ? topics_of(as_bytes(chosen->metadata)) : std::nullopt;
    if (!topics) return std::nullopt;
    all.merge(*topics);
  }
  return all;
}

bool Group::is_subscribed(std::string_view topic) const {
  return subscribed_topics_ ? subscribed_topics_->contains(topic) : is_consumer();
}

// The log

void Group::clear(Timestamp now) {
  CHECK(joins_parked_ == 0);
  members_.clear();
  static_members_.clear();
  offered_.clear();
  pending_.clear();
  syncs_missing_ = 0;
  leader_.reset();
  protocol_type_.reset();
  protocol_name_.reset();
  subscribed_topics_.reset();
  generation_ = GenerationId{0};
  is_recorded_ = false;
  enter(GroupState::kEmpty, now);
}

void Group::restore(const kafka::GroupMetadataValue& value) {
  clear(value.current_state_timestamp);
  is_recorded_ = true;
  generation_ = value.generation;
  if (value.protocol) protocol_name_ = *value.protocol;
  for (const auto& stored : value.members) {
    if (find(stored.member_id)) continue;
    Member member;
    member.id = stored.member_id;
    if (stored.group_instance_id && !find_static(*stored.group_instance_id))
      member.group_instance_id = *stored.group_instance_id;
    member.client_id = stored.client_id;
    member.client_host = stored.client_host;
    member.session_timeout_ms = stored.session_timeout;
    member.rebalance_timeout_ms =
        stored.rebalance_timeout < 0 ? stored.session_timeout : stored.rebalance_timeout;
    // Only the metadata for the chosen protocol is stored.
    member.protocols = {
        {std::string(value.protocol.value_or("")), std::string(as_text(stored.subscription))}};
    member.assignment = as_text(stored.assignment);
    add(std::move(member), value.protocol_type);
  }
  protocol_type_.reset();
  if (!value.protocol_type.empty()) protocol_type_ = value.protocol_type;
  if (value.leader && find(*value.leader)) leader_ = *value.leader;
  if (!members_.empty()) {
    protocol_name_ = value.protocol.value_or("");
    state_ = GroupState::kStable;
  }
  subscribed_topics_ = compute_subscribed_topics();
}

}  // namespace millrace::group
