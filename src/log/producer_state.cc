#include "log/producer_state.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/check.h"

namespace millrace::log {
namespace {

/// Whether `next` may follow `last`; after 2^31 - 1 comes 0.
bool in_sequence(int32_t last, int32_t next) {
  return int64_t{next} == int64_t{last} + 1 || (next == 0 && last == INT32_MAX);
}

bool is_duplicate(const ProducerBatch& known, const kafka::BatchHeaderView& batch) {
  return known.first_sequence() == batch.base_sequence() &&
         known.last_sequence == batch.last_sequence();
}

Result<> check_epoch(const ProducerEntry& known, const kafka::BatchHeaderView& batch) {
  if (batch.producer_epoch() >= known.epoch) return {};
  return fail(
      Errc::kInvalidProducerEpoch,
      fmt::format("producer {} has epoch {}, the batch is of epoch {}", known.producer_id.value,
                  known.epoch.value, batch.producer_epoch().value));
}

Result<> check_sequence(const ProducerEntry& known, const kafka::BatchHeaderView& batch) {
  const int32_t first = batch.base_sequence();
  // Known through a marker only: its epoch is known, its sequences are not, and it starts at 0.
  const ProducerBatch* last = known.last_batch();
  const bool same_epoch = known.epoch == batch.producer_epoch();
  const int32_t expected_after = same_epoch && last ? last->last_sequence : kafka::kNoSequence;
  if (in_sequence(expected_after, first)) return {};
  return fail(Errc::kOutOfOrderSequenceNumber,
              fmt::format("producer {}, epoch {}: sequence {} after {} of epoch {}",
                          known.producer_id.value, batch.producer_epoch().value, first,
                          expected_after, known.epoch.value));
}

}  // namespace

int32_t ProducerBatch::first_sequence() const {
  if (last_sequence < 0) return kafka::kNoSequence;
  const int64_t first = int64_t{last_sequence} - offset_delta;
  return static_cast<int32_t>(first < 0 ? first + INT32_MAX + 1 : first);
}

void ProducerEntry::add_batch(const ProducerBatch& batch) {
  if (batch_count_ == kBatchesMax) {
    std::move(batches_.begin() + 1, batches_.end(), batches_.begin());
    --batch_count_;
  }
  batches_[batch_count_++] = batch;
}

Result<std::optional<ProducerBatch>> ProducerStates::check(const kafka::BatchHeaderView& batch,
                                                           AppendOrigin origin) const {
  if (origin == AppendOrigin::kReplication) return std::nullopt;
  const ProducerEntry* known = find(batch.producer_id());
  // A producer that is not known may have expired, and may go on with any sequence.
  if (!known) return std::nullopt;
  if (origin == AppendOrigin::kClient) {
    if (known->epoch == batch.producer_epoch()) {
      for (const ProducerBatch& earlier : known->batches()) {
        if (is_duplicate(earlier, batch)) return earlier;
      }
    }
    TRY(check_epoch(*known, batch));
    TRY(check_sequence(*known, batch));
  } else {
    TRY(check_epoch(*known, batch));
  }
  if (known->transaction_first_offset != kNoOffset && !batch.is_transactional()) {
    return fail(Errc::kInvalidTxnState,
                fmt::format("producer {} has a transaction open since offset {}; a batch outside "
                            "it is not allowed",
                            known->producer_id.value, known->transaction_first_offset.value));
  }
  return std::nullopt;
}

Result<> ProducerStates::check_marker(const kafka::BatchHeaderView& batch,
                                      const kafka::EndTransactionMarker& marker,
                                      AppendOrigin origin) const {
  if (origin == AppendOrigin::kReplication) return {};
  const ProducerEntry* known = find(batch.producer_id());
  if (!known) return {};
  TRY(check_epoch(*known, batch));
  if (marker.coordinator_epoch >= known->coordinator_epoch) return {};
  return fail(
      Errc::kTransactionCoordinatorFenced,
      fmt::format("producer {}: a coordinator of epoch {} has written since; this is of "
                  "epoch {}",
                  known->producer_id.value, known->coordinator_epoch, marker.coordinator_epoch));
}

void ProducerStates::update(const kafka::BatchHeaderView& batch) {
  ProducerEntry& entry = entry_of(batch.producer_id());
  if (entry.epoch != batch.producer_epoch()) {
    entry.epoch = batch.producer_epoch();
    entry.forget_batches();
  }
  entry.add_batch({.last_sequence = batch.last_sequence(),
                   .offset_delta = batch.last_offset_delta(),
                   .last_offset = batch.last_offset(),
                   .timestamp = batch.max_timestamp()});
  entry.last_timestamp = batch.max_timestamp();
  if (batch.is_transactional() && entry.transaction_first_offset == kNoOffset) {
    entry.transaction_first_offset = batch.base_offset();
    open_.emplace(batch.base_offset(), entry.producer_id);
  }
}

std::optional<AbortedTransaction> ProducerStates::update_marker(
    const kafka::BatchHeaderView& batch, const kafka::EndTransactionMarker& marker,
    Timestamp timestamp) {
  ProducerEntry& entry = entry_of(batch.producer_id());
  if (entry.epoch != batch.producer_epoch()) {
    entry.epoch = batch.producer_epoch();
    entry.forget_batches();
  }
  entry.coordinator_epoch = marker.coordinator_epoch;
  entry.last_timestamp = timestamp;
  const Offset first = std::exchange(entry.transaction_first_offset, kNoOffset);
  // A marker of a transaction without data here holds up nobody.
  if (first == kNoOffset) return std::nullopt;

  const Offset marker_offset = batch.base_offset();
  open_.erase(first);
  const Offset stable = open_.empty() ? marker_offset.next() : open_.begin()->first;
  ended_.emplace(first, marker_offset);
  if (marker.commit) return std::nullopt;
  return AbortedTransaction{entry.producer_id, first, marker_offset, stable};
}

std::optional<Offset> ProducerStates::first_unstable_offset() const {
  if (open_.empty() && ended_.empty()) return std::nullopt;
  if (open_.empty()) return ended_.begin()->first;
  if (ended_.empty()) return open_.begin()->first;
  return std::min(open_.begin()->first, ended_.begin()->first);
}

void ProducerStates::on_high_watermark(Offset high_watermark) {
  std::erase_if(ended_, [=](const auto& ended) { return ended.second < high_watermark; });
}

std::optional<Timestamp> ProducerStates::expire(Timestamp now, Duration expiration) {
  std::optional<Timestamp> next;
  std::erase_if(producers_, [&](const auto& item) {
    const ProducerEntry& entry = item.second;
    if (entry.transaction_first_offset != kNoOffset) return false;
    const Timestamp due = entry.last_timestamp + expiration;
    if (due <= now) return true;
    next = std::min(next.value_or(due), due);
    return false;
  });
  return next;
}

void ProducerStates::restore(std::span<const ProducerEntry> entries) {
  CHECK(empty());
  for (const ProducerEntry& entry : entries) {
    producers_.emplace(entry.producer_id, entry);
    if (entry.transaction_first_offset != kNoOffset) {
      open_.emplace(entry.transaction_first_offset, entry.producer_id);
    }
  }
}

void ProducerStates::clear() {
  producers_.clear();
  open_.clear();
  ended_.clear();
}

const ProducerEntry* ProducerStates::find(ProducerId id) const {
  const auto found = producers_.find(id);
  return found == producers_.end() ? nullptr : &found->second;
}

std::vector<const ProducerEntry*> ProducerStates::entries() const {
  std::vector<const ProducerEntry*> sorted;
  sorted.reserve(producers_.size());
  for (const auto& [id, entry] : producers_) sorted.push_back(&entry);
  std::ranges::sort(sorted, {}, &ProducerEntry::producer_id);
  return sorted;
}

ProducerEntry& ProducerStates::entry_of(ProducerId id) {
  ProducerEntry& entry = producers_[id];
  entry.producer_id = id;
  return entry;
}

}  // namespace millrace::log
