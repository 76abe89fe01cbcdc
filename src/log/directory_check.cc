#include "log/directory_check.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>

#include "log/journal_ring.h"
#include "log/partition_metadata.h"

namespace millrace::log {

using runtime::join_path;
using runtime::Task;

namespace {

constexpr size_t kSmallFileBytesMax = 1 << 20;
constexpr auto kCheckpointNames = std::to_array<std::string_view>(
    {kRecoveryPointName, kLogStartOffsetName, kHighWatermarkName, kCleanerOffsetName});
constexpr std::string_view kJournalUnreadable =
    "the next start refuses it as well: what was acknowledged shortly before the server stopped "
    "may be only there";

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
  TRY(check->read_journal());
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
    if (!entry.is_directory) {
      report_.journal = report_.journal || is_journal_file(entry.name);
      continue;
    }
    const auto name = PartitionDirectoryName::parse(entry.name);
    if (!name) {
      add(Harm::kNone, entry.name, "it is no partition's directory",
          "move it to another place: Apache Kafka does not start with it");
    } else if (name->kind == DirectoryKind::kPartition) {
      partitions_.push_back(name->partition);
    } else {
      removed_names_.add(*name);
      if (name->kind == DirectoryKind::kDelete) continue;
      add(Harm::kNone, entry.name, "it was set aside", "remove it when nobody needs it");
    }
  }
  if (report_.clean) removed_names_.clear();
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

// It tells up to where segments are stable, later than the checkpoint does.
Result<> DirectoryCheck::read_journal() {
  if (!report_.journal || !meta_) return {};
  journal_.emplace(env_, options_.path, meta_->directory_id);
  const std::string files = fmt::format("{}*", kJournalFilePrefix);
  if (const Result<> read = journal_->open(); !read) {
    if (read.error().code() == Errc::kIo) return read;
    add(Harm::kRecords, files, read.error().detail(), std::string(kJournalUnreadable));
    journal_.reset();
    return {};
  }
  for (const JournalRecovery::Gap& gap : journal_->gaps()) {
    add(Harm::kRecords, files,
        fmt::format("frames {} to {} are damaged or missing", gap.first, gap.last),
        "records that only they held are lost; the next start tells which, where others follow");
  }
  return {};
}

LogCheckpoints DirectoryCheck::checkpoints_of(const TopicPartition& name, TopicId id) const {
  const auto entry = [&](std::string_view checkpoint) {
    if (removed_names_.contains(name)) return Offset(0);
    const OffsetCheckpoint& offsets = checkpoints_.find(checkpoint)->second.offsets;
    const auto found = offsets.find(name);
    return found == offsets.end() ? Offset(0) : found->second;
  };
  LogCheckpoints checkpoints{.clean = report_.clean,
                             .recovery_point = entry(kRecoveryPointName),
                             .log_start = entry(kLogStartOffsetName)};
  if (journal_) {
    checkpoints.recovery_point =
        journal_->recovery_point({id, name.partition}, checkpoints.recovery_point);
  }
  return checkpoints;
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
  // Where its file does not tell the id, that is a finding of the partition.
  const std::string directory = join_path(options_.path, name.to_string());
  const TopicId id = read_partition_metadata(env_.disk, directory).value_or(TopicId());
  PartitionCheckOptions options{.directory = options_.path,
                                .partition = name,
                                .checkpoints = checkpoints_of(name, id),
                                .may_have_gaps = true,
                                .repair = options_.repair,
                                .producer_id_expiration = options_.producer_id_expiration};
  if (known) {
    if (const auto found = known->find(name); found != known->end()) {
      options.topic_id = found->second.topic_id;
      options.may_have_gaps = found->second.may_have_gaps;
    } else {
      add(Harm::kNone, name.to_string(), "the metadata does not know this partition",
          "the next start sets it aside. If its topic was not deleted, the metadata is not this "
          "directory's: bring __cluster_metadata-0 back from a copy first");
    }
  }
  options.progress = [&](int64_t bytes) {
    state_.bytes_done += bytes;
    if (*progress) (*progress)(state_);
  };
  PartitionCheck check(env_, std::move(options));
  co_await check.run();
  report_.segments += check.segments();
  extents_[name] = {check.start_by_epochs(), check.log_end()};
  for (Finding& finding : check.findings()) report_.findings.push_back(std::move(finding));
}

// A partition has its directory and its lines in the checkpoints from its first record on.
void DirectoryCheck::check_known(const KnownPartitions& known) {
  const auto was_written = [&](const TopicPartition& name) {
    return std::ranges::any_of(
        checkpoints_, [&](const auto& file) { return file.second.offsets.contains(name); });
  };
  for (const auto& [name, partition] : known) {
    if (extents_.contains(name) || !was_written(name) || removed_names_.contains(name)) continue;
    add(Harm::kRecords, name.to_string(), "it was written once, and it is not there",
        "bring it back from a copy; otherwise the next start goes on behind its last offset");
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
    if (extent == extents_.end() || removed_names_.contains(partition)) {
      right[partition] = offset;  // the next start asks where a partition ended that is gone
      continue;
    }
    const bool beyond = offset > extent->second.end && name != kRecoveryPointName;
    // A log start that is taken back shows records again; one that is wrong would remove them.
    const bool is_start = name == kLogStartOffsetName;
    right[partition] = !beyond ? offset : is_start ? extent->second.start : extent->second.end;
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
  if (name == kLogStartOffsetName && report_.clean && unknown) {
    for (const auto& [partition, extent] : extents_) {
      if (extent.start > Offset(0)) right[partition] = extent.start;
    }
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
