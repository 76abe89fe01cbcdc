#include "broker/cold_reads.h"

namespace millrace::broker {

ColdReads::Reading::Reading(ColdReads* all, const runtime::File* f, int64_t c)
    : reads(all), file(f), chunk(c), next(all->first_) {
  reads->first_ = this;
  ++reads->running_;
  ++reads->chunks_read_;
}

ColdReads::Reading::~Reading() {
  Reading** link = &reads->first_;
  while (*link != this) link = &(*link)->next;
  *link = next;
  --reads->running_;
  ended.wake_all();
  reads->free_.wake_one();
}

runtime::Task<> ColdReads::bring(std::shared_ptr<runtime::File> file, int64_t position,
                                 int64_t size) {
  const int64_t end = position + size;
  for (int64_t chunk = position / kChunkBytes; chunk * kChunkBytes < end; ++chunk) {
    if (file->is_resident(chunk * kChunkBytes, kChunkBytes)) continue;
    co_await bring_chunk(file.get(), chunk);
  }
}

runtime::Task<> ColdReads::bring_chunk(runtime::File* file, int64_t chunk) {
  while (true) {
    if (Reading* other = find(file, chunk)) {
      co_await other->ended.wait();
      // Unless it failed, or whoever read it has given up.
      if (file->is_resident(chunk * kChunkBytes, kChunkBytes)) co_return;
    } else if (running_ < kRunningMax) {
      break;
    } else {
      co_await free_.wait();
      if (find(file, chunk)) free_.wake_one();  // the place is for the next in line
    }
  }
  const Reading reading(this, file, chunk);
  co_await file->read_ahead(chunk * kChunkBytes, kChunkBytes);
}

ColdReads::Reading* ColdReads::find(const runtime::File* file, int64_t chunk) const {
  for (Reading* reading = first_; reading; reading = reading->next) {
    if (reading->file == file && reading->chunk == chunk) return reading;
  }
  return nullptr;
}

}  // namespace millrace::broker
