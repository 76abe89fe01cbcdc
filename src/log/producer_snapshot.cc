#include "log/producer_snapshot.h"

#include <fmt/core.h>

#include <algorithm>

#include "kafka/crc32c.h"

namespace millrace::log {
namespace {

constexpr int16_t kVersion = 1;
constexpr size_t kCrcPosition = 2;
constexpr size_t kCoveredPosition = 6;
constexpr size_t kHeaderBytes = 10;
constexpr size_t kEntryBytes = 46;

}  // namespace

Buffer format_producer_snapshot(const ProducerStates& producers) {
  Buffer file(kHeaderBytes + producers.size() * kEntryBytes);
  uint8_t* header = file.extend(kHeaderBytes);
  store_be<int16_t>(header, kVersion);
  store_be<int32_t>(header + kCoveredPosition, static_cast<int32_t>(producers.size()));
  for (const ProducerEntry* entry : producers.entries()) {
    const ProducerBatch last = entry->last_batch() ? *entry->last_batch() : ProducerBatch{};
    uint8_t* to = file.extend(kEntryBytes);
    store_be<int64_t>(to, entry->producer_id.value);
    store_be<int16_t>(to + 8, entry->epoch.value);
    store_be<int32_t>(to + 10, last.last_sequence);
    store_be<int64_t>(to + 14, last.last_offset.value);
    store_be<int32_t>(to + 22, last.offset_delta);
    store_be<int64_t>(to + 26, entry->last_timestamp.ms);
    store_be<int32_t>(to + 34, entry->coordinator_epoch);
    store_be<int64_t>(to + 38, entry->transaction_first_offset.value);
  }
  const uint32_t crc = kafka::crc32c(file.bytes().subspan(kCoveredPosition));
  store_be32(file.data() + kCrcPosition, crc);
  return file;
}

Result<std::vector<ProducerEntry>> parse_producer_snapshot(Bytes file) {
  if (file.size() < kHeaderBytes) {
    return fail(Errc::kCorruptFile, fmt::format("producer snapshot of {} bytes", file.size()));
  }
  if (const int16_t version = load_be<int16_t>(file.data()); version != kVersion) {
    return fail(version > kVersion ? Errc::kNewerFormat : Errc::kCorruptFile,
                fmt::format("producer snapshot of version {}", version));
  }
  const uint32_t expected = load_be32(file.data() + kCrcPosition);
  const uint32_t actual = kafka::crc32c(file.subspan(kCoveredPosition));
  if (expected != actual) {
    return fail(
        Errc::kCorruptFile,
        fmt::format("producer snapshot has CRC {:08x}, its content {:08x}", expected, actual));
  }
  const auto count = load_be<int32_t>(file.data() + kCoveredPosition);
  if (count < 0 || file.size() - kHeaderBytes != size_t(count) * kEntryBytes) {
    return fail(Errc::kCorruptFile,
                fmt::format("producer snapshot of {} bytes says {} entries", file.size(), count));
  }
  std::vector<ProducerEntry> entries;
  entries.reserve(size_t(count));
  for (const uint8_t* from = file.data() + kHeaderBytes; from != file.data() + file.size();
       from += kEntryBytes) {
    ProducerEntry& entry = entries.emplace_back();
    entry.producer_id = ProducerId(load_be<int64_t>(from));
    entry.epoch = ProducerEpoch(load_be<int16_t>(from + 8));
    entry.last_timestamp = {load_be<int64_t>(from + 26)};
    entry.coordinator_epoch = load_be<int32_t>(from + 34);
    entry.transaction_first_offset = Offset(std::max<int64_t>(load_be<int64_t>(from + 38), -1));
    const ProducerBatch last{.last_sequence = load_be<int32_t>(from + 10),
                             .offset_delta = load_be<int32_t>(from + 22),
                             .last_offset = Offset(load_be<int64_t>(from + 14)),
                             .timestamp = entry.last_timestamp};
    if (last.last_offset.value < 0) continue;  // none
    if (last.offset_delta < 0 || last.offset_delta > last.last_offset.value) {
      return fail(Errc::kCorruptFile,
                  fmt::format("producer snapshot has a batch of producer {} that ends at {}, {} "
                              "behind its first offset",
                              entry.producer_id.value, last.last_offset.value, last.offset_delta));
    }
    entry.add_batch(last);
  }
  return entries;
}

}  // namespace millrace::log
