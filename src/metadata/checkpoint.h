// A snapshot of the metadata log as a file: `00000000000000000042-0000000003.checkpoint`, and
// `bootstrap.checkpoint`, which a formatted directory carries until its first records are written.
//
//   control batch   snapshot header; with kraft.version 1 also that version and the voters
//   data batches    records, as in the log
//   control batch   snapshot footer
//
// Offsets count from 0; every batch carries the snapshot's epoch; nothing is compressed.
// Pure: bytes in, bytes out. Not for which records: metadata/snapshot.h.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"
#include "metadata/record.h"
#include "metadata/voters.h"

namespace millrace::metadata {

inline constexpr std::string_view kBootstrapCheckpoint = "bootstrap.checkpoint";

/// What a snapshot contains: everything before an offset, the last of it written in an epoch.
struct SnapshotId {
  Offset end_offset{0};  ///< exclusive
  LeaderEpoch epoch{0};
  friend auto operator<=>(const SnapshotId&, const SnapshotId&) = default;
};

std::string checkpoint_file_name(SnapshotId id);
/// Nothing for a name that is no snapshot's; also for one that is not finished (".part") or being
/// deleted (".deleted").
std::optional<SnapshotId> parse_checkpoint_file_name(std::string_view name);

struct CheckpointHeader {
  Timestamp last_contained{0};  ///< of the last record of the log that the snapshot contains
  VoterSet quorum;
  friend bool operator==(const CheckpointHeader&, const CheckpointHeader&) = default;
};

/// Appends the whole file.
/// Errors: as encode_record.
Result<> write_checkpoint(const CheckpointHeader& header, LeaderEpoch epoch, const Records& records,
                          Timestamp now, Buffer& to);

/// Reads a whole file; `visit` gets each data record, valid during the call.
/// Errors: kCorruptFile for anything that is not laid out as above, with where; what `visit` fails
/// with; kUnsupportedVersion for records that only a newer server knows.
Result<CheckpointHeader> read_checkpoint(Bytes file,
                                         const std::function<Result<>(const Record&)>& visit);

/// What bootstrap.checkpoint holds when this server formats a directory, and what it writes first
/// into an empty log: the levels of features.h.
Records bootstrap_records();

}  // namespace millrace::metadata
