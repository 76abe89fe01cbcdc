#include "tests/simulation/history_fold.h"

#include <algorithm>

#include "tests/simulation/partition_view.h"

namespace millrace::scenario {
namespace {

void carry_records(const History& from, MonoTime now, History& into) {
  const SendsByRecord sends = sends_by_record(from);
  for (const auto& [partition, log] : from.final_logs) {
    for (const ReadRecord& record : log.records) {
      Send send = *sends.at(record.record);
      send.outcome = Outcome::kAcknowledged;
      send.offset = record.offset;
      send.ended = std::min(send.ended, now);
      into.sends.push_back(std::move(send));
    }
    into.reads.push_back(log);
  }
}

void carry_trims(const History& from, History& into) {
  std::map<PartitionNumber, Trim> furthest;
  for (const Trim& trim : from.trims) {
    if (trim.acknowledged == kNever) continue;
    const auto [known, is_first] = furthest.try_emplace(trim.partition, trim);
    if (!is_first && known->second.before < trim.before) known->second = trim;
  }
  for (const auto& [partition, trim] : furthest) into.trims.push_back(trim);
}

// A group may go on only where its members have been: all that is there counts as read by it.
void carry_groups(const History& from, MonoTime now, History& into) {
  std::map<std::pair<std::string, PartitionNumber>, Offset> committed;
  for (const CommittedRead& read : from.committed_reads) {
    committed[{read.group, read.partition}] = read.offset;  // the last one is the audit's
  }
  for (const auto& [place, offset] : committed) {
    const auto& [group, partition] = place;
    const auto log = from.final_logs.find(partition);
    if (offset.value < 0 || log == from.final_logs.end()) continue;
    into.commits.push_back({.group = group,
                            .member = {},
                            .generation = GenerationId(-1),
                            .partition = partition,
                            .offset = offset,
                            .began = now,
                            .ended = now,
                            .outcome = Outcome::kAcknowledged});
    Read read = log->second;
    read.group = group;
    into.reads.push_back(std::move(read));
  }
}

}  // namespace

History fold(const History& chapter, MonoTime now) {
  History next;
  next.partitions = chapter.partitions;
  carry_records(chapter, now, next);
  carry_trims(chapter, next);
  carry_groups(chapter, now, next);
  return next;
}

}  // namespace millrace::scenario
