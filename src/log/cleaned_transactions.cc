#include "log/cleaned_transactions.h"

namespace millrace::log {

void CleanedTransactions::add(const std::vector<AbortedTransaction>& aborted) {
  for (const AbortedTransaction& one : aborted) to_begin_.emplace(one.first_offset, one);
}

void CleanedTransactions::begin_up_to(Offset offset) {
  while (!to_begin_.empty() && to_begin_.begin()->first <= offset) {
    const AbortedTransaction aborted = to_begin_.begin()->second;
    to_begin_.erase(to_begin_.begin());
    aborted_.emplace(aborted.producer_id, Ongoing{aborted});
  }
}

bool CleanedTransactions::on_data(const kafka::BatchHeaderView& batch) {
  begin_up_to(batch.last_offset());
  if (!batch.is_transactional()) return false;
  const auto ongoing = aborted_.find(batch.producer_id());
  if (ongoing == aborted_.end()) {
    committed_.insert(batch.producer_id());
    return false;
  }
  ongoing->second.has_data = true;
  return true;
}

bool CleanedTransactions::on_marker(const kafka::BatchHeaderView& batch,
                                    std::optional<bool> commit) {
  begin_up_to(batch.last_offset());
  if (!commit) return true;
  if (*commit) return committed_.erase(batch.producer_id()) == 0;
  const auto ongoing = aborted_.find(batch.producer_id());
  if (ongoing == aborted_.end()) return true;
  const Ongoing ended = ongoing->second;
  aborted_.erase(ongoing);
  // Batches of it stay, emptied, to keep sequences: so must what says that they are aborted.
  if (ended.has_data) kept_.push_back(ended.aborted);
  return !ended.has_data;
}

std::vector<AbortedTransaction> CleanedTransactions::take_kept() {
  return std::exchange(kept_, {});
}

}  // namespace millrace::log
