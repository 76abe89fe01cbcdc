// JoinGroup: who may come in, under which id, and whether the group rebalances for it.
#include <fmt/format.h>
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "base/check.h"
#include "group/java_text.h"
#include "group/rebalance.h"
#include "group/reply.h"
#include "group/requests.h"

namespace millrace::group {
namespace {

using Trigger = RebalanceCause::Trigger;

constexpr int16_t kFirstVersionThatJoinsTwice = 4;        // KIP-394
constexpr int16_t kFirstVersionThatSkipsAssignments = 9;  // KIP-814

/// What the client offers, in its order; of a name that comes twice, the first.
std::vector<Protocol> offered(const kafka::JoinGroupRequest& request) {
  std::vector<Protocol> protocols;
  for (const auto& protocol : request.protocols) {
    if (std::ranges::find(protocols, protocol.name, &Protocol::name) != protocols.end()) continue;
    protocols.push_back({std::string(protocol.name), std::string(as_text(protocol.metadata))});
  }
  return protocols;
}

size_t bytes_of(const std::vector<Protocol>& protocols) {
  size_t bytes = 0;
  for (const Protocol& protocol : protocols)
    bytes += protocol.name.size() + protocol.metadata.size();
  return bytes;
}

/// As Java writes a random UUID, for that is what Kafka's member ids end in. Source: RFC 4122.
std::string uuid_text(Random& random) {
  const uint64_t high = (random.next() & ~0xf000ULL) | 0x4000ULL;
  const uint64_t low = (random.next() & ~(0xc0ULL << 56)) | (0x80ULL << 56);
  return fmt::format("{:08x}-{:04x}-{:04x}-{:04x}-{:012x}", high >> 32, high >> 16 & 0xffff,
                     high & 0xffff, low >> 48, low & 0xffff'ffff'ffffULL);
}

/// One JoinGroup request on its way through the group.
class Join {
 public:
  Join(Shard& shard, const RequestContext& context, const kafka::JoinGroupRequest& request)
      : shard_(shard), context_(context), request_(request), protocols_(offered(request)) {}

  /// Errors: what the client is told. Without one, the request is answered or parked.
  Result<> serve() {
    TRY(check());
    Group& group = *TRY(group_to_join());
    Member* member = group.find(request_.member_id);
    if (!has_room(group, member)) return turn_away(group, member);
    if (!group.supports(request_.protocol_type, protocols_))
      return fail(Errc::kInconsistentGroupProtocol);
    return request_.member_id.empty() ? come_new(group) : come_back(group);
  }

 private:
  Result<> check() const {
    if (request_.group_id.empty()) return fail(Errc::kInvalidGroupId);
    const Duration session = milliseconds(request_.session_timeout_ms);
    if (session < shard_.config.session_timeout_min || session > shard_.config.session_timeout_max)
      return fail(Errc::kInvalidSessionTimeout);
    if (shard_.foreign.find(request_.group_id)) return fail(Errc::kInconsistentGroupProtocol);
    // Such a member's group could never be written down.
    if (bytes_of(protocols_) > shard_.config.record_bytes_max) return fail(Errc::kPolicyViolation);
    return {};
  }

  Result<Group*> group_to_join() {
    if (Group* group = shard_.find(request_.group_id)) return group;
    if (!request_.member_id.empty()) return fail(Errc::kUnknownMemberId);
    if (request_.protocol_type.empty() || protocols_.empty())
      return fail(Errc::kInconsistentGroupProtocol);
    if (shard_.groups.size() >= shard_.config.groups_max) return fail(Errc::kPolicyViolation);
    Group& group = shard_.create(request_.group_id, context_.now.wall);
    CHECK(shard_.record_group(group));
    return &group;
  }

  /// In Preparing those count who have joined: so the last to come back are the ones too many when
  /// group.max.size was lowered.
  bool has_room(const Group& group, const Member* member) const {
    const auto max = static_cast<size_t>(shard_.config.group_size_max);
    switch (group.state()) {
      case GroupState::kEmpty:
        return true;
      case GroupState::kPreparingRebalance:
        return (member && member->join) || group.joins_parked() < max;
      case GroupState::kCompletingRebalance:
      case GroupState::kStable:
        return member || group.size() < max;
    }
    return false;
  }

  Result<> turn_away(Group& group, Member* member) {
    if (member) remove_member(shard_, group, *member, Errc::kGroupMaxSizeReached);
    group.remove_pending(request_.member_id);
    complete_join_if_ready(shard_, group, context_.now);
    return fail(Errc::kGroupMaxSizeReached);
  }

  // Without a member id

  Result<> come_new(Group& group) {
    std::string member_id = make_member_id();
    if (request_.group_instance_id) {
      Member* holder = group.find_static(*request_.group_instance_id);
      return holder ? take_over(group, *holder, std::move(member_id))
                    : come_in(group, std::move(member_id));
    }
    if (context_.version < kFirstVersionThatJoinsTwice) return come_in(group, std::move(member_id));
    return hand_out_id(group, std::move(member_id));
  }

  std::string make_member_id() {
    const std::string_view whose = request_.group_instance_id.value_or(context_.client_id);
    return fmt::format("{}-{}", cut(whose, shard_.config.member_id_client_id_max),
                       uuid_text(shard_.random));
  }

  /// A client that gives up while its first join is parked would leave a member behind at every
  /// try; so it has to learn its id first. Source: KIP-394.
  Result<> hand_out_id(Group& group, std::string member_id) {
    if (group.pending_size() >= shard_.config.pending_members_max)
      return fail(Errc::kCoordinatorNotAvailable);
    reply(join_error(Errc::kMemberIdRequired, member_id));
    group.add_pending(std::move(member_id),
                      context_.now.mono + milliseconds(request_.session_timeout_ms));
    return {};
  }

  Result<> come_in(Group& group, std::string member_id) {
    Member newcomer;
    newcomer.id = std::move(member_id);
    if (request_.group_instance_id) newcomer.group_instance_id = *request_.group_instance_id;
    newcomer.is_new = true;
    describe(newcomer);
    newcomer.protocols = std::move(protocols_);
    if (group.gathering_left) group.joined_while_gathering = true;
    Member& member = group.add(std::move(newcomer), request_.protocol_type);
    member.session.arm(context_.now.mono + shard_.config.new_member_join_timeout);
    return rejoin(group, member, Trigger::kMemberJoined);
  }

  /// A static member is back under its name. Nothing moves unless it wants something else than
  /// before. Source: KIP-345. Where Kafka compares only the name of the chosen protocol we compare
  /// the topics too: else it would be given partitions of topics it no longer wants.
  Result<> take_over(Group& group, Member& holder, std::string member_id) {
    const std::string leader_before = *group.leader();
    answer_join(shard_, group, holder, join_error(Errc::kFencedInstanceId, copy_of(holder.id)));
    answer_sync(shard_, holder, sync_error(Errc::kFencedInstanceId));
    Member& member = group.rename(holder, std::move(member_id));
    const auto topics_before = chosen_topics(group, member);
    member.is_new = false;
    update(group, member);
    restart_session(member, context_.now);

    const bool nothing_moves = group.is(GroupState::kStable) &&
                               group.select_protocol() == group.protocol_name() &&
                               chosen_topics(group, member) == topics_before;
    if (!nothing_moves || !shard_.record_group(group))
      return rejoin(group, member, Trigger::kMemberReplaced);
    auto response = joined(shard_, group, member);
    if (context_.version >= kFirstVersionThatSkipsAssignments) {
      response.skip_assignment = group.is_leader(member);
    } else {
      // It cannot be told to skip, so it must not know that it leads.
      response.members = {};
      response.leader = copy_of(leader_before);
    }
    shard_.out.reply(context_.token, response);
    return {};
  }

  /// Nothing where the protocol is not a consumer's, or not offered.
  std::optional<TopicNames> chosen_topics(const Group& group, const Member& member) const {
    if (!group.is_consumer() || !group.protocol_name()) return std::nullopt;
    const Protocol* chosen = member.find(*group.protocol_name());
    return chosen ? topics_of(as_bytes(chosen->metadata)) : std::nullopt;
  }

  // With a member id

  Result<> come_back(Group& group) {
    if (group.is_pending(request_.member_id)) {
      // Ids are handed out to dynamic members only.
      if (request_.group_instance_id) return fail(Errc::kInvalidRequest);
      return come_in(group, std::string(request_.member_id));
    }
    Member& member = *TRY(group.identify(request_.member_id, request_.group_instance_id));
    const bool has_changed = member.protocols != protocols_;
    switch (group.state()) {
      case GroupState::kPreparingRebalance:
        break;
      case GroupState::kCompletingRebalance:
        // Its reply got lost.
        if (!has_changed) return answer_with_generation(group, member);
        break;
      case GroupState::kStable:
        // A leader may know of changes that are in nobody's subscription: new partitions.
        if (group.is_leader(member) && !has_changed) {
          return update_and_rejoin(group, member, Trigger::kLeaderRejoined);
        }
        if (!has_changed) return answer_with_generation(group, member);
        break;
      case GroupState::kEmpty:
        return fail(Errc::kUnknownMemberId);
    }
    return update_and_rejoin(group, member, Trigger::kMemberChanged);
  }

  Result<> answer_with_generation(Group& group, Member& member) {
    shard_.out.reply(context_.token, joined(shard_, group, member));
    return {};
  }

  Result<> update_and_rejoin(Group& group, Member& member, Trigger trigger) {
    update(group, member);
    return rejoin(group, member, trigger);
  }

  // The common end

  Result<> rejoin(Group& group, Member& member, Trigger trigger) {
    begin_rebalance(shard_, group, because(trigger, member, request_.reason.value_or("")),
                    context_.now);
    // Its client asks again, so nobody waits for the answer to the first.
    answer_join(shard_, group, member, join_error(Errc::kRebalanceInProgress, copy_of(member.id)));
    group.park_join(member, {context_.token, context_.version});
    complete_join_if_ready(shard_, group, context_.now);
    return {};
  }

  void update(Group& group, Member& member) {
    describe(member);
    group.set_protocols(member, std::move(protocols_));
  }

  void describe(Member& member) const {
    member.client_id = context_.client_id;
    member.client_host = context_.client_host;
    member.session_timeout_ms = request_.session_timeout_ms;
    // Version 0 has none.
    member.rebalance_timeout_ms = request_.rebalance_timeout_ms < 0 ? request_.session_timeout_ms
                                                                    : request_.rebalance_timeout_ms;
  }

  std::string_view copy_of(std::string_view text) { return shard_.out.memory().copy(text); }

  void reply(kafka::JoinGroupResponse response) {
    response.member_id = copy_of(response.member_id);
    shard_.out.reply(context_.token, response);
  }

  Shard& shard_;
  const RequestContext& context_;
  const kafka::JoinGroupRequest& request_;
  std::vector<Protocol> protocols_;
};

}  // namespace

void join(Shard& shard, const RequestContext& context, const kafka::JoinGroupRequest& request) {
  const Result<> served = Join(shard, context, request).serve();
  if (served) return;
  shard.out.reply(context.token,
                  join_error(served.error().code(), shard.out.memory().copy(request.member_id)));
}

}  // namespace millrace::group
