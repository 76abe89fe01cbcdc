#include "broker/quorum_files.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/logging.h"
#include "metadata/snapshot.h"

namespace millrace::broker {
namespace {

constexpr std::string_view kMetadataDirectory = "__cluster_metadata-0";
constexpr std::string_view kQuorumState = "quorum-state";
constexpr size_t kStateBytesMax = 1024 * 1024;
constexpr int64_t kSnapshotBytesMax = int64_t{1} << 30;

}  // namespace

QuorumFiles::QuorumFiles(runtime::Disk& disk, std::string data)
    : disk_(disk),
      data_(std::move(data)),
      directory_(runtime::join_path(data_, kMetadataDirectory)) {}

// quorum-state

Result<std::optional<metadata::QuorumState>> QuorumFiles::read_state() const {
  const std::string path = runtime::join_path(directory_, kQuorumState);
  const Result<std::string> text = runtime::read_file(disk_, path, kStateBytesMax);
  if (!text && text.error().code() == Errc::kNotFound) return std::nullopt;
  if (!text) return fail(text.error());
  Result<metadata::QuorumState> state = metadata::parse_quorum_state(*text);
  if (!state) return fail(state.error().within(path));
  return *std::move(state);
}

Result<> QuorumFiles::write_state(const metadata::QuorumState& state) const {
  TRY(runtime::make_directories(disk_, directory_));
  return runtime::write_file_atomically(disk_, runtime::join_path(directory_, kQuorumState),
                                        metadata::format_quorum_state(state));
}

// Snapshots

std::string QuorumFiles::path_of(metadata::SnapshotId id) const {
  return runtime::join_path(directory_, metadata::checkpoint_file_name(id));
}

Result<std::vector<metadata::SnapshotId>> QuorumFiles::snapshots() const {
  std::vector<metadata::SnapshotId> ids;
  const auto entries = disk_.list(directory_);
  if (!entries && entries.error().code() == Errc::kNotFound) return ids;
  for (const runtime::DirectoryEntry& entry : TRY(entries)) {
    const auto id = metadata::parse_checkpoint_file_name(entry.name);
    if (id && !entry.is_directory) ids.push_back(*id);
  }
  std::sort(ids.begin(), ids.end());
  return ids;
}

Result<std::optional<QuorumFiles::Snapshot>> QuorumFiles::newest_snapshot() const {
  const std::vector<metadata::SnapshotId> ids = TRY(snapshots());
  if (ids.empty()) return std::nullopt;
  Snapshot snapshot{.id = ids.back()};
  const std::string path = path_of(snapshot.id);
  const Buffer file = TRY(read_whole(path));
  metadata::Delta ignored;
  Result<metadata::CheckpointHeader> header = metadata::read_checkpoint(
      file, [&](const metadata::Record& record) { return snapshot.image.replay(record, ignored); });
  if (!header) return fail(header.error().within(path));
  snapshot.header = *std::move(header);
  return snapshot;
}

Result<> QuorumFiles::write_snapshot(const Snapshot& snapshot, Timestamp now) const {
  Arena arena;
  Buffer file;
  TRY(metadata::write_checkpoint(snapshot.header, snapshot.id.epoch,
                                 metadata::write_snapshot(snapshot.image, arena), now, file));
  TRY(write_whole(path_of(snapshot.id), file));
  for (const metadata::SnapshotId& id : TRY(snapshots())) {
    if (id < snapshot.id) TRY(disk_.remove(path_of(id)));
  }
  return {};
}

// Founding

Result<std::vector<std::pair<std::string, int16_t>>> QuorumFiles::bootstrap_features(
    Timestamp now) const {
  const std::string path = runtime::join_path(data_, metadata::kBootstrapCheckpoint);
  Result<Buffer> file = read_whole(path);
  if (!file && file.error().code() == Errc::kNotFound) {
    file = Buffer();
    TRY(metadata::write_checkpoint({}, LeaderEpoch(0), metadata::bootstrap_records(), now, *file));
    TRY(write_whole(path, *file));
  }
  if (!file) return fail(file.error());
  std::vector<std::pair<std::string, int16_t>> features;
  const auto header = metadata::read_checkpoint(*file, [&](const metadata::Record& record) {
    if (const auto* level = std::get_if<kafka::FeatureLevelRecord>(&record.body)) {
      features.emplace_back(level->name, level->feature_level);
      return Result<>();
    }
    return Result<>(fail(Errc::kUnsupportedVersion,
                         fmt::format("a {}: only feature levels can be formatted with",
                                     metadata::record_name(record))));
  });
  if (!header) return fail(header.error().within(path));
  return features;
}

// Whole files

Result<Buffer> QuorumFiles::read_whole(const std::string& path) const {
  const std::unique_ptr<runtime::File> file = TRY(disk_.open(path, {.read_only = true}));
  const int64_t size = TRY(file->size());
  if (size > kSnapshotBytesMax) {
    return fail(Errc::kCorruptFile, fmt::format("{} has {} bytes", path, size));
  }
  Buffer content;
  content.resize(static_cast<size_t>(size));
  const size_t got = TRY(file->read_at(0, content.mutable_bytes()));
  content.resize(got);
  return content;
}

Result<> QuorumFiles::write_whole(const std::string& path, const Buffer& content) const {
  const std::string part = path + ".part";
  {
    const std::unique_ptr<runtime::File> file =
        TRY(disk_.open(part, {.create = true, .truncate = true}));
    const Bytes bytes = content.bytes();
    TRY(file->write_at(0, {&bytes, 1}));
    TRY(file->sync_now());
  }
  TRY(disk_.rename(part, path));
  return disk_.sync_directory(runtime::parent_path(path));
}

}  // namespace millrace::broker
