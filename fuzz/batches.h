// Makes the CRCs of damaged batches right again, so that what lies behind the CRC check is reached
// too. For targets that read batches.
#pragma once

#include "base/bytes.h"
#include "kafka/crc32c.h"
#include "kafka/record_batch.h"

namespace millrace::fuzz {

/// Every whole batch up to the first bytes that are none.
inline void repair_checksums(MutableBytes bytes) {
  namespace layout = kafka::batch_layout;
  kafka::BatchCursor cursor(bytes, kafka::CrcCheck::kSkip);
  size_t start = 0;
  while (const kafka::RecordBatchView* batch = cursor.next()) {
    const uint32_t crc = kafka::crc32c(batch->bytes().subspan(layout::kAttributes));
    store_be32(bytes.data() + start + layout::kCrc, crc);
    start = cursor.position();
  }
}

}  // namespace millrace::fuzz
