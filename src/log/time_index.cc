#include "log/time_index.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/check.h"

namespace millrace::log {

void TimeIndex::maybe_append(Timestamp timestamp, Offset offset) {
  const Entry before = last();
  if (timestamp <= before.timestamp) return;
  const int64_t relative = offset - base_offset_;
  CHECK(relative >= 0 && relative <= INT32_MAX && offset >= before.offset);
  entries_.push_back({timestamp, offset});
}

TimeIndex::Entry TimeIndex::floor(Timestamp timestamp) const {
  const auto after = std::partition_point(entries_.begin(), entries_.end(),
                                          [=](const Entry& e) { return e.timestamp <= timestamp; });
  return after == entries_.begin() ? Entry{kNoTimestamp, base_offset_} : *(after - 1);
}

TimeIndex::Entry TimeIndex::last() const {
  return entries_.empty() ? Entry{kNoTimestamp, base_offset_} : entries_.back();
}

void TimeIndex::truncate_to(Offset offset) {
  while (!entries_.empty() && entries_.back().offset >= offset) entries_.pop_back();
}

Buffer TimeIndex::format() const {
  Buffer file(entries_.size() * kEntryBytes);
  for (const Entry& entry : entries_) {
    uint8_t* to = file.extend(kEntryBytes);
    store_be<int64_t>(to, entry.timestamp.ms);
    store_be<int32_t>(to + 8, static_cast<int32_t>(entry.offset - base_offset_));
  }
  return file;
}

Result<TimeIndex> TimeIndex::parse(Offset base_offset, Bytes file) {
  if (file.size() % kEntryBytes != 0) {
    return fail(Errc::kCorruptFile,
                fmt::format("time index has {} bytes, not a multiple of 12", file.size()));
  }
  const auto entry_at = [&](size_t i) {
    const uint8_t* from = file.data() + i * kEntryBytes;
    return Entry{{load_be<int64_t>(from)}, base_offset + int64_t{load_be<int32_t>(from + 8)}};
  };
  const Entry zeros{Timestamp{0}, base_offset};
  size_t count = file.size() / kEntryBytes;
  // A single such entry may be real: one batch, timestamp 0.
  while (count > 1 && entry_at(count - 1) == zeros) --count;
  if (count == 1 && file.size() > kEntryBytes && entry_at(0) == zeros) count = 0;

  TimeIndex index(base_offset);
  index.entries_.reserve(count);
  for (size_t i = 0; i < count; ++i) {
    const Entry entry = entry_at(i);
    const Entry before = index.last();
    if (entry.timestamp <= before.timestamp || entry.offset < before.offset) {
      return fail(Errc::kCorruptFile,
                  fmt::format("time index entry {} (timestamp {}, offset {}) cannot be right", i,
                              entry.timestamp.ms, entry.offset.value));
    }
    index.entries_.push_back(entry);
  }
  return index;
}

}  // namespace millrace::log
