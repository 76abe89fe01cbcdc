// ProducerStates: what a partition remembers of idempotent and transactional producers, so that a
// batch sent twice is kept once and readers of committed data know how far they may read. A pure
// machine: check, then update. Its file is producer_snapshot.h.
// Source: KIP-98, KIP-360.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"
#include "kafka/control_record.h"
#include "kafka/record_batch.h"
#include "log/transaction_index.h"

namespace millrace::log {

/// Who appends, which decides what is checked.
enum class AppendOrigin : uint8_t {
  kClient,       ///< a Produce request: everything
  kCoordinator,  ///< a coordinator of this broker, markers included: epochs, not sequences
  kReplication,  ///< a leader's batches, already checked: nothing
};

/// What is remembered of one batch.
struct ProducerBatch {
  int32_t last_sequence = kafka::kNoSequence;
  int32_t offset_delta = 0;  ///< last offset - first offset
  Offset last_offset;
  Timestamp timestamp;

  Offset first_offset() const { return last_offset - offset_delta; }
  int32_t first_sequence() const;
  friend bool operator==(const ProducerBatch&, const ProducerBatch&) = default;
};

/// What is remembered of one producer.
struct ProducerEntry {
  static constexpr size_t kBatchesMax = 5;  // as many as a client may have in flight

  ProducerId producer_id;
  ProducerEpoch epoch;
  int32_t coordinator_epoch = -1;
  Timestamp last_timestamp;
  Offset transaction_first_offset;  ///< kNoOffset when none is open

  std::span<const ProducerBatch> batches() const { return {batches_.data(), batch_count_}; }
  /// The newest batch, if any is known of this epoch.
  const ProducerBatch* last_batch() const {
    return batch_count_ == 0 ? nullptr : &batches_[batch_count_ - size_t{1}];
  }
  void add_batch(const ProducerBatch& batch);
  void forget_batches() { batch_count_ = 0; }

 private:
  std::array<ProducerBatch, kBatchesMax> batches_;  // oldest first
  uint8_t batch_count_ = 0;
};

class ProducerStates {
 public:
  /// Whether a data batch may be appended.
  /// Shape: a batch that is already there gives what was remembered of it: answer its offsets and
  /// do not append. Nothing means: append. Requires: the batch has a producer id and is not a
  /// control batch. Errors: kInvalidProducerEpoch, kOutOfOrderSequenceNumber, kInvalidTxnState.
  Result<std::optional<ProducerBatch>> check(const kafka::BatchHeaderView& batch,
                                             AppendOrigin origin) const;

  /// Whether the end of a transaction may be appended.
  /// Errors: kInvalidProducerEpoch, kTransactionCoordinatorFenced.
  Result<> check_marker(const kafka::BatchHeaderView& batch,
                        const kafka::EndTransactionMarker& marker, AppendOrigin origin) const;

  /// Remembers an appended data batch. Requires: it has its offsets, and a producer id.
  void update(const kafka::BatchHeaderView& batch);

  /// Remembers the end of a transaction. Returns the entry for the transaction index if it aborted
  /// one that has data here. Requires: as above.
  std::optional<AbortedTransaction> update_marker(const kafka::BatchHeaderView& batch,
                                                  const kafka::EndTransactionMarker& marker,
                                                  Timestamp timestamp);

  /// The first offset of the oldest transaction that is open, or whose end is not yet below the
  /// high watermark.
  std::optional<Offset> first_unstable_offset() const;
  /// Lets go of transactions whose end is below it.
  void on_high_watermark(Offset high_watermark);

  /// Forgets producers without an open transaction that wrote nothing for `expiration`. Returns
  /// when the next one may expire, if any is left.
  std::optional<Timestamp> expire(Timestamp now, Duration expiration);

  /// Takes over what a snapshot says. Requires: empty before.
  void restore(std::span<const ProducerEntry> entries);
  void clear();

  bool empty() const { return producers_.empty() && open_.empty() && ended_.empty(); }
  size_t size() const { return producers_.size(); }
  const ProducerEntry* find(ProducerId id) const;
  /// Sorted by id: DescribeProducers, snapshots.
  std::vector<const ProducerEntry*> entries() const;

 private:
  ProducerEntry& entry_of(ProducerId id);

  std::unordered_map<ProducerId, ProducerEntry> producers_;
  std::map<Offset, ProducerId> open_;  // transactions by first offset
  std::map<Offset, Offset> ended_;     // first offset to marker, of those not yet replicated
};

}  // namespace millrace::log
