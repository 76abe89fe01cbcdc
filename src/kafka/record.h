// The records inside a batch, read in place: no allocation and no copy per record.
// Not the batch's own header (record_batch.h) and not writing (record_batch_builder.h).
//
// A record is, with zigzag varints (varint.h): length of what follows, attributes int8 (no bit
// means anything), timestamp delta varlong, offset delta, key length (-1 = null) and key, value
// likewise, header count, and per header key length, key, value length (-1 = null), value.
#pragma once

#include <cstdint>
#include <iterator>
#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"
#include "kafka/compression.h"
#include "kafka/record_batch.h"

namespace millrace::kafka {

struct RecordHeader {
  std::string_view key;
  std::optional<Bytes> value;
};

/// The headers of one record, decoded as they are iterated. Checked when the record was read, so
/// iterating cannot fail.
class RecordHeaders {
 public:
  class Iterator {
   public:
    using value_type = RecordHeader;
    using difference_type = std::ptrdiff_t;

    Iterator() = default;
    const RecordHeader& operator*() const { return current_; }
    const RecordHeader* operator->() const { return &current_; }
    Iterator& operator++() {
      --left_;
      read();
      return *this;
    }
    void operator++(int) { ++*this; }
    friend bool operator==(const Iterator& i, std::default_sentinel_t) { return i.left_ == 0; }

   private:
    friend class RecordHeaders;
    Iterator(Bytes encoded, int32_t count) : rest_(encoded), left_(count) { read(); }
    void read();

    Bytes rest_;
    int32_t left_ = 0;
    RecordHeader current_;
  };

  RecordHeaders() = default;

  int32_t size() const { return count_; }
  bool empty() const { return count_ == 0; }
  Iterator begin() const { return {encoded_, count_}; }
  std::default_sentinel_t end() const { return {}; }
  /// As they stand in the record, without the count.
  Bytes encoded() const { return encoded_; }

 private:
  friend class RecordCursor;
  RecordHeaders(Bytes encoded, int32_t count) : encoded_(encoded), count_(count) {}

  Bytes encoded_;
  int32_t count_ = 0;
};

/// Views into the batch's (decompressed) bytes.
struct RecordView {
  Offset offset;
  Timestamp timestamp;         ///< the batch's max timestamp if that is when it was appended
  std::optional<Bytes> key;    ///< nullopt = null, which is not the same as empty
  std::optional<Bytes> value;  ///< nullopt = null: in a compacted topic a tombstone
  RecordHeaders headers;
};

/// Walks the records of a batch and believes nothing: lengths, counts, order of offsets, and that
/// the last record ends where the bytes end.
///
///   RecordCursor records(batch, TRY(decompress_records(batch, decompressor, buffer, bytes_max)));
///   while (const RecordView* record = records.next()) { ... }
///   TRY(records.end());
class RecordCursor {
 public:
  /// Requires: `records` are the batch's, decompressed; both outlive the cursor.
  RecordCursor(const BatchHeaderView& batch, Bytes records);

  /// The next record, or nullptr at the end or at the first that is malformed. Valid until the next
  /// call.
  /// Runs: about 15 ns for a record without headers.
  const RecordView* next();

  /// Whether the walk came to a good end. Requires: next() has returned nullptr.
  /// Errors: kCorruptMessage: which record, and what is wrong.
  Result<> end() const;

  /// How many records next() has given.
  int32_t index() const { return index_; }

 private:
  const uint8_t* read_headers(const uint8_t* at, const uint8_t* end);
  const RecordView* stop(const char* problem);
  const RecordView* stop_behind_last();

  const uint8_t* at_;
  const uint8_t* end_;
  Offset base_offset_;
  int64_t base_timestamp_;
  std::optional<Timestamp> append_time_;
  int32_t last_offset_delta_;
  int32_t previous_delta_ = -1;
  int32_t index_ = 0;
  int32_t count_;
  RecordView current_;
  const char* problem_ = nullptr;
};

/// The bytes a RecordCursor wants. Those of an uncompressed batch are the batch's own; others are
/// decompressed into `into`, whose former content goes.
/// Errors: kCorruptMessage, kUnsupportedCompressionType, kMessageTooLarge (more than `bytes_max`
/// bytes, so that a small batch cannot take much memory).
Result<Bytes> decompress_records(const RecordBatchView& batch, Decompressor& decompressor,
                                 Buffer& into, size_t bytes_max);

}  // namespace millrace::kafka
