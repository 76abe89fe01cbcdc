// Compaction: one pass over one log that keeps the last record of every key, and swaps the result
// in. When a pass is worth it, and which log is next: cleaner.h.
//
// A pass maps the keys of the dirty part (as many as fit), then copies segments, a group at a time,
// into one new segment each, without the records that the map shows to be superseded:
//
//   N.log.cleaned   being written
//   N.log.swap      complete and stable; from here on a restart finishes the swap
//   *.deleted       the sources
//   N.log           the new segment
//
// Tombstones and markers go only in a pass after their delete horizon (KIP-534), which the first
// pass that sees them sets. Batches keep their first and last offset and their producer fields; one
// that is emptied stays while it holds a producer's last sequence, or is the last of a new segment:
// so every segment reaches to the next one, by which recovery knows that nothing is missing.
// Source: Kafka's Cleaner; KIP-354, KIP-534.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "kafka/record_batch_builder.h"
#include "log/cleaned_transactions.h"
#include "log/offset_map.h"
#include "log/pacer.h"
#include "log/partition_log.h"
#include "log/segment_scan.h"
#include "runtime/task.h"

namespace millrace::log {

/// What of a log may be compacted, and whether it should be.
struct Cleanable {
  Offset first_dirty;
  Offset end;  ///< behind the last segment that may be touched
  int64_t clean_bytes = 0;
  int64_t dirty_bytes = 0;
  bool wanted = false;           ///< dirty enough, or dirty for too long
  std::optional<Timestamp> due;  ///< when time alone may change that

  double ratio() const {
    const int64_t bytes = clean_bytes + dirty_bytes;
    return bytes == 0 ? 0 : static_cast<double>(dirty_bytes) / static_cast<double>(bytes);
  }
};

class Compaction {
 public:
  struct Statistics {
    int64_t bytes_read = 0;
    int64_t bytes_written = 0;
    int64_t records_read = 0;
    int64_t records_kept = 0;
  };

  /// Errors: as reading segments.
  static Result<Cleanable> measure(PartitionLog& log, Timestamp now);

  /// The pacer is borrowed.
  Compaction(std::shared_ptr<PartitionLog> log, OffsetMap map, Pacer& pacer);

  /// Compacts, and returns the first offset that is still dirty.
  /// Errors: kCancelled when segments were removed or truncated meanwhile (try again);
  /// kCorruptMessage when a batch is damaged; kDiskFull, kIo. The log is as before, or partly
  /// compacted.
  /// Runs: yields often; appends and reads go on.
  runtime::Task<Offset> run(Cleanable range);

  const Statistics& statistics() const { return statistics_; }

 private:
  struct LastOfProducer {
    Offset offset;  // kNoOffset: only markers are known
    ProducerEpoch epoch;
  };
  struct Verdict {
    bool drop_records = false;
    bool keep_empty = false;
    bool marker_without_data = false;
  };

  Result<> check_unchanged() const;
  Result<bool> next_batch(SegmentScan& scan, const Segment& segment) const;
  static Result<std::optional<bool>> commit_of(const kafka::RecordBatchView& batch);
  runtime::Task<> map_dirty(Cleanable range);
  Result<bool> map_batch(const kafka::RecordBatchView& batch, Offset from);
  size_t group_end(size_t from, Offset end);
  runtime::Task<size_t> clean_group(size_t from, size_t to);
  runtime::Task<> copy_segment(size_t index, Segment* into);
  Result<> filter(const kafka::RecordBatchView& batch);
  Result<Verdict> judge(const kafka::RecordBatchView& batch);
  Result<bool> keep_record(const kafka::RecordBatchView& batch, const kafka::RecordView& record);
  Result<> flush(Segment& into);
  Result<> swap_in(std::unique_ptr<Segment> cleaned, size_t from, size_t to);

  std::shared_ptr<PartitionLog> log_;
  OffsetMap map_;
  KeyHasher hasher_;
  Pacer& pacer_;
  Timestamp now_;
  uint64_t version_;
  Offset mapped_end_;
  Offset group_end_;
  CleanedTransactions transactions_;
  std::map<ProducerId, LastOfProducer> last_of_producers_;
  kafka::Compressor compressor_;
  kafka::Decompressor decompressor_;
  kafka::RecordBatchBuilder builder_{compressor_};
  Buffer records_;
  std::vector<kafka::RecordView> kept_;  // of the batch at hand
  Buffer out_;
  Statistics statistics_;
};

}  // namespace millrace::log
