#include "log/offset_index.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/check.h"

namespace millrace::log {

void OffsetIndex::append(Offset last_offset, int64_t position) {
  const int64_t relative = last_offset - base_offset_;
  CHECK(relative >= 0 && relative <= INT32_MAX && position >= 0 && position <= INT32_MAX);
  CHECK(entries_.empty() ||
        (relative > entries_.back().relative_offset && position > entries_.back().position));
  entries_.push_back({static_cast<uint32_t>(relative), static_cast<uint32_t>(position)});
}

OffsetIndex::Entry OffsetIndex::floor(Offset offset) const {
  const int64_t relative = offset - base_offset_;
  const auto after = std::partition_point(entries_.begin(), entries_.end(), [=](Raw raw) {
    return int64_t{raw.relative_offset} <= relative;
  });
  return after == entries_.begin() ? Entry{base_offset_, 0} : entry_of(*(after - 1));
}

std::optional<OffsetIndex::Entry> OffsetIndex::above(Offset offset) const {
  const int64_t relative = offset - base_offset_;
  const auto after = std::partition_point(entries_.begin(), entries_.end(), [=](Raw raw) {
    return int64_t{raw.relative_offset} <= relative;
  });
  if (after == entries_.end()) return std::nullopt;
  return entry_of(*after);
}

OffsetIndex::Entry OffsetIndex::floor_position(int64_t position) const {
  const auto after = std::partition_point(
      entries_.begin(), entries_.end(), [=](Raw raw) { return int64_t{raw.position} <= position; });
  return after == entries_.begin() ? Entry{base_offset_, 0} : entry_of(*(after - 1));
}

OffsetIndex::Entry OffsetIndex::last() const {
  return entries_.empty() ? Entry{base_offset_, 0} : entry_of(entries_.back());
}

OffsetIndex::Entry OffsetIndex::at(size_t index) const {
  CHECK(index < entries_.size());
  return entry_of(entries_[index]);
}

void OffsetIndex::truncate_to(Offset offset) {
  const int64_t relative = offset - base_offset_;
  while (!entries_.empty() && int64_t{entries_.back().relative_offset} >= relative) {
    entries_.pop_back();
  }
}

Buffer OffsetIndex::format() const {
  Buffer file(entries_.size() * kEntryBytes);
  for (const Raw raw : entries_) {
    uint8_t* to = file.extend(kEntryBytes);
    store_be32(to, raw.relative_offset);
    store_be32(to + 4, raw.position);
  }
  return file;
}

Result<OffsetIndex> OffsetIndex::parse(Offset base_offset, Bytes file, int64_t log_bytes) {
  if (file.size() % kEntryBytes != 0) {
    return fail(Errc::kCorruptFile,
                fmt::format("offset index has {} bytes, not a multiple of 8", file.size()));
  }
  size_t count = file.size() / kEntryBytes;
  // No entry points at position 0: one is made only after bytes without one.
  while (count > 0 && load_be64(file.data() + (count - 1) * kEntryBytes) == 0) --count;

  OffsetIndex index(base_offset);
  index.entries_.reserve(count);
  for (size_t i = 0; i < count; ++i) {
    const uint8_t* from = file.data() + i * kEntryBytes;
    const Raw raw{load_be32(from), load_be32(from + 4)};
    const bool ascends =
        index.entries_.empty() || (raw.relative_offset > index.entries_.back().relative_offset &&
                                   raw.position > index.entries_.back().position);
    if (!ascends || raw.relative_offset > INT32_MAX || raw.position >= log_bytes) {
      return fail(Errc::kCorruptFile,
                  fmt::format("offset index entry {} (offset {}, position {}) cannot be right", i,
                              base_offset.value + raw.relative_offset, raw.position));
    }
    index.entries_.push_back(raw);
  }
  return index;
}

}  // namespace millrace::log
