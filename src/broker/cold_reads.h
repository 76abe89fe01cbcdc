// ColdReads: brings ranges of files from the disk into memory while the loop goes on, for whoever
// is about to send or copy them. Not a cache: what was brought lies in the page cache, like the
// rest.
//
// However many want a range, one reads it and the others wait; however many ranges are wanted, few
// are read at a time, so that consumers of old records do not take the disk from producers.
#pragma once

#include <cstdint>
#include <memory>

#include "runtime/disk.h"
#include "runtime/task.h"
#include "runtime/wait.h"

namespace millrace::broker {

/// Lifetime: outlives the tasks that wait.
class ColdReads {
 public:
  /// Units of reading: a range is brought in aligned chunks of this size. Units: bytes.
  static constexpr int64_t kChunkBytes = 256 * 1024;
  /// Fewer than there are helper threads, which syncs need, too.
  static constexpr int kRunningMax = 2;

  ColdReads() = default;
  ColdReads(const ColdReads&) = delete;
  ColdReads& operator=(const ColdReads&) = delete;

  /// Waits until the range was read in. Errors: kIo.
  /// Bounds: the caller waits for its own range and for those that came before.
  runtime::Task<> bring(std::shared_ptr<runtime::File> file, int64_t position, int64_t size);

  uint64_t chunks_read() const { return chunks_read_; }

 private:
  // One chunk on its way. Lives in the frame of the task that reads it.
  struct Reading {
    Reading(ColdReads* all, const runtime::File* file, int64_t chunk);
    Reading(const Reading&) = delete;
    ~Reading();
    ColdReads* reads;
    const runtime::File* file;
    int64_t chunk;
    Reading* next;
    runtime::WaitQueue ended;
  };

  runtime::Task<> bring_chunk(runtime::File* file, int64_t chunk);
  Reading* find(const runtime::File* file, int64_t chunk) const;

  Reading* first_ = nullptr;
  int running_ = 0;
  uint64_t chunks_read_ = 0;
  runtime::WaitQueue free_;
};

}  // namespace millrace::broker
