// FetchRead: what a fetch can have now: looks at each partition, bounds the whole, and says whether
// it is enough or must be told at once. Not sessions (fetch_session.h), waiting (fetch_wait.h) or
// the form of the answer (api/01_fetch.cc).
#pragma once

#include <memory>
#include <vector>

#include "broker/fetch_session.h"
#include "broker/fetch_wait.h"
#include "broker/partition.h"
#include "log/leader_epochs.h"

namespace millrace::broker {

class Topics;

struct FetchOptions {
  int64_t bytes_max = 0;  ///< of the whole answer; the first batch of it may be larger
  int64_t bytes_min = 1;
  log::ReadBound bound = log::ReadBound::kHighWatermark;
  bool with_aborted = false;  ///< list aborted transactions (read_committed)
  BrokerId replica;           ///< a follower's id, or none
};

/// What was found in one partition.
struct FetchFinding {
  FetchSession::Targets::iterator target;
  std::shared_ptr<Partition> partition;  ///< null when there is none
  Errc error = Errc::kNone;
  Offset high_watermark;
  Offset last_stable_offset;
  Offset log_start_offset;
  /// Set when the reader's history differs from ours: where it parts. Source: KIP-595.
  std::optional<log::LeaderEpochs::EndOffset> diverging;
  /// What must come from the disk before it is known which records there are.
  log::FileSlice cold;
  log::FileSlice records;
  Offset records_end;        ///< what the slice holds lies below
  uint64_t truncations = 0;  ///< of the log, when the slice was taken
  /// The same bytes in memory, where they were copied.
  Bytes copied;

  bool must_be_told() const { return error != Errc::kNone || diverging.has_value(); }
};

class FetchRead {
 public:
  /// Looks at every target. Borrows `topics` and the session's targets.
  FetchRead(Topics& topics, FetchSession& session, const FetchOptions& options);

  /// What must be in memory before one of the partitions can be looked at; null when all were.
  const log::FileSlice* cold() const {
    return cold_.empty() ? nullptr : &findings_[cold_.back()].cold;
  }
  /// Looks there again. `brought`: whether it could be had. Requires: cold().
  void look_at_cold(const Result<>& brought);

  /// Whether to answer now: there is enough, or something that cannot wait.
  bool is_due() const { return urgent_ > 0 || bytes_ >= options_.bytes_min; }
  /// Units: bytes that can be read, as far as options allow.
  int64_t bytes() const { return bytes_; }

  /// Parks the fetch on all its partitions. Requires: not due.
  void watch(FetchWait& wait) const;
  /// Looks again at what has changed.
  void look_again(FetchWait& wait);

  /// Cuts what is too much for one answer, by the options and by `bytes_max`; in order, so that
  /// what comes late gives way. False when something is cold(): then, after that, again.
  bool bound(int64_t bytes_max);

  /// In the order of the session's targets.
  std::vector<FetchFinding>& findings() { return findings_; }

 private:
  FetchFinding look(FetchSession::Targets::iterator target);
  void look_again_at(size_t index);
  Errc examine(FetchFinding& finding);
  Errc compare_history(FetchFinding& finding) const;
  Errc read(FetchFinding& finding, int64_t bytes_max);
  void count(size_t index, int sign);

  Topics& topics_;
  bool by_topic_id_;
  FetchOptions options_;
  std::vector<FetchFinding> findings_;
  std::vector<size_t> cold_;  // of findings
  size_t cold_looks_left_;    // then the disk is waited for, so that there is an end
  int64_t bytes_ = 0;
  size_t urgent_ = 0;
};

}  // namespace millrace::broker
