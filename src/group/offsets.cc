#include "group/offsets.h"

#include <utility>

namespace millrace::group {
namespace {

void put(Offsets::Topics& topics, std::string_view topic, PartitionIndex partition,
         CommittedOffset offset) {
  auto at = topics.find(topic);
  if (at == topics.end()) at = topics.emplace(topic, Offsets::Partitions()).first;
  at->second.insert_or_assign(partition, std::move(offset));
}

void take_out(Offsets::Topics& topics, std::string_view topic, PartitionIndex partition) {
  const auto at = topics.find(topic);
  if (at == topics.end()) return;
  at->second.erase(partition);
  if (at->second.empty()) topics.erase(at);
}

const CommittedOffset* look_up(const Offsets::Topics& topics, std::string_view topic,
                               PartitionIndex partition) {
  const auto at = topics.find(topic);
  if (at == topics.end()) return nullptr;
  const auto found = at->second.find(partition);
  return found == at->second.end() ? nullptr : &found->second;
}

}  // namespace

const CommittedOffset* Offsets::find(std::string_view topic, PartitionIndex partition) const {
  return look_up(committed_, topic, partition);
}

size_t Offsets::size() const {
  size_t count = 0;
  for (const auto& [topic, partitions] : committed_) count += partitions.size();
  return count;
}

void Offsets::commit(std::string_view topic, PartitionIndex partition, CommittedOffset offset) {
  put(committed_, topic, partition, std::move(offset));
}

void Offsets::erase(std::string_view topic, PartitionIndex partition) {
  take_out(committed_, topic, partition);
  for (auto at = pending_.begin(); at != pending_.end();) {
    take_out(at->second, topic, partition);
    at = at->second.empty() ? pending_.erase(at) : std::next(at);
  }
}

void Offsets::commit_pending(ProducerId producer, std::string_view topic, PartitionIndex partition,
                             CommittedOffset offset) {
  put(pending_[producer], topic, partition, std::move(offset));
}

void Offsets::end_transaction(ProducerId producer, bool commit) {
  auto ended = pending_.extract(producer);
  if (ended.empty() || !commit) return;
  for (auto& [topic, partitions] : ended.mapped()) {
    for (auto& [partition, offset] : partitions) {
      // A plain commit may have come after the transactional one and before its marker.
      const CommittedOffset* current = find(topic, partition);
      if (!current || current->sequence < offset.sequence)
        put(committed_, topic, partition, std::move(offset));
    }
  }
}

bool Offsets::is_pending(std::string_view topic, PartitionIndex partition) const {
  for (const auto& [producer, topics] : pending_) {
    if (look_up(topics, topic, partition)) return true;
  }
  return false;
}

}  // namespace millrace::group
