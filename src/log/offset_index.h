// OffsetIndex: where in a segment an offset is, sparsely. A value in memory and Kafka's `.index`
// file as bytes; when it is read and written is the segment's business.
//
//   8 bytes an entry:  int32 last offset of a batch - base offset, int32 position of that batch
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/result.h"

namespace millrace::log {

class OffsetIndex {
 public:
  static constexpr size_t kEntryBytes = 8;

  struct Entry {
    Offset offset;         ///< the last one of its batch
    int64_t position = 0;  ///< where the batch begins. Units: bytes
    friend bool operator==(const Entry&, const Entry&) = default;
  };

  explicit OffsetIndex(Offset base_offset) : base_offset_(base_offset) {}
  Offset base_offset() const { return base_offset_; }

  /// Requires: both are beyond those of the last entry, and fit 32 bits relative to the segment.
  void append(Offset last_offset, int64_t position);

  /// The last entry at or below `offset`; the segment's start when there is none.
  Entry floor(Offset offset) const;
  /// The first entry above `offset`, if any.
  std::optional<Entry> above(Offset offset) const;
  /// The last entry whose batch begins at or before `position`; the segment's start if none.
  Entry floor_position(int64_t position) const;
  /// The last entry; the segment's start when empty.
  Entry last() const;

  /// Drops the entries at or above `offset`.
  void truncate_to(Offset offset);

  size_t size() const { return entries_.size(); }
  bool empty() const { return entries_.empty(); }
  Entry at(size_t index) const;
  size_t memory_bytes() const { return entries_.capacity() * sizeof(Raw); }

  /// The file's bytes, without padding.
  Buffer format() const;

  /// Zeros behind the entries, as Kafka leaves in a file that was not closed, are dropped.
  /// Errors: kCorruptFile when entries do not ascend, or point behind `log_bytes`.
  static Result<OffsetIndex> parse(Offset base_offset, Bytes file, int64_t log_bytes);

 private:
  struct Raw {
    uint32_t relative_offset;
    uint32_t position;
  };
  Entry entry_of(Raw raw) const {
    return {base_offset_ + int64_t{raw.relative_offset}, int64_t{raw.position}};
  }

  Offset base_offset_;
  std::vector<Raw> entries_;
};

}  // namespace millrace::log
