// TimeIndex: from which offset on a segment holds records of a time, sparsely. A value in memory
// and Kafka's `.timeindex` file as bytes; when it is read and written is the segment's business.
//
//   12 bytes an entry:  int64 largest timestamp so far, int32 last offset of the batch that
//                       holds it - base offset
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"

namespace millrace::log {

class TimeIndex {
 public:
  static constexpr size_t kEntryBytes = 12;

  struct Entry {
    Timestamp timestamp;
    Offset offset;
    friend bool operator==(const Entry&, const Entry&) = default;
  };

  explicit TimeIndex(Offset base_offset) : base_offset_(base_offset) {}

  /// Adds an entry unless its timestamp is not larger than the last one's.
  /// Requires: `offset` is not below the last entry's and fits 32 bits relative to the segment.
  void maybe_append(Timestamp timestamp, Offset offset);

  /// The last entry at or before `timestamp`; {-1, base offset} when there is none.
  Entry floor(Timestamp timestamp) const;
  /// The last entry; {-1, base offset} when empty.
  Entry last() const;
  /// Drops the entries at or above `offset`.
  void truncate_to(Offset offset);

  size_t size() const { return entries_.size(); }
  Entry at(size_t index) const { return entries_.at(index); }
  size_t memory_bytes() const { return entries_.capacity() * sizeof(Entry); }

  /// The file's bytes, without padding.
  Buffer format() const;

  /// Zeros behind the entries, as Kafka leaves in a file that was not closed, are dropped.
  /// Errors: kCorruptFile when entries do not ascend.
  static Result<TimeIndex> parse(Offset base_offset, Bytes file);

 private:
  Offset base_offset_;
  std::vector<Entry> entries_;
};

}  // namespace millrace::log
