// Control records: the markers brokers write among the data, one to a control batch. Consumers skip
// them, offsets count them. Here are their keys and the value of transaction markers; the values of
// the raft ones are messages of schema/kafka.
#pragma once

#include <array>
#include <cstdint>

#include "base/bytes.h"
#include "base/result.h"
#include "kafka/record.h"

namespace millrace::kafka {

enum class ControlRecordType : int16_t {
  kAbort = 0,
  kCommit = 1,
  kLeaderChange = 2,
  kSnapshotHeader = 3,
  kSnapshotFooter = 4,
  kKRaftVersion = 5,
  kKRaftVoters = 6,
};

/// Shape: version int16 = 0, type int16.
std::array<uint8_t, 4> control_record_key(ControlRecordType type);

/// Types we have no name for are returned as they are: to be skipped, not refused.
/// Errors: kCorruptMessage.
Result<ControlRecordType> parse_control_record_key(const RecordView& record);

/// The end of a transaction in one partition.
struct EndTransactionMarker {
  bool commit;                ///< else abort
  int32_t coordinator_epoch;  ///< leader epoch of the coordinator's partition; fences older ones
};

/// Shape: version int16 = 0, coordinator epoch int32.
std::array<uint8_t, 6> end_transaction_marker_value(int32_t coordinator_epoch);

/// Errors: kCorruptMessage, also when the record is another control record.
Result<EndTransactionMarker> parse_end_transaction_marker(const RecordView& record);

}  // namespace millrace::kafka
