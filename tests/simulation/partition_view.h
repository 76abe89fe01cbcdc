// PartitionView: a history seen from one partition, indexed for the checkers.
#pragma once

#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "tests/simulation/history.h"

namespace millrace::scenario {

struct PartitionView {
  PartitionNumber number = 0;
  const PartitionRules* rules = nullptr;
  std::vector<const Send*> sends;              ///< in the order in which they began
  std::vector<const Read*> reads;              ///< and the final log, last
  const Read* final_log = nullptr;             ///< null when there is none
  std::map<int64_t, const Send*> sent_at;      ///< by offset, as acknowledged or as read
  std::map<std::string, int64_t> last_of_key;  ///< the largest of these offsets, per key
};

/// One view per partition. Lifetime: borrows from the history.
std::vector<PartitionView> views_of(const History& history);

/// Which send a record is; null when nobody sent it.
using SendsByRecord = std::unordered_map<uint64_t, const Send*>;
SendsByRecord sends_by_record(const History& history);

}  // namespace millrace::scenario
