#include "tests/simulation/history.h"

#include <fmt/core.h>
#include <utility>

namespace millrace::scenario {

PartitionNumber History::add_partition(PartitionRules rules) {
  partitions.push_back(std::move(rules));
  return partitions.size() - 1;
}

SendNumber History::begin_send(Send send) {
  sends.push_back(std::move(send));
  return sends.size() - 1;
}

void History::end_send(SendNumber send, Outcome outcome, Offset offset, MonoTime now) {
  sends[send].outcome = outcome;
  sends[send].offset = offset;
  sends[send].ended = now;
}

CommitNumber History::begin_commit(Commit commit) {
  commits.push_back(std::move(commit));
  return commits.size() - 1;
}

void History::end_commit(CommitNumber commit, Outcome outcome, MonoTime now) {
  commits[commit].outcome = outcome;
  commits[commit].ended = now;
}

std::string History::name_of(PartitionNumber partition) const {
  return fmt::format("{}-{}", partitions[partition].topic, partitions[partition].partition);
}

}  // namespace millrace::scenario
