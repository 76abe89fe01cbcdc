// The checkers of compaction and retention: see checkers.h.
#include <fmt/core.h>
#include <algorithm>
#include <unordered_set>

#include "tests/simulation/checkers.h"
#include "tests/simulation/partition_view.h"
#include "tests/simulation/sorted.h"

namespace millrace::scenario {
namespace {

// The first answer that showed each log start further on than all before.
std::vector<const Read*> advances(const PartitionView& view) {
  const auto reads = sorted_by(view.reads, [](const Read* read) { return read->ended; });
  std::vector<const Read*> found;
  int64_t furthest = 0;
  for (const Read* read : reads) {
    if (read->log_start.value <= furthest) continue;
    furthest = read->log_start.value;
    found.push_back(read);
  }
  return found;
}

bool was_asked_for(const History& history, const PartitionView& view, const Read& read) {
  return std::any_of(history.trims.begin(), history.trims.end(), [&](const Trim& trim) {
    return trim.partition == view.number && trim.before >= read.log_start &&
           trim.began <= read.ended;
  });
}

// At most how many bytes lay from the log start on when the answer was given.
int64_t bytes_left_max(const PartitionView& view, const Read& read) {
  int64_t bytes = 0;
  for (auto at = view.sent_at.lower_bound(read.log_start.value); at != view.sent_at.end(); ++at) {
    if (at->second->began <= read.ended) bytes += at->second->size_max;
  }
  return bytes;
}

void check_advance(const History& history, const PartitionView& view, const Read& read,
                   int64_t from, Report& report) {
  if (was_asked_for(history, view, read)) return;
  const PartitionRules& rules = *view.rules;
  if (rules.retention_bytes && bytes_left_max(view, read) >= *rules.retention_bytes) return;
  for (auto at = view.sent_at.lower_bound(from);
       at != view.sent_at.end() && at->first < read.log_start.value; ++at) {
    const Timestamp timestamp = at->second->timestamp;
    if (rules.retention && timestamp + *rules.retention <= read.server_wall) continue;
    report.add("retention", fmt::format("{} removed offset {} of timestamp {} by {}, too early",
                                        history.name_of(view.number), at->first, timestamp.ms,
                                        read.server_wall.ms));
  }
}

bool restarted_between(const History& history, MonoTime from, MonoTime to) {
  return std::any_of(history.restarts.begin(), history.restarts.end(),
                     [&](MonoTime restart) { return restart >= from && restart <= to; });
}

// Kafka's own rule: where retention has moved the log start to reaches the disk a little later, and
// who restarts before begins where it did: nobody was promised that the records are gone. Whoever
// asked for their removal was.
void check_log_start_moves_on(const History& history, const PartitionView& view, Report& report) {
  for (const Trim& trim : history.trims) {
    if (trim.partition != view.number || trim.acknowledged == kNever) continue;
    for (const Read* later : view.reads) {
      if (later->began <= trim.acknowledged || later->log_start >= trim.before) continue;
      report.add("retention", fmt::format("{} begins at {} after all before {} was removed",
                                          history.name_of(view.number), later->log_start.value,
                                          trim.before.value));
      return;
    }
  }
  for (const Read* earlier : advances(view)) {
    for (const Read* later : view.reads) {
      if (later->began <= earlier->ended || later->log_start >= earlier->log_start) continue;
      if (restarted_between(history, earlier->began, later->ended)) continue;
      report.add("retention",
                 fmt::format("{} log start went back from {} to {}", history.name_of(view.number),
                             earlier->log_start.value, later->log_start.value));
      return;
    }
  }
}

}  // namespace

void check_compaction(const History& history, Report& report) {
  for (const PartitionView& view : views_of(history)) {
    if (!view.rules->compacts || !view.final_log) continue;
    std::unordered_set<int64_t> left;
    for (const ReadRecord& record : view.final_log->records) left.insert(record.offset.value);
    for (const auto& [key, offset] : view.last_of_key) {
      const Send* send = view.sent_at.at(offset);
      if (left.contains(offset) || offset < view.final_log->log_start.value) continue;
      const bool old_enough =
          send->timestamp + view.rules->delete_retention <= view.final_log->server_wall;
      if (send->tombstone && old_enough) continue;
      if (send->outcome != Outcome::kAcknowledged) continue;
      report.add("compaction", fmt::format("{} key {}: its last {} (offset {}) is gone",
                                           history.name_of(view.number), key,
                                           send->tombstone ? "tombstone" : "value", offset));
    }
  }
}

void check_retention(const History& history, Report& report) {
  for (const PartitionView& view : views_of(history)) {
    int64_t from = 0;
    for (const Read* read : advances(view)) {
      check_advance(history, view, *read, from, report);
      from = read->log_start.value;
    }
    check_log_start_moves_on(history, view, report);
  }
}

}  // namespace millrace::scenario
