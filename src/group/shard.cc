#include "group/shard.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "group/records.h"

namespace millrace::group {

Shard::Shard(const Config& settings, Random source)
    : config(settings), random(source), retention(timers, {Alarm::Kind::kRetention, "", ""}) {
  // Two strings of the longest, and what is fixed.
  constexpr size_t kEmptyGroupBytesMax = 70'000;
  config.record_bytes_max = std::max(config.record_bytes_max, kEmptyGroupBytesMax);
}

Group* Shard::find(std::string_view group_id) {
  return foreign.find(group_id) ? nullptr : find_offsets(group_id);
}

Group* Shard::find_offsets(std::string_view group_id) {
  const auto found = groups.find(group_id);
  return found == groups.end() ? nullptr : &found->second;
}

Group& Shard::create(std::string_view group_id, Timestamp now) {
  const auto [at, added] =
      groups.try_emplace(std::string(group_id), std::string(group_id), timers, now);
  CHECK(added);
  return at->second;
}

namespace {

bool is_void(const Group& group) {
  return !group.is_recorded() && group.is(GroupState::kEmpty) && group.pending_size() == 0 &&
         group.offsets().empty();
}

}  // namespace

void Shard::forget_if_void(Group& group) {
  if (is_void(group)) groups.erase(groups.find(group.id()));
}

bool Shard::record_group(Group& group) {
  const Record record = group_record(group, out.memory());
  if (record.bytes() > config.record_bytes_max) return false;
  out.append(record);
  ++sequence;
  group.set_recorded(true);
  return true;
}

void Shard::commit_offset(Group& group, std::string_view topic, PartitionIndex partition,
                          CommittedOffset offset) {
  out.append(offset_record(group.id(), topic, partition, offset, out.memory()));
  offset.sequence = ++sequence;
  group.offsets().commit(topic, partition, std::move(offset));
}

void Shard::erase_offset(Group& group, std::string_view topic, PartitionIndex partition) {
  out.append(offset_tombstone(group.id(), topic, partition, out.memory()));
  ++sequence;
  group.offsets().erase(topic, partition);
}

void Shard::erase_group(Group& group) {
  std::set<std::pair<std::string, PartitionIndex>> doomed;
  const auto add_all = [&](const Offsets::Topics& topics) {
    for (const auto& [topic, partitions] : topics) {
      for (const auto& [partition, offset] : partitions) doomed.emplace(topic, partition);
    }
  };
  add_all(group.offsets().topics());
  for (const auto& [producer, topics] : group.offsets().pending()) add_all(topics);
  for (const auto& [topic, partition] : doomed) erase_offset(group, topic, partition);

  out.append(group_tombstone(group.id(), out.memory()));
  ++sequence;
  groups.erase(groups.find(group.id()));
}

void Shard::erase_if_void(Group& group) {
  if (is_void(group)) erase_group(group);
}

}  // namespace millrace::group
