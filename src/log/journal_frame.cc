#include "log/journal_frame.h"

#include <fmt/core.h>

#include <cstring>

#include "base/check.h"
#include "kafka/crc32c.h"

namespace millrace::log {
namespace {

constexpr uint32_t kMagic = 0x4d4c524a;  // "MLRJ"
constexpr uint16_t kVersion = 1;

// Places in the header.
constexpr size_t kVersionAt = 4;
constexpr size_t kDirectoryIdAt = 8;
constexpr size_t kSequenceAt = 24;
constexpr size_t kOldestAt = 32;
constexpr size_t kPayloadBytesAt = 40;
constexpr size_t kEntriesAt = 44;
constexpr size_t kCrcAt = 60;

// Places in an entry.
constexpr size_t kEntryBytesAt = 4;
constexpr size_t kTopicIdAt = 8;
constexpr size_t kPartitionAt = 24;
constexpr size_t kFirstAt = 32;
constexpr size_t kNextAt = 40;
constexpr size_t kRecoveryPointAt = 48;

void store_uuid(uint8_t* to, const Uuid& uuid) {
  store_be64(to, uuid.high);
  store_be64(to + 8, uuid.low);
}

Uuid load_uuid(const uint8_t* from) {
  return {load_be64(from), load_be64(from + 8)};
}

uint32_t crc_of(const uint8_t* frame, size_t payload_bytes) {
  const uint32_t header = kafka::crc32c({frame, kCrcAt});
  return kafka::crc32c_extend(header, {frame + kFrameHeaderBytes, payload_bytes});
}

bool is_sane(const JournalEntry& entry) {
  const bool known =
      entry.kind == JournalEntryKind::kBatches || entry.kind == JournalEntryKind::kBypassed ||
      entry.kind == JournalEntryKind::kCut || entry.kind == JournalEntryKind::kRestart;
  return known && entry.partition.value >= 0 && entry.first.value >= 0 &&
         entry.next >= entry.first && entry.recovery_point.value >= 0 &&
         (entry.kind == JournalEntryKind::kBatches) != entry.batches.empty();
}

}  // namespace

void JournalFrameWriter::begin() {
  blocks_->clear();
  std::memset(blocks_->extend(kFrameHeaderBytes), 0, kFrameHeaderBytes);
  entries_ = 0;
}

void JournalFrameWriter::add(const JournalEntry& entry) {
  uint8_t* at = blocks_->extend(kJournalEntryBytes);
  std::memset(at, 0, kJournalEntryBytes);
  at[0] = static_cast<uint8_t>(entry.kind);
  store_be32(at + kEntryBytesAt, static_cast<uint32_t>(entry.batches.size()));
  store_uuid(at + kTopicIdAt, entry.topic_id.value);
  store_be32(at + kPartitionAt, static_cast<uint32_t>(entry.partition.value));
  store_be64(at + kFirstAt, static_cast<uint64_t>(entry.first.value));
  store_be64(at + kNextAt, static_cast<uint64_t>(entry.next.value));
  store_be64(at + kRecoveryPointAt, static_cast<uint64_t>(entry.recovery_point.value));
  blocks_->append(entry.batches);
  ++entries_;
}

void JournalFrameWriter::end(const Uuid& directory_id, uint64_t sequence, uint64_t oldest_needed) {
  const size_t payload_bytes = blocks_->size() - kFrameHeaderBytes;
  blocks_->pad();
  CHECK(blocks_->size() <= kFrameBytesMax);
  uint8_t* at = blocks_->data();
  store_be32(at, kMagic);
  store_be16(at + kVersionAt, kVersion);
  store_uuid(at + kDirectoryIdAt, directory_id);
  store_be64(at + kSequenceAt, sequence);
  store_be64(at + kOldestAt, oldest_needed);
  store_be32(at + kPayloadBytesAt, static_cast<uint32_t>(payload_bytes));
  store_be32(at + kEntriesAt, entries_);
  store_be32(at + kCrcAt, crc_of(at, payload_bytes));
}

size_t JournalFrameHeader::frame_bytes() const {
  return padded(kFrameHeaderBytes + payload_bytes);
}

Result<JournalFrameHeader> parse_frame_header(Bytes from) {
  if (from.size() < kFrameHeaderBytes || load_be32(from.data()) != kMagic) {
    return fail(Errc::kCorruptFile, "no frame begins here");
  }
  const uint16_t version = load_be16(from.data() + kVersionAt);
  if (version != kVersion) {
    return fail(Errc::kNewerFormat, fmt::format("the frame is of version {}", version));
  }
  const JournalFrameHeader header{.directory_id = load_uuid(from.data() + kDirectoryIdAt),
                                  .sequence = load_be64(from.data() + kSequenceAt),
                                  .oldest_needed = load_be64(from.data() + kOldestAt),
                                  .payload_bytes = load_be32(from.data() + kPayloadBytesAt),
                                  .entries = load_be32(from.data() + kEntriesAt)};
  if (header.payload_bytes > kFrameBytesMax - kFrameHeaderBytes ||
      header.entries > header.payload_bytes / kJournalEntryBytes) {
    return fail(Errc::kCorruptFile, "the frame's sizes cannot be right");
  }
  return header;
}

Result<> verify_frame(const JournalFrameHeader& header, Bytes frame) {
  CHECK(frame.size() >= kFrameHeaderBytes + header.payload_bytes);
  if (crc_of(frame.data(), header.payload_bytes) == load_be32(frame.data() + kCrcAt)) return {};
  return fail(Errc::kCorruptFile, fmt::format("the CRC of frame {} is wrong", header.sequence));
}

JournalEntryCursor::JournalEntryCursor(const JournalFrameHeader& header, Bytes frame)
    : rest_(frame.subspan(kFrameHeaderBytes, header.payload_bytes)), left_(header.entries) {}

Result<const JournalEntry*> JournalEntryCursor::next() {
  if (left_ == 0) return nullptr;
  if (rest_.size() < kJournalEntryBytes) {
    return fail(Errc::kCorruptFile, "the frame ends within an entry");
  }
  const uint8_t* at = rest_.data();
  const size_t size = load_be32(at + kEntryBytesAt);
  if (size > rest_.size() - kJournalEntryBytes) {
    return fail(Errc::kCorruptFile, "an entry is larger than its frame");
  }
  entry_ = {.kind = static_cast<JournalEntryKind>(at[0]),
            .topic_id = TopicId{load_uuid(at + kTopicIdAt)},
            .partition = PartitionIndex(load_be<int32_t>(at + kPartitionAt)),
            .first = Offset(load_be<int64_t>(at + kFirstAt)),
            .next = Offset(load_be<int64_t>(at + kNextAt)),
            .recovery_point = Offset(load_be<int64_t>(at + kRecoveryPointAt)),
            .batches = rest_.subspan(kJournalEntryBytes, size)};
  if (!is_sane(entry_)) return fail(Errc::kCorruptFile, "an entry contradicts itself");
  rest_ = rest_.subspan(kJournalEntryBytes + size);
  --left_;
  return &entry_;
}

}  // namespace millrace::log
