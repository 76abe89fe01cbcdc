#include "log/directory_check.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>

#include "log/journal_ring.h"

namespace millrace::log {

using runtime::join_path;
using runtime::Task;

namespace {

constexpr size_t kSmallFileBytesMax = 1 << 20;
constexpr auto kCheckpointNames = std::to_array<std::string_view>(
    {kRecoveryPointName, kLogStartOffsetName, kHighWatermarkName, kCleanerOffsetName});

}  // namespace

DirectoryCheck::DirectoryCheck(runtime::Env& env, DirectoryCheckOptions options)
    : env_(env), options_(std::move(options)) {}

DirectoryCheck::~DirectoryCheck() = default;

Result<std::unique_ptr<DirectoryCheck>> DirectoryCheck::open(runtime::Env& env,
                                                             DirectoryCheckOptions options) {
  std::unique_ptr<DirectoryCheck> check(new DirectoryCheck(env, std::move(options)));
  TRY(check->take_possession());
  TRY(check->list());
  TRY(check->read_checkpoints());
  return check;
}

void DirectoryCheck::add(Harm harm, std::string_view where, std::string what, std::string remedy) {
  report_.findings.push_back({harm, std::string(where), std::move(what), std::move(remedy), false});
}

Result<> DirectoryCheck::take_possession() {
  const std::string& path = options_.path;
  const runtime::FileInfo info = TRY(env_.disk.info(path));
  const std::string lock = join_path(path, kLockName);
  const std::string meta = join_path(path, kMetaPropertiesName);
  const auto is_there = [&](const std::string& file) { return env_.disk.info(file).has_value(); };
  if (!info.is_directory || (!is_there(lock) && !is_there(meta))) {
    return fail(Errc::kForeignDirectory,
                fmt::format("{} is no data directory: it has no {}", path, kMetaPropertiesName));
  }
  TRY(env_.disk.open(lock, {.create = true}));
  lock_ = TRY(env_.disk.lock(lock));
  const Result<std::string> text = runtime::read_file(env_.disk, meta, kSmallFileBytesMax);
  const Result<MetaProperties> parsed =
      text ? parse_meta_properties(*text) : Result<MetaProperties>(fail(text.error()));
  if (parsed) {
    meta_ = *parsed;
  } else {
    add(Harm::kRecords, kMetaPropertiesName, parsed.error().detail(),
        "bring it back from a copy, or write it: version=1, cluster.id, node.id, directory.id");
  }
  return {};
}

Result<> DirectoryCheck::list() {
  for (const runtime::DirectoryEntry& entry : TRY(env_.disk.list(options_.path))) {
    if (entry.name == kCleanShutdownName) report_.clean = true;
    if (entry.name.starts_with(kJournalFilePrefix)) report_.journal = true;
    if (!entry.is_directory) continue;
    const auto name = PartitionDirectoryName::parse(entry.name);
    if (!name) {
      add(Harm::kNone, entry.name, "it is no partition's directory",
          "move it to another place: Apache Kafka does not start with it");
    } else if (name->kind == DirectoryKind::kPartition) {
      partitions_.push_back(name->partition);
    } else if (name->kind != DirectoryKind::kDelete) {
      add(Harm::kNone, entry.name, "it was set aside", "remove it when nobody needs it");
    }
  }
  report_.journal = report_.journal && !report_.clean;
  return {};
}

Result<> DirectoryCheck::read_checkpoints() {
  for (const std::string_view name : kCheckpointNames) {
    CheckpointFile& file = checkpoints_[std::string(name)];
    const Result<std::string> text =
        runtime::read_file(env_.disk, join_path(options_.path, name), kCheckpointBytesMax);
    if (!text && text.error().code() == Errc::kNotFound) continue;
    Result<OffsetCheckpoint> offsets = parse_offset_checkpoint(TRY(text));
    file.there = true;
    if (offsets) {
      file.offsets = *std::move(offsets);
    } else {
      file.wrong = offsets.error().detail();
    }
  }
  return {};
}

Task<CheckReport> DirectoryCheck::run(const KnownPartitions* known,
                                      std::function<void(const CheckProgress&)> progress) {
  state_ = {.partitions_total = partitions_.size()};
  for (const TopicPartition& name : partitions_) {
    const std::string directory = join_path(options_.path, name.to_string());
    for (const runtime::DirectoryEntry& entry : co_await env_.disk.list(directory)) {
      const auto file = SegmentFileName::parse(entry.name);
      if (!file || file->kind != FileKind::kLog || file->suffix != FileSuffix::kNone) continue;
      state_.bytes_total += (co_await env_.disk.info(join_path(directory, entry.name))).size;
    }
  }
  for (const TopicPartition& name : partitions_) {
    if (progress) progress(state_);
    co_await check_partition(name, known, &progress);
    ++state_.partitions_done;
  }
  if (known) check_known(*known);
  for (const std::string_view name : kCheckpointNames) co_await check_checkpoint(name);
  report_.partitions = partitions_.size();
  report_.bytes = state_.bytes_done;
  co_return std::move(report_);
}

Task<> DirectoryCheck::check_partition(TopicPartition name, const KnownPartitions* known,
                                       const std::function<void(const CheckProgress&)>* progress) {
  const auto entry = [&](std::string_view checkpoint) {
    const OffsetCheckpoint& offsets = checkpoints_.find(checkpoint)->second.offsets;
    const auto found = offsets.find(name);
    return found == offsets.end() ? Offset(0) : found->second;
  };
  PartitionCheckOptions options{.directory = options_.path,
                                .partition = name,
                                .checkpoints = {.clean = report_.clean,
                                                .recovery_point = entry(kRecoveryPointName),
                                                .log_start = entry(kLogStartOffsetName)},
                                .may_have_gaps = true,
                                .repair = options_.repair,
                                .producer_id_expiration = options_.producer_id_expiration};
  if (known) {
    if (const auto found = known->find(name); found != known->end()) {
      options.topic_id = found->second.topic_id;
      options.may_have_gaps = found->second.may_have_gaps;
    } else {
      add(Harm::kNone, name.to_string(), "the metadata does not know this partition",
          "the next start sets it aside; remove it when nobody needs it");
    }
  }
  options.progress = [&](int64_t bytes) {
    state_.bytes_done += bytes;
    if (*progress) (*progress)(state_);
  };
  PartitionCheck check(env_, std::move(options));
  co_await check.run();
  report_.segments += check.segments();
  extents_[name] = {check.log_start(), check.log_end()};
  for (Finding& finding : check.findings()) report_.findings.push_back(std::move(finding));
}

// A partition has its directory and its lines in the checkpoints from its first record on.
void DirectoryCheck::check_known(const KnownPartitions& known) {
  const auto was_written = [&](const TopicPartition& name) {
    return std::ranges::any_of(
        checkpoints_, [&](const auto& file) { return file.second.offsets.contains(name); });
  };
  for (const auto& [name, partition] : known) {
    if (extents_.contains(name) || !was_written(name)) continue;
    add(Harm::kRecords, name.to_string(), "it was written once, and it is not there",
        "bring it back from a copy; otherwise the next start makes an empty one");
  }
}

// No offset can lie beyond the end of its log. A recovery point that does is told by the partition,
// for records are missing there, and stays: their offsets must not be given out again.
Result<> DirectoryCheck::check_checkpoint(std::string_view name) {
  const CheckpointFile& file = checkpoints_.find(name)->second;
  OffsetCheckpoint right;
  std::optional<std::string> wrong = file.wrong;
  for (const auto& [partition, offset] : file.offsets) {
    const auto extent = extents_.find(partition);
    if (extent == extents_.end()) continue;
    const bool beyond = offset > extent->second.end && name != kRecoveryPointName;
    right[partition] = beyond ? extent->second.end : offset;
    if (!beyond || wrong) continue;
    wrong = fmt::format("it says {} for {}, and the log ends at {}", offset.value,
                        partition.to_string(), extent->second.end.value);
  }
  const bool is_recovery_point = name == kRecoveryPointName;
  if (is_recovery_point && !file.there && report_.clean && !extents_.empty()) {
    wrong = "it is missing";
  }
  if (!wrong) return {};
  // After a stop in order everything is stable.
  const bool unknown = file.wrong || !file.there;
  if (is_recovery_point && report_.clean && unknown) {
    for (const auto& [partition, extent] : extents_) right[partition] = extent.end;
  }
  Finding finding{.harm = Harm::kDerived, .where = std::string(name), .what = *wrong};
  if (options_.repair) {
    TRY(runtime::write_file_atomically(env_.disk, join_path(options_.path, name),
                                       format_offset_checkpoint(right)));
    finding.repaired = true;
  }
  report_.findings.push_back(std::move(finding));
  return {};
}

}  // namespace millrace::log
