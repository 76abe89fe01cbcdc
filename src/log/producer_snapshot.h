// Producer snapshots: Kafka's `.snapshot` files, the producer state before the offset in the name.
//
//   int16 version 1, uint32 CRC-32C of all that follows, int32 count, then 46 bytes a producer:
//   int64 producer id, int16 epoch, int32 last sequence, int64 last offset, int32 offset delta,
//   int64 timestamp, int32 coordinator epoch, int64 first offset of the open transaction or -1
//
// Only the last batch of each producer is in it, as in Kafka's.
#pragma once

#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "log/producer_state.h"

namespace millrace::log {

inline constexpr size_t kProducerSnapshotBytesMax = size_t{1} << 30;

Buffer format_producer_snapshot(const ProducerStates& producers);
/// Errors: kCorruptFile, kNewerFormat.
Result<std::vector<ProducerEntry>> parse_producer_snapshot(Bytes file);

}  // namespace millrace::log
