// CleanedTransactions: what compaction must know of transactions as it walks through a log: which
// batches were aborted, and which markers have nothing left to decide. A pure machine, fed in the
// order of offsets.
// Source: KIP-98; KIP-534.
#pragma once

#include <map>
#include <set>
#include <vector>

#include "base/ids.h"
#include "kafka/control_record.h"
#include "kafka/record_batch.h"
#include "log/transaction_index.h"

namespace millrace::log {

class CleanedTransactions {
 public:
  /// Those of the segment that comes next, from its transaction index.
  void add(const std::vector<AbortedTransaction>& aborted);

  /// Whether a data batch belongs to an aborted transaction and may go.
  bool on_data(const kafka::BatchHeaderView& batch);

  /// Whether a marker's transaction has no data left.
  /// Shape: `commit` is nothing when the marker's record is gone already.
  bool on_marker(const kafka::BatchHeaderView& batch, std::optional<bool> commit);

  /// The aborted transactions whose markers must stay, since the last call: for the new segment's
  /// transaction index.
  std::vector<AbortedTransaction> take_kept();

 private:
  struct Ongoing {
    AbortedTransaction aborted;
    bool has_data = false;
  };
  void begin_up_to(Offset offset);

  std::map<Offset, AbortedTransaction> to_begin_;
  std::map<ProducerId, Ongoing> aborted_;
  std::set<ProducerId> committed_;
  std::vector<AbortedTransaction> kept_;
};

}  // namespace millrace::log
