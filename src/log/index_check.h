// IndexCheck: whether what a segment's index files say is true of its batches. Shown every batch in
// turn, it follows the entries along. Whether there are enough entries is no question of truth: how
// dense an index is, is a setting, and has differed between versions of Kafka.
#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "kafka/record_batch.h"
#include "log/damage.h"
#include "log/offset_index.h"
#include "log/time_index.h"

namespace millrace::log {

/// Each entry is of a batch that begins at its position, or of one that was appended with it.
class OffsetIndexCheck {
 public:
  explicit OffsetIndexCheck(OffsetIndex index) : index_(std::move(index)) {}

  void note(const kafka::BatchHeaderView& batch, int64_t position);
  /// Entries of damaged bytes are neither true nor false.
  void note_damage(const Damage& damage);
  /// Errors: kCorruptFile with the first entry that is wrong. Requires: the segment is at its end.
  Result<> end() const;

 private:
  void note_wrong(const OffsetIndex::Entry& entry);

  OffsetIndex index_;
  size_t next_ = 0;
  bool begun_ = false;  // the batch at the next entry's position was seen
  std::optional<std::string> wrong_;
};

/// Each entry is of a batch with the largest timestamp up to there, and the last one has the
/// largest of all.
class TimeIndexCheck {
 public:
  explicit TimeIndexCheck(TimeIndex index) : index_(std::move(index)) {}

  void note(const kafka::BatchHeaderView& batch);
  void note_damage() { some_unknown_ = true; }
  /// Errors and Requires: as above.
  Result<> end() const;

 private:
  TimeIndex index_;
  size_t next_ = 0;
  Timestamp largest_ = kNoTimestamp;
  bool some_unknown_ = false;
  std::optional<std::string> wrong_;
};

}  // namespace millrace::log
