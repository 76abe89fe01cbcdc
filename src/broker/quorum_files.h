// QuorumFiles: what stands beside the metadata log on disk: quorum-state, snapshots, and the
// records that a formatted directory is to begin with. Reading and writing whole files; what they
// mean is for quorum.h, their bytes are metadata's.
//
//   DATA/bootstrap.checkpoint
//   DATA/__cluster_metadata-0/quorum-state
//   DATA/__cluster_metadata-0/00000000000000000042-0000000003.checkpoint   (.part while written)
//
// All synchronous: at start, and for a snapshot now and then.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "metadata/checkpoint.h"
#include "metadata/image.h"
#include "metadata/quorum_state.h"
#include "runtime/disk.h"

namespace millrace::broker {

class QuorumFiles {
 public:
  /// Borrows `disk`. `data` is the data directory.
  QuorumFiles(runtime::Disk& disk, std::string data);

  /// Nothing when there is no such file.
  /// Errors: kCorruptFile, kNewerFormat, kIo, each with the file's name.
  Result<std::optional<metadata::QuorumState>> read_state() const;
  /// Stable when it returns: what it says may be acted on.
  Result<> write_state(const metadata::QuorumState& state) const;

  struct Snapshot {
    metadata::SnapshotId id;
    metadata::CheckpointHeader header;
    metadata::Image image;
  };
  /// The newest that there is; nothing when there is none.
  /// Errors: kCorruptFile, kUnsupportedVersion with the file's name.
  Result<std::optional<Snapshot>> newest_snapshot() const;
  /// Writes a snapshot and then removes the older ones.
  Result<> write_snapshot(const Snapshot& snapshot, Timestamp now) const;

  /// The records that an empty log begins with: those of bootstrap.checkpoint, which is written
  /// first when it is missing. Only feature levels are taken: nothing else can be asked for when
  /// formatting for this server.
  Result<std::vector<std::pair<std::string, int16_t>>> bootstrap_features(Timestamp now) const;

 private:
  Result<std::vector<metadata::SnapshotId>> snapshots() const;
  std::string path_of(metadata::SnapshotId id) const;
  Result<Buffer> read_whole(const std::string& path) const;
  Result<> write_whole(const std::string& path, const Buffer& content) const;

  runtime::Disk& disk_;
  std::string data_;
  std::string directory_;  // of the metadata partition
};

}  // namespace millrace::broker
