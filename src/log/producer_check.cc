#include "log/producer_check.h"

#include <fmt/core.h>

#include <set>

#include "kafka/control_record.h"
#include "kafka/record.h"

namespace millrace::log {
namespace {

std::unexpected<Error> wrong(ProducerId id, std::string what) {
  return fail(Errc::kCorruptFile, fmt::format("producer {} {}", id.value, what));
}

}  // namespace

void ProducerReplay::begin(Offset first, bool may_have_gaps,
                           std::span<const ProducerEntry> before) {
  first_ = first;
  may_have_gaps_ = may_have_gaps;
  states_.clear();
  states_.restore(before);
}

Result<std::optional<AbortedTransaction>> ProducerReplay::note(
    const kafka::RecordBatchView& batch) {
  if (!batch.has_producer_id()) return std::nullopt;
  if (!batch.is_control()) {
    states_.update(batch);
    return std::nullopt;
  }
  kafka::RecordCursor records(batch, batch.payload());
  const kafka::RecordView* record = records.next();
  if (!record) {
    TRY(records.end());
    return std::nullopt;  // compaction has emptied it
  }
  const kafka::EndTransactionMarker marker = TRY(kafka::parse_end_transaction_marker(*record));
  const auto aborted = states_.update_marker(batch, marker, record->timestamp);
  states_.on_high_watermark(batch.next_offset());
  return aborted;
}

Result<> ProducerReplay::compare_one(const ProducerEntry& said) const {
  const ProducerId id = said.producer_id;
  const ProducerBatch* last = said.last_batch();
  const ProducerEntry* found = states_.find(id);
  if (!last || last->last_offset < first_) return {};
  if (!found && may_have_gaps_) return {};
  if (!found) return wrong(id, "is not in the log");
  if (found->epoch != said.epoch) {
    return wrong(id, fmt::format("is said to have epoch {}, and has {}", said.epoch.value,
                                 found->epoch.value));
  }
  if (found->transaction_first_offset != said.transaction_first_offset) {
    return wrong(id, fmt::format("is said to have a transaction open since {}, and has one since "
                                 "{} (-1: none)",
                                 said.transaction_first_offset.value,
                                 found->transaction_first_offset.value));
  }
  const ProducerBatch* batch = found->last_batch();
  if (!batch || (may_have_gaps_ && batch->last_offset < last->last_offset)) return {};
  if (batch->last_offset == last->last_offset && batch->last_sequence == last->last_sequence) {
    return {};
  }
  return wrong(id, fmt::format("is said to have ended with sequence {} at offset {}, and did with "
                               "{} at {}",
                               last->last_sequence, last->last_offset.value, batch->last_sequence,
                               batch->last_offset.value));
}

Result<> ProducerReplay::compare(std::span<const ProducerEntry> snapshot, Timestamp now,
                                 Duration expiration) const {
  std::set<ProducerId> told_of;
  for (const ProducerEntry& said : snapshot) {
    TRY(compare_one(said));
    told_of.insert(said.producer_id);
  }
  for (const ProducerEntry* found : states_.entries()) {
    const bool told = told_of.contains(found->producer_id);
    const bool may_be_forgotten =
        found->transaction_first_offset == kNoOffset && found->last_timestamp + expiration <= now;
    if (told || may_be_forgotten) continue;
    const ProducerBatch* last = found->last_batch();
    return wrong(found->producer_id, fmt::format("is missing; it wrote up to offset {}",
                                                 last ? last->last_offset.value : -1));
  }
  return {};
}

}  // namespace millrace::log
