#include "group/load.h"

#include <string>
#include <variant>

#include "group/rebalance.h"
#include "group/records.h"

namespace millrace::group {
namespace {

CommittedOffset offset_of(const kafka::OffsetCommitValue& value, uint64_t sequence) {
  return {.offset = value.offset,
          .leader_epoch = value.leader_epoch,
          .metadata = std::string(value.metadata),
          .committed_at = value.commit_timestamp,
          .expires_at = value.expire_timestamp,
          .topic_id = value.topic_id,
          .sequence = sequence};
}

struct Replay {
  Shard& shard;
  ProducerId producer;

  void operator()(const GroupRecord& record) const {
    Group* group = shard.find_offsets(record.group_id);
    if (!group && !record.value) return;
    if (!group) group = &shard.create(record.group_id, kNoTimestamp);
    if (record.value) {
      group->restore(*record.value);
    } else {
      group->clear(kNoTimestamp);
      shard.forget_if_void(*group);
    }
  }

  void operator()(const OffsetRecord& record) const {
    const kafka::OffsetCommitKey& key = record.key;
    Group* group = shard.find_offsets(key.group);
    if (!record.value) {
      if (!group) return;
      group->offsets().erase(key.topic, key.partition);
      return shard.forget_if_void(*group);
    }
    if (!group) group = &shard.create(key.group, kNoTimestamp);
    CommittedOffset offset = offset_of(*record.value, shard.sequence);
    if (producer == kNoProducerId) {
      group->offsets().commit(key.topic, key.partition, std::move(offset));
    } else {
      group->offsets().commit_pending(producer, key.topic, key.partition, std::move(offset));
      shard.open_transactions[producer].emplace(key.group);
    }
  }

  void operator()(const ForeignRecord& record) const { shard.foreign.apply(record); }
  void operator()(const UnknownRecord&) const {}
};

}  // namespace

Result<> replay(Shard& shard, const Record& record, ProducerId producer) {
  Arena arena;
  const StoredRecord stored = TRY(read_record(record.key, record.value, arena));
  ++shard.sequence;
  std::visit(Replay{shard, producer}, stored);
  return {};
}

void end_transaction(Shard& shard, ProducerId producer, TransactionResult result) {
  const auto ended = shard.open_transactions.extract(producer);
  if (ended.empty()) return;
  for (const std::string& group_id : ended.mapped()) {
    Group* group = shard.find_offsets(group_id);
    if (!group) continue;
    group->offsets().end_transaction(producer, result == TransactionResult::kCommit);
    shard.forget_if_void(*group);
  }
}

void start(Shard& shard, Now now) {
  shard.is_loaded = true;
  for (auto& [id, group] : shard.groups) {
    for (auto& [member_id, member] : group.members()) restart_session(member, now);
    const auto max = static_cast<size_t>(shard.config.group_size_max);
    // With a chance to commit before the last ones to come back are turned away.
    if (group.size() > max && !shard.foreign.find(id))
      begin_rebalance(shard, group, {.trigger = RebalanceCause::Trigger::kGroupTooLarge}, now);
  }
  shard.retention.arm(now.mono + shard.config.retention_check_interval);
}

}  // namespace millrace::group
