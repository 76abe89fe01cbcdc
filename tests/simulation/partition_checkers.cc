// The checkers of records: see checkers.h.
#include <fmt/core.h>
#include <algorithm>
#include <set>
#include <unordered_map>
#include <unordered_set>

#include "tests/simulation/checkers.h"
#include "tests/simulation/partition_view.h"
#include "tests/simulation/sorted.h"

namespace millrace::scenario {
namespace {

double in_seconds(MonoTime time) {
  return static_cast<double>(time.ns) / 1e9;
}

// A later record of the same key lets compaction remove this one; check_compaction looks at whether
// a last tombstone went too early.
bool superseded(const PartitionView& view, const Send& send) {
  if (!view.rules->compacts || !send.key) return false;
  return send.tombstone || view.last_of_key.at(*send.key) > send.offset.value;
}

// Something known about a mark that may only move forward, from an answer between two moments.
struct Known {
  MonoTime began;
  MonoTime ended;
  int64_t value;
  bool at_least;  // the mark was there or further on; otherwise exactly there
};

}  // namespace

void check_nothing_lost(const History& history, Report& report) {
  for (const PartitionView& view : views_of(history)) {
    if (!view.final_log) continue;
    std::unordered_map<int64_t, uint64_t> left;
    for (const ReadRecord& record : view.final_log->records) {
      left[record.offset.value] = record.record;
    }
    for (const Send* send : view.sends) {
      if (send->outcome != Outcome::kAcknowledged) continue;
      if (send->offset < view.final_log->log_start) continue;
      const auto found = left.find(send->offset.value);
      if (found != left.end() && found->second == send->record) continue;
      if (found == left.end() && superseded(view, *send)) continue;
      report.add(
          "nothing lost",
          fmt::format("{} record {} was acknowledged at {:.6f}s with offset {}, where {} now",
                      history.name_of(view.number), send->record, in_seconds(send->ended),
                      send->offset.value,
                      found == left.end() ? std::string("nothing is")
                                          : fmt::format("record {} is", found->second)));
    }
  }
}

void check_nothing_doubled(const History& history, Report& report) {
  const SendsByRecord sends = sends_by_record(history);
  for (const PartitionView& view : views_of(history)) {
    std::unordered_map<uint64_t, int64_t> offsets;
    for (const Read* read : view.reads) {
      for (const ReadRecord& record : read->records) {
        const auto send = sends.find(record.record);
        if (send == sends.end() || !send->second->idempotent) continue;
        const auto [seen, is_new] = offsets.try_emplace(record.record, record.offset.value);
        if (is_new || seen->second == record.offset.value) continue;
        report.add("nothing doubled", fmt::format("{} record {} is at offset {} and at offset {}",
                                                  history.name_of(view.number), record.record,
                                                  seen->second, record.offset.value));
      }
    }
  }
}

void check_nothing_invented(const History& history, Report& report) {
  const SendsByRecord sends = sends_by_record(history);
  for (const PartitionView& view : views_of(history)) {
    std::unordered_set<int64_t> reported;
    for (const Read* read : view.reads) {
      for (const ReadRecord& record : read->records) {
        const auto found = sends.find(record.record);
        const char* what = nullptr;
        if (found == sends.end()) {
          what = "was never sent";
        } else if (found->second->partition != view.number) {
          what = "was sent to another partition";
        } else if (found->second->content != record.content) {
          what = "was sent with another content";
        } else if (found->second->began > read->ended) {
          what = "was read before it was sent";
        } else if (found->second->outcome == Outcome::kRefused) {
          what = "was refused";
        }
        if (!what || !reported.insert(record.offset.value).second) continue;
        report.add("nothing invented",
                   fmt::format("{} offset {}: record {} {}", history.name_of(view.number),
                               record.offset.value, record.record, what));
      }
    }
  }
}

void check_offsets_stable(const History& history, Report& report) {
  for (const PartitionView& view : views_of(history)) {
    std::unordered_map<int64_t, std::pair<uint64_t, uint64_t>> meaning;
    for (const Read* read : view.reads) {
      for (const ReadRecord& record : read->records) {
        const std::pair now{record.record, record.content};
        const auto [before, is_new] = meaning.try_emplace(record.offset.value, now);
        if (is_new || before->second == now) continue;
        report.add("offsets stable",
                   fmt::format("{} offset {} was record {} and is record {} at {:.6f}s",
                               history.name_of(view.number), record.offset.value,
                               before->second.first, record.record, in_seconds(read->ended)));
      }
    }
    for (const Send* send : view.sends) {
      if (send->outcome != Outcome::kAcknowledged) continue;
      const auto read = meaning.find(send->offset.value);
      if (read == meaning.end() || read->second.first == send->record) continue;
      report.add(
          "offsets stable",
          fmt::format("{} record {} was acknowledged with offset {}, where record {} was read",
                      history.name_of(view.number), send->record, send->offset.value,
                      read->second.first));
    }
  }
}

void check_offsets_dense(const History& history, Report& report) {
  for (const PartitionView& view : views_of(history)) {
    if (!view.final_log) continue;
    int64_t expected = view.final_log->log_start.value;
    for (const ReadRecord& record : view.final_log->records) {
      const bool gap = !view.rules->compacts && record.offset.value > expected;
      if (gap || record.offset.value < expected) {
        report.add("offsets dense",
                   fmt::format("{} has offset {} where {} was due", history.name_of(view.number),
                               record.offset.value, expected));
      }
      expected = record.offset.value + 1;
    }
    if (!view.rules->compacts && expected != view.final_log->high_watermark.value) {
      report.add("offsets dense", fmt::format("{} ends at offset {}, its high watermark is {}",
                                              history.name_of(view.number), expected,
                                              view.final_log->high_watermark.value));
    }
  }
}

void check_producer_order(const History& history, Report& report) {
  for (const PartitionView& view : views_of(history)) {
    std::unordered_map<uint64_t, int64_t> offset_of;
    for (const auto& [offset, send] : view.sent_at) offset_of.try_emplace(send->record, offset);
    std::unordered_map<int32_t, std::pair<int64_t, uint64_t>> last;  // by producer
    for (const Send* send : view.sends) {
      const auto found = offset_of.find(send->record);
      if (!send->idempotent || found == offset_of.end()) continue;
      const auto [before, is_first] = last.try_emplace(send->producer, found->second, send->record);
      if (!is_first && before->second.first > found->second) {
        report.add("producer order",
                   fmt::format("{} producer {} sent record {} (offset {}) before {} (offset {})",
                               history.name_of(view.number), send->producer, before->second.second,
                               before->second.first, send->record, found->second));
      }
      before->second = {found->second, send->record};
    }
  }
}

void check_high_watermark(const History& history, Report& report) {
  for (const PartitionView& view : views_of(history)) {
    std::vector<Known> known;
    for (const Send* send : view.sends) {
      if (send->outcome != Outcome::kAcknowledged) continue;
      known.push_back({send->ended, send->ended, send->offset.value + 1, true});
    }
    for (const Read* read : view.reads) {
      known.push_back({read->began, read->ended, read->high_watermark.value, false});
      if (read->records.empty() || read->records.back().offset < read->high_watermark) continue;
      report.add("high watermark",
                 fmt::format("{} gave offset {}, not below its high watermark {}",
                             history.name_of(view.number), read->records.back().offset.value,
                             read->high_watermark.value));
    }
    // What was known before an answer was asked for is the least that it may say.
    const auto by_began = sorted_by(known, [](const Known& one) { return one.began; });
    const auto by_ended = sorted_by(known, [](const Known& one) { return one.ended; });
    int64_t least = 0;
    size_t ended = 0;
    for (const Known& one : by_began) {
      for (; ended < by_ended.size() && by_ended[ended].ended < one.began; ++ended) {
        least = std::max(least, by_ended[ended].value);
      }
      if (one.at_least || one.value >= least) continue;
      report.add("high watermark", fmt::format("{} said {} at {:.6f}s, after {} was known",
                                               history.name_of(view.number), one.value,
                                               in_seconds(one.ended), least));
    }
  }
}

void check_reads_complete(const History& history, Report& report) {
  for (const PartitionView& view : views_of(history)) {
    std::vector<int64_t> all;
    if (view.final_log) {
      for (const ReadRecord& record : view.final_log->records) all.push_back(record.offset.value);
    }
    std::sort(all.begin(), all.end());
    for (const Read* read : view.reads) {
      std::set<int64_t> got;
      for (const ReadRecord& record : read->records) {
        const bool in_order = got.empty() || *got.rbegin() < record.offset.value;
        const bool asked_for = record.offset >= read->from && record.offset < read->to;
        got.insert(record.offset.value);
        if (in_order && asked_for) continue;
        report.add("reads complete",
                   fmt::format("{} gave offset {} out of order, or outside {} to {}",
                               history.name_of(view.number), record.offset.value, read->from.value,
                               read->to.value));
      }
      auto offset =
          std::lower_bound(all.begin(), all.end(), std::max(read->from, read->log_start).value);
      for (; offset != all.end() && *offset < read->to.value; ++offset) {
        if (got.contains(*offset)) continue;
        report.add("reads complete",
                   fmt::format("{} skipped offset {} at {:.6f}s", history.name_of(view.number),
                               *offset, in_seconds(read->ended)));
      }
    }
  }
}

}  // namespace millrace::scenario
