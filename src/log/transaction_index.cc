#include "log/transaction_index.h"

#include <fmt/core.h>

namespace millrace::log {

bool TransactionIndex::collect(Offset from, Offset to,
                               std::vector<AbortedTransaction>& into) const {
  for (const AbortedTransaction& aborted : entries_) {
    if (aborted.last_offset >= from && aborted.first_offset < to) into.push_back(aborted);
    // Whatever was open when this one ended began at its last stable offset or later.
    if (aborted.last_stable_offset >= to) return true;
  }
  return false;
}

void TransactionIndex::truncate_to(Offset offset) {
  while (!entries_.empty() && entries_.back().last_offset >= offset) entries_.pop_back();
}

Buffer TransactionIndex::format() const {
  Buffer file(entries_.size() * kEntryBytes);
  for (const AbortedTransaction& aborted : entries_) {
    uint8_t* to = file.extend(kEntryBytes);
    store_be<int16_t>(to, 0);
    store_be<int64_t>(to + 2, aborted.producer_id.value);
    store_be<int64_t>(to + 10, aborted.first_offset.value);
    store_be<int64_t>(to + 18, aborted.last_offset.value);
    store_be<int64_t>(to + 26, aborted.last_stable_offset.value);
  }
  return file;
}

Result<TransactionIndex> TransactionIndex::parse(Bytes file) {
  if (file.size() % kEntryBytes != 0) {
    return fail(Errc::kCorruptFile,
                fmt::format("transaction index has {} bytes, not a multiple of 34", file.size()));
  }
  TransactionIndex index;
  index.entries_.reserve(file.size() / kEntryBytes);
  for (size_t at = 0; at < file.size(); at += kEntryBytes) {
    const uint8_t* from = file.data() + at;
    if (const int16_t version = load_be<int16_t>(from); version != 0) {
      return fail(version > 0 ? Errc::kNewerFormat : Errc::kCorruptFile,
                  fmt::format("transaction index entry of version {} at byte {}", version, at));
    }
    const AbortedTransaction aborted{
        .producer_id = ProducerId(load_be<int64_t>(from + 2)),
        .first_offset = Offset(load_be<int64_t>(from + 10)),
        .last_offset = Offset(load_be<int64_t>(from + 18)),
        .last_stable_offset = Offset(load_be<int64_t>(from + 26)),
    };
    const bool ascends =
        index.entries_.empty() || aborted.last_offset > index.entries_.back().last_offset;
    if (!ascends || aborted.first_offset.value < 0 || aborted.first_offset > aborted.last_offset) {
      return fail(Errc::kCorruptFile,
                  fmt::format("transaction index entry at byte {} cannot be right", at));
    }
    index.entries_.push_back(aborted);
  }
  return index;
}

}  // namespace millrace::log
