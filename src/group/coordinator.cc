#include "group/coordinator.h"

#include <utility>

#include "base/check.h"
#include "group/load.h"
#include "group/rebalance.h"
#include "group/reply.h"
#include "group/requests.h"
#include "group/retention.h"
#include "group/shard.h"

namespace millrace::group {

Coordinator::Coordinator(const Config& config, Random random)
    : shard_(std::make_unique<Shard>(config, random)) {}
Coordinator::~Coordinator() = default;
Coordinator::Coordinator(Coordinator&&) noexcept = default;
Coordinator& Coordinator::operator=(Coordinator&&) noexcept = default;

Result<> Coordinator::replay(const Record& record, ProducerId producer) {
  CHECK(!shard_->is_loaded);
  return group::replay(*shard_, record, producer);
}

void Coordinator::end_transaction(ProducerId producer, TransactionResult result) {
  group::end_transaction(*shard_, producer, result);
}

void Coordinator::loaded(Now now) {
  CHECK(!shard_->is_loaded);
  start(*shard_, now);
}

// Requests

void Coordinator::join_group(const RequestContext& context,
                             const kafka::JoinGroupRequest& request) {
  CHECK(shard_->is_loaded);
  join(*shard_, context, request);
}

void Coordinator::sync_group(const RequestContext& context,
                             const kafka::SyncGroupRequest& request) {
  CHECK(shard_->is_loaded);
  sync(*shard_, context, request);
}

void Coordinator::heartbeat(const RequestContext& context, const kafka::HeartbeatRequest& request) {
  CHECK(shard_->is_loaded);
  group::heartbeat(*shard_, context, request);
}

void Coordinator::leave_group(const RequestContext& context,
                              const kafka::LeaveGroupRequest& request) {
  CHECK(shard_->is_loaded);
  leave(*shard_, context, request);
}

void Coordinator::commit_offsets(const RequestContext& context,
                                 const kafka::OffsetCommitRequest& request) {
  CHECK(shard_->is_loaded);
  offset_commit(*shard_, context, request);
}

void Coordinator::fetch_offsets(const RequestContext& context,
                                const kafka::OffsetFetchRequest::Group& request,
                                bool require_stable) {
  CHECK(shard_->is_loaded);
  offset_fetch(*shard_, context, request, require_stable);
}

void Coordinator::delete_offsets(const RequestContext& context,
                                 const kafka::OffsetDeleteRequest& request) {
  CHECK(shard_->is_loaded);
  offset_delete(*shard_, context, request);
}

void Coordinator::describe_groups(const RequestContext& context,
                                  const kafka::DescribeGroupsRequest& request) {
  CHECK(shard_->is_loaded);
  describe(*shard_, context, request);
}

void Coordinator::list_groups(const RequestContext& context,
                              const kafka::ListGroupsRequest& request) {
  CHECK(shard_->is_loaded);
  list(*shard_, context, request);
}

void Coordinator::delete_groups(const RequestContext& context,
                                const kafka::DeleteGroupsRequest& request) {
  CHECK(shard_->is_loaded);
  group::delete_groups(*shard_, context, request);
}

// The world

void Coordinator::topics_deleted(std::span<const DeletedTopic> topics) {
  CHECK(shard_->is_loaded);
  drop_topics(*shard_, topics);
}

void Coordinator::tick(Now now) {
  while (const auto alarm = shard_->timers.pop(now.mono)) {
    switch (alarm->kind) {
      case Alarm::Kind::kSession:
        on_session_alarm(*shard_, alarm->group_id, alarm->member_id, now);
        break;
      case Alarm::Kind::kJoin:
        on_join_alarm(*shard_, alarm->group_id, now);
        break;
      case Alarm::Kind::kSync:
        on_sync_alarm(*shard_, alarm->group_id, now);
        break;
      case Alarm::Kind::kRetention:
        sweep_retention(*shard_, now);
        break;
    }
  }
}

MonoTime Coordinator::next_deadline() const {
  return shard_->timers.next();
}

Actions Coordinator::take_actions() {
  return shard_->out.take();
}

void Coordinator::unload(Errc error) {
  for (auto& [id, group] : shard_->groups) {
    for (auto& [member_id, member] : group.members()) {
      const std::string_view whose = shard_->out.memory().copy(member_id);
      answer_join(*shard_, group, member, join_error(error, whose));
      answer_sync(*shard_, member, sync_error(error));
    }
  }
  shard_->groups.clear();
  shard_->retention.cancel();
  shard_->is_loaded = false;
}

// Looking in

std::optional<Explanation> Coordinator::explain(std::string_view group_id) const {
  const Group* group = shard_->find(group_id);
  if (!group) return std::nullopt;
  return group::explain(*group);
}

Coordinator::Counts Coordinator::count() const {
  Counts counts = {.groups = shard_->groups.size(), .foreign_groups = shard_->foreign.all().size()};
  for (const auto& [id, group] : shard_->groups) {
    counts.members += group.size();
    counts.offsets += group.offsets().size();
    counts.parked += group.joins_parked();
    for (const auto& [member_id, member] : group.members()) counts.parked += member.sync ? 1 : 0;
  }
  return counts;
}

}  // namespace millrace::group
