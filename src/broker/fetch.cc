#include "broker/fetch.h"

#include "broker/topics.h"

namespace millrace::broker {
namespace {

// An offset is found by an index and a header or two, and so is where a slice ends.
constexpr size_t kColdLooksPerTarget = 16;

bool is_same_place(const log::FileSlice& a, const log::FileSlice& b) {
  return !a.empty() && a.position == b.position && a.file->path() == b.file->path();
}

}  // namespace

FetchRead::FetchRead(Topics& topics, FetchSession& session, const FetchOptions& options)
    : topics_(topics),
      by_topic_id_(session.by_topic_id()),
      options_(options),
      cold_looks_left_(kColdLooksPerTarget * session.size()) {
  findings_.reserve(session.size());
  for (auto target = session.targets().begin(); target != session.targets().end(); ++target) {
    findings_.push_back(look(target));
    count(findings_.size() - 1, 1);
  }
}

void FetchRead::count(size_t index, int sign) {
  const FetchFinding& finding = findings_[index];
  bytes_ += sign * finding.records.size;
  if (finding.must_be_told()) urgent_ += static_cast<size_t>(sign);
  if (sign > 0 && !finding.cold.empty()) cold_.push_back(index);
}

void FetchRead::look_again_at(size_t index) {
  count(index, -1);
  findings_[index] = look(findings_[index].target);
  count(index, 1);
}

void FetchRead::look_at_cold(const Result<>& brought) {
  const size_t index = cold_.back();
  cold_.pop_back();
  FetchFinding& finding = findings_[index];
  if (brought) {
    const log::FileSlice before = finding.cold;
    look_again_at(index);
    // It was gone again at once, and may be so forever.
    if (is_same_place(finding.cold, before)) cold_looks_left_ = 0;
    return;
  }
  finding.partition->log().report_unreadable(brought.error());
  count(index, -1);
  finding.cold = finding.records = {};
  finding.error = brought.error().code();
  count(index, 1);
}

FetchFinding FetchRead::look(FetchSession::Targets::iterator target) {
  FetchFinding finding{.target = target};
  finding.error = examine(finding);
  if (finding.error != Errc::kNone) {
    finding.high_watermark = finding.last_stable_offset = finding.log_start_offset = kNoOffset;
  }
  return finding;
}

Errc FetchRead::examine(FetchFinding& finding) {
  const FetchTarget& target = *finding.target;
  Topic* topic = by_topic_id_ ? topics_.find(target.topic_id) : topics_.find(target.topic);
  if (!topic) return by_topic_id_ ? Errc::kUnknownTopicId : Errc::kUnknownTopicOrPartition;
  const Result<std::shared_ptr<Partition>> partition = topic->partition(target.partition);
  if (!partition) return partition.error().code();
  finding.partition = *partition;
  if (const auto same = finding.partition->check_leader_epoch(target.current_leader_epoch); !same) {
    return same.error().code();
  }
  // No other broker holds a replica; whoever claims to knows of an assignment that we do not.
  if (options_.replica >= BrokerId(0)) return Errc::kUnknownLeaderEpoch;

  const log::PartitionLog& log = finding.partition->log();
  finding.high_watermark = log.high_watermark();
  finding.last_stable_offset = log.last_stable_offset();
  finding.log_start_offset = log.log_start_offset();
  if (const Errc error = compare_history(finding); error != Errc::kNone) return error;
  if (finding.diverging) return Errc::kNone;
  return read(finding, std::min<int64_t>(target.bytes_max, options_.bytes_max));
}

// Source: KIP-595, truncation on fetch.
Errc FetchRead::compare_history(FetchFinding& finding) const {
  const FetchTarget& target = *finding.target;
  if (target.last_fetched_epoch == kNoLeaderEpoch) return Errc::kNone;
  const log::PartitionLog& log = finding.partition->log();
  const auto end = log.end_offset_for_epoch(target.last_fetched_epoch);
  if (!end || target.fetch_offset < log.log_start_offset()) return Errc::kOffsetOutOfRange;
  if (end->epoch < target.last_fetched_epoch || end->end_offset < target.fetch_offset) {
    finding.diverging = *end;
  }
  return Errc::kNone;
}

Errc FetchRead::read(FetchFinding& finding, int64_t bytes_max) {
  log::PartitionLog& log = finding.partition->log();
  const Offset from = finding.target->fetch_offset;
  finding.cold = finding.records = {};
  // Most partitions of most fetches have nothing new; those cost no look at a file.
  if (from >= log.log_start_offset() && from <= log.log_end_offset() &&
      from >= visible_end(log, options_.bound)) {
    return Errc::kNone;
  }
  const log::ReadOptions options{.bytes_max = bytes_max,
                                 .bound = options_.bound,
                                 .cold = cold_looks_left_ > 0 ? &finding.cold : nullptr};
  Result<log::ReadResult> result = log.read(from, options);
  if (!result && result.error().code() == Errc::kWouldBlock) {
    --cold_looks_left_;
    return Errc::kNone;
  }
  if (!result) {
    if (result.error().code() != Errc::kOffsetOutOfRange) {
      log.report_unreadable(result.error());
    }
    return result.error().code();
  }
  finding.records = std::move(result->slice);
  finding.records_end = result->upper_bound;
  finding.truncations = log.truncations();
  return Errc::kNone;
}

void FetchRead::watch(FetchWait& wait) const {
  for (size_t i = 0; i < findings_.size(); ++i) {
    Partition& partition = *findings_[i].partition;
    wait.watch(partition, i, visible_end(partition.log(), options_.bound), options_.bound);
  }
}

void FetchRead::look_again(FetchWait& wait) {
  for (const size_t i : wait.take_changed()) {
    look_again_at(i);
    if (findings_[i].partition) {
      wait.set_end(i, visible_end(findings_[i].partition->log(), options_.bound));
    }
  }
  wait.facts().bytes_ready = bytes_;
}

bool FetchRead::bound(int64_t bytes_max) {
  int64_t left = std::min(options_.bytes_max, bytes_max);
  bool first = true;
  for (size_t i = 0; i < findings_.size(); ++i) {
    FetchFinding& finding = findings_[i];
    if (finding.records.empty()) continue;
    if (left <= 0) {
      finding.records = {};
    } else if (finding.records.size > left) {
      // Whole batches only, and a single one that is too large waits for its turn to come first.
      count(i, -1);
      finding.error = read(finding, left);
      count(i, 1);
      if (!finding.cold.empty()) return false;
      if (finding.records.size > left && !first) finding.records = {};
    }
    left -= finding.records.size;
    first = false;
  }
  return true;
}

}  // namespace millrace::broker
