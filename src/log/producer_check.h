// What the batches of a log say of its producers, replayed from its beginning, and whether a
// producer snapshot agrees with it. For directory_check.h; a running log uses producer_state.h.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "kafka/record_batch.h"
#include "log/producer_state.h"

namespace millrace::log {

class ProducerReplay {
 public:
  /// What is known of producers before `first`, the first batch there is: a snapshot, or nothing.
  /// `may_have_gaps`: compaction may have taken batches away behind it.
  void begin(Offset first, bool may_have_gaps, std::span<const ProducerEntry> before);

  /// Returns what belongs in the transaction index, if anything does.
  /// Errors: kCorruptMessage for a marker that is none.
  Result<std::optional<AbortedTransaction>> note(const kafka::RecordBatchView& batch);

  /// Whether a snapshot at this place says the same of each producer, as far as both know it:
  /// retention and compaction take batches away, and producers that are silent for `expiration` are
  /// forgotten.
  /// Errors: kCorruptFile with the first producer of which they say different things.
  Result<> compare(std::span<const ProducerEntry> snapshot, Timestamp now,
                   Duration expiration) const;

  const ProducerStates& states() const { return states_; }

 private:
  Result<> compare_one(const ProducerEntry& said) const;

  ProducerStates states_;
  Offset first_;
  bool may_have_gaps_ = false;
};

}  // namespace millrace::log
