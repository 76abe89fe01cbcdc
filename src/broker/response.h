// Response: one answer on its way out, as parts in order: bytes in memory, and ranges of files that
// go from the page cache to the socket. Filled once by a handler, then sent by the connection.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "base/ids.h"
#include "broker/memory_budget.h"
#include "kafka/wire.h"
#include "log/partition_log.h"

namespace millrace::broker {

/// Record batches that are sent from a partition's file. What was promised stays readable:
///
///   the segment is removed   its file lives as long as it is open, and the slice keeps it so
///   it is compacted          into another file; this one is as it was
///   the log is cut           in the same file, and other batches may come to lie there. Logs are
///                            cut above the high watermark, where consumers do not read; replicas
///                            do, and check CRCs. is_void() tells, and then nothing more may be
///                            sent. What the kernel has taken by then is as it was, but for the
///                            rest of the page in which the cut is
///   a sync of it fails       the same: the page cache may hold something else now
///   the file rots            sending fails, or the client finds the batch's CRC wrong
struct RecordsInFile {
  log::FileSlice slice;
  std::shared_ptr<const log::PartitionLog> log;
  Offset offset;         ///< that was asked for: where the reader will ask again
  uint64_t truncations;  ///< of the log, when the slice was taken

  bool is_void() const { return !log->holds_as_read(truncations); }
  /// Topic, partition, offset and file, and what is wrong.
  Error unsendable(const Error& why) const;
};

/// A piece of an answer: of `file` when there is one, else `bytes`.
struct ResponsePart {
  Bytes bytes;
  RecordsInFile* file = nullptr;

  size_t size() const { return file ? static_cast<size_t>(file->slice.size) : bytes.size(); }
};

class Response {
 public:
  Response() = default;
  Response(const Response&) = delete;
  Response& operator=(const Response&) = delete;

  kafka::Writer& writer() { return writer_; }

  /// What stands in a message for batches that are sent from their file. They must be written.
  kafka::Records from_file(RecordsInFile records);
  /// Keeps the memory that records written to this response lie in until they are sent.
  void keep(Buffer memory) { kept_.push_back(std::move(memory)); }
  /// The same for a message that was encoded before and is sent to many.
  void keep(std::shared_ptr<const Buffer> message) { message_ = std::move(message); }
  /// Keeps a part of a budget until the response is sent.
  void keep(MemoryGrant grant) { grant_ = std::move(grant); }

  /// Nothing more is written from here on.
  void finish();
  /// As new, with the memory of a usual answer kept for the next one.
  void reset();

  bool empty() const { return parts_.empty(); }
  /// What is still to be sent, in order.
  std::span<const ResponsePart> unsent() const { return std::span(parts_).subspan(next_part_); }
  size_t unsent_bytes() const { return unsent_bytes_; }
  /// `count` bytes of unsent() have left. Requires: count <= unsent_bytes().
  void sent(size_t count);

 private:
  static constexpr size_t kBytesKept = 4096;

  void add(ResponsePart part);

  Buffer buffer_;
  kafka::Writer writer_{buffer_};
  std::vector<Buffer> kept_;
  std::shared_ptr<const Buffer> message_;
  MemoryGrant grant_;
  std::vector<RecordsInFile> files_;  // parts point at them
  std::vector<ResponsePart> parts_;
  size_t next_part_ = 0;
  size_t unsent_bytes_ = 0;
};

}  // namespace millrace::broker
