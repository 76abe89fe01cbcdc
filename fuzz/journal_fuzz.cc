// The journal: frames as a disk gives them back.
#include <cstdint>

#include "base/check.h"
#include "log/journal_frame.h"

namespace millrace::log {
namespace {

void read_frame(Bytes bytes) {
  const Result<JournalFrameHeader> header = parse_frame_header(bytes);
  if (!header || header->frame_bytes() > bytes.size()) return;
  // Whether the CRC is right or not: entries must be read without a fault either way.
  const bool whole = verify_frame(*header, bytes).has_value();
  JournalEntryCursor entries(*header, bytes);
  uint32_t count = 0;
  while (true) {
    const Result<const JournalEntry*> entry = entries.next();
    if (!entry || !*entry) break;
    CHECK(++count <= header->entries);
    CHECK((*entry)->next >= (*entry)->first);
    const Bytes batches = (*entry)->batches;
    CHECK(batches.empty() || (batches.data() > bytes.data() &&
                              batches.data() + batches.size() <= bytes.data() + bytes.size()));
  }
  if (whole) CHECK(count <= header->entries);
}

}  // namespace
}  // namespace millrace::log

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  millrace::log::read_frame({data, size});
  return 0;
}
