#include "tests/simulation/partition_view.h"

namespace millrace::scenario {

SendsByRecord sends_by_record(const History& history) {
  SendsByRecord sends;
  sends.reserve(history.sends.size());
  for (const Send& send : history.sends) sends[send.record] = &send;
  return sends;
}

std::vector<PartitionView> views_of(const History& history) {
  std::vector<PartitionView> views(history.partitions.size());
  for (size_t i = 0; i < views.size(); ++i) {
    views[i].number = i;
    views[i].rules = &history.partitions[i];
  }
  for (const Send& send : history.sends) {
    PartitionView& view = views[send.partition];
    view.sends.push_back(&send);
    if (send.outcome == Outcome::kAcknowledged) view.sent_at[send.offset.value] = &send;
  }
  for (const Read& read : history.reads) views[read.partition].reads.push_back(&read);
  for (const auto& [partition, log] : history.final_logs) {
    views[partition].reads.push_back(&log);
    views[partition].final_log = &log;
  }
  const SendsByRecord by_record = sends_by_record(history);
  for (PartitionView& view : views) {
    for (const Read* read : view.reads) {
      for (const ReadRecord& record : read->records) {
        const auto found = by_record.find(record.record);
        if (found != by_record.end()) view.sent_at.try_emplace(record.offset.value, found->second);
      }
    }
  }
  for (PartitionView& view : views) {
    for (const auto& [offset, send] : view.sent_at) {
      if (send->key) view.last_of_key[*send->key] = offset;
    }
  }
  return views;
}

}  // namespace millrace::scenario
