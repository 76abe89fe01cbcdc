// Journal frames: what one write to the journal holds: the batches that all partitions of a data
// directory took since the write before. Only bytes; files are journal_ring.h's, when to write
// journal.h's.
//
//   frame   magic  version  directory id  sequence  oldest needed  payload size  entries ... crc
//   entry   kind  size  topic id  partition  first offset  next offset  recovery point | batches
//
// Big-endian. A frame is padded to whole blocks; its CRC-32C covers header and payload.
#pragma once

#include <cstdint>
#include <memory>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/result.h"
#include "base/uuid.h"
#include "runtime/block_buffer.h"

namespace millrace::log {

inline constexpr size_t kFrameHeaderBytes = 64;
inline constexpr size_t kJournalEntryBytes = 56;
/// Units: bytes, of a frame with its padding.
inline constexpr size_t kFrameBytesMax = size_t{64} << 20;

enum class JournalEntryKind : uint8_t {
  kBatches = 1,   ///< the batches follow
  kBypassed = 2,  ///< they are only in the segment, which is synced before they are acknowledged
  kCut = 3,       ///< what was said before of the first offset and those behind it is void
  kRestart = 4,   ///< all that was said before is void, and the first offset is next
};

/// One partition's part of a frame.
struct JournalEntry {
  JournalEntryKind kind = JournalEntryKind::kBatches;
  TopicId topic_id;
  PartitionIndex partition;
  Offset first;           ///< of the first batch; after a cut or restart: where the log ends
  Offset next;            ///< the one behind the last
  Offset recovery_point;  ///< below it the segments were stable already
  Bytes batches;          ///< borrowed; as they stand in the segment
};

/// Makes a frame: begin, add entries, end. Its memory is used again for the next one.
class JournalFrameWriter {
 public:
  void begin();
  /// Requires: begun.
  void add(const JournalEntry& entry);
  /// Completes header, padding and CRC. Requires: size() <= kFrameBytesMax.
  void end(const Uuid& directory_id, uint64_t sequence, uint64_t oldest_needed);

  bool empty() const { return entries_ == 0; }
  size_t size() const { return blocks_->size(); }  ///< Units: bytes
  /// What is to be written. Nobody else changes it until begin().
  std::shared_ptr<const runtime::BlockBuffer> blocks() const { return blocks_; }
  void clear() { entries_ = 0; }

 private:
  std::shared_ptr<runtime::BlockBuffer> blocks_ = std::make_shared<runtime::BlockBuffer>();
  uint32_t entries_ = 0;
};

struct JournalFrameHeader {
  Uuid directory_id;           ///< of meta.properties
  uint64_t sequence = 0;       ///< 1 more than that of the frame before
  uint64_t oldest_needed = 0;  ///< all that frames before it hold is stable in segments
  uint32_t payload_bytes = 0;
  uint32_t entries = 0;

  size_t frame_bytes() const;  ///< with padding
};

/// What a frame of `size` bytes takes in a file.
constexpr size_t padded(size_t size) {
  return (size + runtime::kBlockBytes - 1) / runtime::kBlockBytes * runtime::kBlockBytes;
}

/// What the first kFrameHeaderBytes say; whether it is true only verify_frame() knows.
/// Errors: kCorruptFile when it is no header of a frame, kNewerFormat.
Result<JournalFrameHeader> parse_frame_header(Bytes from);

/// Shape: `frame` has at least header and payload. Errors: kCorruptFile when the CRC is wrong.
Result<> verify_frame(const JournalFrameHeader& header, Bytes frame);

/// The entries of a frame that verify_frame() has passed.
class JournalEntryCursor {
 public:
  JournalEntryCursor(const JournalFrameHeader& header, Bytes frame);
  /// Null at the end. Errors: kCorruptFile. The entry lives until the next call.
  Result<const JournalEntry*> next();

 private:
  Bytes rest_;
  uint32_t left_;
  JournalEntry entry_;
};

}  // namespace millrace::log
