// Makes record batches (format v2): from records, from what compaction leaves of a batch, or from a
// batch that needs another codec. Not for patching a received batch: record_batch.h.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"
#include "kafka/compression.h"
#include "kafka/record.h"
#include "kafka/record_batch.h"

namespace millrace::kafka {

/// What a batch's header says besides what follows from its records.
struct BatchOptions {
  Offset base_offset{0};  ///< producers send 0, the broker patches
  LeaderEpoch partition_leader_epoch = kNoLeaderEpoch;
  Codec codec = Codec::kNone;
  int level = kStandardLevel;
  TimestampType timestamp_type = TimestampType::kCreateTime;
  Timestamp log_append_time;  ///< all records' time, with kLogAppendTime
  ProducerId producer_id = kNoProducerId;
  ProducerEpoch producer_epoch = kNoProducerEpoch;
  int32_t base_sequence = kNoSequence;
  bool transactional = false;
  bool control = false;  ///< the one record is made by control_record.h
  std::optional<Timestamp> delete_horizon;
};

/// The options under which compaction rewrites a batch; only the delete horizon is its own choice.
BatchOptions options_like(const BatchHeaderView& batch);

/// What a producer gives. The views are read during append() only.
struct Record {
  Timestamp timestamp;
  std::optional<Bytes> key;
  std::optional<Bytes> value;
  std::span<const RecordHeader> headers;
};

/// Units: bytes. A batch is not larger, whoever builds it.
inline constexpr size_t kBatchSizeMax = INT32_MAX;

/// Builds batch after batch; its memory stays for the next one. Every batch goes begin(), append()
/// or copy() for each record, finish().
class RecordBatchBuilder {
 public:
  /// Requires: the compressor outlives the builder. Builders of one thread share one.
  explicit RecordBatchBuilder(Compressor& compressor) : compressor_(compressor) {}

  /// Requires: a codec there is.
  void begin(const BatchOptions& options);

  /// Adds a record with the next offset.
  /// Errors: kMessageTooLarge, when the batch would exceed kBatchSizeMax; it then is as before.
  Result<> append(const Record& record);
  /// Adds a record with an offset of its own. Requires: offset_delta above all before.
  Result<> append_at(int32_t offset_delta, const Record& record);
  /// Adds a record of another batch, at its own offset. Requires: not below the base offset, above
  /// all before.
  Result<> copy(const RecordView& record);

  /// Compaction keeps the last offset of a batch (and with it the last sequence) when the record
  /// there is gone. Requires: not below any record's.
  void set_last_offset_delta(int32_t delta);

  bool empty() const { return record_count_ == 0; }
  int32_t record_count() const { return record_count_; }

  /// Units: bytes, header included. Exact without a codec.
  size_t size_uncompressed() const { return batch_.size(); }
  /// What finish() will give, going by the batches before. Units: bytes.
  size_t size_estimate() const;
  /// The most a record adds to a batch. Units: bytes.
  static size_t record_size_max(const Record& record);

  /// The batch, with its CRC, until the next call to begin().
  /// Requires: at least one record; call once per begin().
  /// Errors: as Compressor::compress.
  Result<Bytes> finish();

 private:
  struct Fields;
  static Fields fields_of(const Record& record);
  Result<> add(int64_t offset_delta, const Fields& fields);
  void learn_ratio(size_t from, size_t to);
  size_t codec_index() const { return static_cast<size_t>(options_.codec); }

  Compressor& compressor_;
  BatchOptions options_;
  Buffer batch_;       // room for the header, then the records as they are
  Buffer compressed_;  // likewise, the records compressed
  Timestamp base_timestamp_;
  Timestamp max_timestamp_;
  int64_t next_offset_delta_ = 0;  // one more than int32 has, behind its last
  int32_t last_offset_delta_ = 0;
  int32_t record_count_ = 0;
  // Compressed size over size, per codec, of recent batches.
  std::array<double, kCodecCount> ratio_ = {1, 1, 1, 1, 1};
};

/// Appends a batch of no records: what compaction leaves to keep a producer's last sequence, or the
/// last offset of what it cleaned. Codec and delete horizon of the options do not matter.
void append_empty_batch(const BatchOptions& options, int32_t last_offset_delta,
                        Timestamp max_timestamp, Buffer& to);

/// Appends the batch with its records in another codec; the rest of the header stays.
/// Requires: `records` are the batch's, decompressed.
/// Errors: as Compressor::compress; kMessageTooLarge over kBatchSizeMax.
Result<> append_recompressed(const RecordBatchView& batch, Bytes records, Codec codec, int level,
                             Compressor& compressor, Buffer& to);

}  // namespace millrace::kafka
