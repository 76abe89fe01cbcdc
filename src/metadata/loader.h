// Feeds the metadata log to an image, batch by batch: keeps the position, takes from the raft
// layer's control batches who may vote, and holds back what stands inside an open metadata
// transaction.
// Not for reading the log: the host hands in batches, and only such as are committed.
#pragma once

#include <cstdint>
#include <vector>

#include "base/arena.h"
#include "base/bytes.h"
#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"
#include "kafka/compression.h"
#include "kafka/record_batch.h"
#include "metadata/delta.h"
#include "metadata/image.h"
#include "metadata/voters.h"

namespace millrace::metadata {

class Loader {
 public:
  /// Starts from nothing, or from a snapshot that ends before `next`.
  explicit Loader(Image image = {}, Offset next = Offset(0), LeaderEpoch epoch = kNoLeaderEpoch,
                  VoterSet quorum = {})
      : image_(std::move(image)), next_(next), epoch_(epoch), quorum_(std::move(quorum)) {}

  const Image& image() const { return image_; }
  Offset next_offset() const { return next_; }
  /// Of the last batch; a snapshot at next_offset() carries it.
  LeaderEpoch epoch() const { return epoch_; }
  /// What control records have told so far.
  const VoterSet& quorum() const { return quorum_; }
  Timestamp last_timestamp() const { return last_timestamp_; }

  /// Records after a BeginTransactionRecord wait here for its end. No snapshot may be taken now.
  bool in_transaction() const { return in_transaction_; }

  /// Applies a batch and tells what changed in the image: nothing for control batches and inside a
  /// transaction, everything the transaction did at its end.
  /// Errors: kCorruptFile for a batch that does not follow on the last, a bad record, or brackets
  /// that do not match; kUnsupportedVersion for a record that only a newer server knows. The
  /// loader must not be used afterwards.
  Result<Delta> load(const kafka::RecordBatchView& batch);

 private:
  Result<> load_record(const kafka::RecordView& record, bool is_control, Delta& delta);
  Result<> load_value(Bytes value, Delta& delta);
  Result<> end_transaction(Delta& delta);

  Image image_;
  Offset next_;
  LeaderEpoch epoch_;
  VoterSet quorum_;
  Timestamp last_timestamp_ = kNoTimestamp;
  bool in_transaction_ = false;
  std::vector<Buffer> held_;  // values of the open transaction
  Arena arena_;
  kafka::Decompressor decompressor_;
};

}  // namespace millrace::metadata
