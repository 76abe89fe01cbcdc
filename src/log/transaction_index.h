// TransactionIndex: the aborted transactions whose markers are in a segment. A value in memory and
// Kafka's `.txnindex` file as bytes; the file exists only if there are any.
//
//   34 bytes an entry:  int16 version 0, int64 producer id, int64 first offset, int64 last offset,
//                       int64 last stable offset at the abort
#pragma once

#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/result.h"

namespace millrace::log {

struct AbortedTransaction {
  ProducerId producer_id;
  Offset first_offset;  ///< of its first batch in this partition
  Offset last_offset;   ///< of its marker
  Offset last_stable_offset;
  friend bool operator==(const AbortedTransaction&, const AbortedTransaction&) = default;
};

class TransactionIndex {
 public:
  static constexpr size_t kEntryBytes = 34;

  /// Requires: entries come in the order of their markers.
  void append(const AbortedTransaction& aborted) { entries_.push_back(aborted); }

  /// Adds to `into` those whose span overlaps [from, to). Returns whether no later segment can
  /// hold another one.
  bool collect(Offset from, Offset to, std::vector<AbortedTransaction>& into) const;

  /// Drops those whose marker is at or above `offset`.
  void truncate_to(Offset offset);

  bool empty() const { return entries_.empty(); }
  const std::vector<AbortedTransaction>& entries() const { return entries_; }

  Buffer format() const;
  /// Errors: kCorruptFile.
  static Result<TransactionIndex> parse(Bytes file);

 private:
  std::vector<AbortedTransaction> entries_;
};

}  // namespace millrace::log
