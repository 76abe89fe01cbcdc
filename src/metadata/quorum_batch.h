// The batches that stand in __cluster_metadata: records of the controller, and the control batch
// with which a leader opens its epoch.
// Not for snapshots (metadata/checkpoint.h), and not for writing to the log: bytes only.
#pragma once

#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"
#include "kafka/record_batch.h"
#include "metadata/record.h"

namespace millrace::metadata {

/// Kafka's default for a metadata batch. Units: bytes.
inline constexpr size_t kMetadataBatchBytesMax = 8 << 20;

struct BatchPlace {
  Offset base_offset{0};
  LeaderEpoch epoch{0};
  Timestamp now;
};

enum class BatchRule : uint8_t {
  kOneBatch,  ///< the records stand together or not at all
  kMaySplit,  ///< each stands for itself
};

/// Appends the records as one batch, or as many as kMetadataBatchBytesMax demands.
/// Errors: kRecordListTooLarge when kOneBatch does not do; as encode_record. `to` is as before
/// then.
Result<> append_metadata_batch(const Records& records, const BatchPlace& place, BatchRule rule,
                               Buffer& to);

/// A member of the quorum.
struct VoterKey {
  BrokerId id;
  Uuid directory;  ///< of its metadata log; zero while kraft.version is 0
};

/// The first batch of a leader's epoch: who leads, who may vote, and who voted for it. Always in
/// version 0, which leaves directories out: Kafka reads no other, whatever kraft.version is.
Result<> append_leader_change(const BatchPlace& place, BrokerId leader,
                              const std::vector<BrokerId>& voters,
                              const std::vector<BrokerId>& granting, Buffer& to);

}  // namespace millrace::metadata
