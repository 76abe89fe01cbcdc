#include "log/partition_check.h"

#include <fmt/core.h>

#include <algorithm>

#include "kafka/record.h"
#include "log/checkpoint_file.h"
#include "log/index_check.h"
#include "log/partition_metadata.h"
#include "log/producer_snapshot.h"
#include "log/segment_scan.h"

namespace millrace::log {

using runtime::Task;

namespace {

constexpr size_t kIndexBytesMax = size_t{1} << 30;
constexpr size_t kRecordsBytesMax = size_t{256} << 20;  // of one batch, decompressed
constexpr int64_t kBytesBetweenYields = 4 << 20;
constexpr int64_t kIndexIntervalBytes = 4096;
constexpr size_t kFindingsMax = 50;  // a partition that is rotten all over is told so once

constexpr std::string_view kFromCopy =
    "the rest stays readable; bring the file back from a copy if there is one";
constexpr std::string_view kNextStart = "nothing: the next start puts it right";

bool is_missing(const Error& error) {
  return error.code() == Errc::kNotFound;
}

}  // namespace

// What is held against one segment's batches while they are scanned.
struct PartitionCheck::Checks {
  explicit Checks(Offset base) : right(base) {}
  Segment::Contents right;  // the indexes as they would be made from the batches
  std::optional<OffsetIndexCheck> offsets;
  std::optional<TimeIndexCheck> times;
  Result<> offsets_verdict;
  Result<> times_verdict;
  std::string file;
};

PartitionCheck::PartitionCheck(runtime::Env& env, PartitionCheckOptions options)
    : env_(env), options_(std::move(options)), name_(options_.partition.to_string()) {}

PartitionCheck::~PartitionCheck() = default;

// Saying what was found

std::string PartitionCheck::file_name(const SegmentFileName& name) const {
  return runtime::join_path(name_, name.to_string());
}

std::string PartitionCheck::path_of(std::string_view file) const {
  return runtime::join_path(options_.directory, file);
}

Result<std::string> PartitionCheck::read(std::string_view file) const {
  return runtime::read_file(env_.disk, path_of(file), kIndexBytesMax);
}

void PartitionCheck::lost(std::string file, std::string what, std::string remedy) {
  if (findings_.size() < kFindingsMax) {
    findings_.push_back(
        {Harm::kRecords, std::move(file), std::move(what), std::move(remedy), false});
  } else if (findings_.size() == kFindingsMax) {
    findings_.push_back({Harm::kRecords, name_, "there is more of the same, not listed",
                         std::string(kFromCopy), false});
  }
}

void PartitionCheck::odd(std::string file, std::string what, std::string remedy) {
  findings_.push_back({Harm::kNone, std::move(file), std::move(what), std::move(remedy), false});
}

// `right` is what the file ought to hold.
Result<> PartitionCheck::derived(std::string file, std::string what, std::string_view right) {
  Finding finding{.harm = Harm::kDerived, .where = std::move(file), .what = std::move(what)};
  if (options_.repair) {
    TRY(runtime::write_file_atomically(env_.disk, path_of(finding.where), right));
    finding.repaired = true;
  }
  findings_.push_back(std::move(finding));
  return {};
}

// The whole

Task<> PartitionCheck::run() {
  co_await list_files();
  co_await check_id();
  co_await read_epochs();
  log_start_ = end_ = options_.checkpoints.log_start;
  if (!segments_.empty()) {
    end_ = segments_.front().base;
    log_start_ = std::max(log_start_, end_);
    co_await read_snapshots();
  }
  for (size_t index = 0; index < segments_.size(); ++index) co_await check_segment(index);
  co_await end_log();
}

Result<> PartitionCheck::list_files() {
  std::vector<SegmentFileName> others;
  for (const runtime::DirectoryEntry& entry :
       TRY(env_.disk.list(runtime::join_path(options_.directory, name_)))) {
    const auto name = SegmentFileName::parse(entry.name);
    if (!name || entry.is_directory) {
      if (entry.name.ends_with(".tmp")) {
        odd(runtime::join_path(name_, entry.name), "it was being written when the server stopped",
            std::string(kNextStart));
      }
    } else if (name->suffix == FileSuffix::kDeleted) {
      continue;  // their time had not come when the server stopped
    } else if (name->suffix != FileSuffix::kNone) {
      odd(file_name(*name), "a compaction was interrupted", std::string(kNextStart));
    } else if (name->kind == FileKind::kProducerSnapshot) {
      snapshots_.push_back(name->base_offset);
    } else if (name->kind == FileKind::kLog) {
      const int64_t size = TRY(env_.disk.info(path_of(file_name(*name)))).size;
      segments_.push_back({.base = name->base_offset, .size = size});
    } else {
      others.push_back(*name);
    }
  }
  std::ranges::sort(segments_, {}, &SegmentFiles::base);
  std::ranges::sort(snapshots_);
  for (const SegmentFileName& name : others) {
    const auto segment = std::ranges::find(segments_, name.base_offset, &SegmentFiles::base);
    if (segment == segments_.end()) {
      odd(file_name(name), "an index without a segment", std::string(kNextStart));
    } else if (name.kind == FileKind::kTransactionIndex) {
      segment->has_transactions = true;
    }
  }
  return {};
}

Result<> PartitionCheck::check_id() {
  const std::string file = runtime::join_path(name_, kPartitionMetadataName);
  const Result<std::string> text = read(file);
  if (!text && !is_missing(text.error())) return fail(text.error());
  const Result<TopicId> id =
      text ? parse_partition_metadata(*text) : Result<TopicId>(fail(text.error()));
  if (!options_.topic_id) return {};
  const TopicId wanted = *options_.topic_id;
  if (!id) {
    const std::string what = text ? id.error().detail() : "it is missing";
    return derived(file, what, format_partition_metadata(wanted));
  }
  if (*id == wanted) return {};
  lost(file,
       fmt::format("it is of topic id {}, and the metadata says {}", id->value.to_string(),
                   wanted.value.to_string()),
       "another topic of that name left it; move it to another place");
  return {};
}

Result<> PartitionCheck::read_epochs() {
  const Result<std::string> text = read(runtime::join_path(name_, kLeaderEpochCheckpointName));
  if (!text && is_missing(text.error())) {
    epochs_wrong_ = "it is missing";
    return {};
  }
  Result<std::vector<EpochEntry>> entries = parse_epoch_checkpoint(TRY(text));
  epochs_readable_ = entries.has_value();
  if (entries) {
    epochs_ = LeaderEpochs(*std::move(entries));
  } else {
    epochs_wrong_ = entries.error().detail();
  }
  return {};
}

// Only what was made stable is held to anything; later ones recovery takes again.
Result<> PartitionCheck::read_snapshots() {
  const Offset first = segments_.front().base;
  if (!options_.checkpoints.clean) {
    std::erase_if(snapshots_, [&](Offset at) { return at > options_.checkpoints.recovery_point; });
  }
  std::vector<ProducerEntry> before;
  while (!snapshots_.empty() && snapshots_.front() <= first) {
    const std::string file =
        file_name({snapshots_.front(), FileKind::kProducerSnapshot, FileSuffix::kNone});
    auto entries = parse_producer_snapshot(as_bytes(TRY(read(file))));
    if (entries) {
      before = *std::move(entries);
    } else {
      ProducerReplay nothing;
      nothing.begin(first, options_.may_have_gaps, before);
      TRY(derived(file, entries.error().detail(),
                  as_text(format_producer_snapshot(nothing.states()).bytes())));
    }
    snapshots_.erase(snapshots_.begin());
  }
  producers_.begin(first, options_.may_have_gaps, before);
  return {};
}

// A segment

Offset PartitionCheck::end_of(size_t index) const {
  return index + 1 < segments_.size() ? segments_[index + 1].base : Offset(INT64_MAX);
}

// Whether all of its files were complete when the server stopped. What lies behind the recovery
// point after any other stop is recovered at the next start.
bool PartitionCheck::is_trusted(size_t index) const {
  const LogCheckpoints& checkpoints = options_.checkpoints;
  return checkpoints.clean || end_of(index) <= checkpoints.recovery_point;
}

void PartitionCheck::read_indexes(const SegmentFiles& files, Checks& checks) const {
  const auto index_file = [&](FileKind kind) {
    return read(file_name({files.base, kind, FileSuffix::kNone}));
  };
  const auto parsed = [](const Result<std::string>& file, const auto& parse) {
    return file ? parse(as_bytes(*file)) : fail(file.error());
  };
  if (auto offsets =
          parsed(index_file(FileKind::kOffsetIndex),
                 [&](Bytes file) { return OffsetIndex::parse(files.base, file, files.size); });
      offsets) {
    checks.offsets.emplace(*std::move(offsets));
  } else {
    checks.offsets_verdict = fail(offsets.error());
  }
  if (auto times = parsed(index_file(FileKind::kTimeIndex),
                          [&](Bytes file) { return TimeIndex::parse(files.base, file); });
      times) {
    checks.times.emplace(*std::move(times));
  } else {
    checks.times_verdict = fail(times.error());
  }
}

Task<> PartitionCheck::check_segment(size_t index) {
  const SegmentFiles& files = segments_[index];
  Checks checks(files.base);
  checks.file = file_name({files.base, FileKind::kLog, FileSuffix::kNone});
  if (is_trusted(index)) read_indexes(files, checks);
  const std::unique_ptr<runtime::File> file =
      co_await env_.disk.open(path_of(checks.file), {.read_only = true});
  SegmentOffsets offsets = SegmentOffsets::from(files.base);
  offsets.end = std::min(offsets.end, end_of(index));
  SegmentScan scan(*file, 0, files.size, offsets);
  int64_t told = 0;
  while (true) {
    const SegmentScan::Found found = co_await scan.next();
    if (found == SegmentScan::Found::kEnd) break;
    if (found == SegmentScan::Found::kBatch) {
      co_await note_batch(scan, checks);
    } else {
      note_damage(scan.damage(), index);
      end_ = std::max(end_, end_of_damage(scan.damage(), index));
      if (checks.offsets) checks.offsets->note_damage(scan.damage());
      if (checks.times) checks.times->note_damage();
    }
    if (scan.next_position() - told < kBytesBetweenYields) continue;
    if (options_.progress) options_.progress(scan.next_position() - told);
    told = scan.next_position();
    co_await runtime::yield();
  }
  if (options_.progress) options_.progress(files.size - told);
  co_await end_segment(index, checks);
}

Result<> PartitionCheck::note_batch(SegmentScan& scan, Checks& checks) {
  const kafka::RecordBatchView batch = TRY(scan.batch());
  note_gap(batch, checks.file);
  if (const Result<> records = check_records(batch); !records) {
    lost(checks.file,
         fmt::format("offsets {} to {}: {}", batch.base_offset().value, batch.last_offset().value,
                     records.error().detail()),
         "the producer sent it so: its checksum is right; readers have to pass over it");
  }
  checks.right.note(batch, scan.position(), kIndexIntervalBytes);
  if (checks.offsets) checks.offsets->note(batch, scan.position());
  if (checks.times) checks.times->note(batch);
  note_epoch(batch);
  TRY(compare_snapshots(batch.base_offset()));
  const auto aborted = producers_.note(batch);
  if (!aborted) {
    lost(checks.file,
         fmt::format("offset {}: {}", batch.base_offset().value, aborted.error().detail()),
         "report it: no server writes such a transaction marker");
  } else if (*aborted) {
    checks.right.aborted.append(**aborted);
  }
  end_ = batch.next_offset();
  return {};
}

void PartitionCheck::note_damage(const Damage& damage, size_t index) {
  const std::string file = file_name({segments_[index].base, FileKind::kLog, FileSuffix::kNone});
  const LogCheckpoints& checkpoints = options_.checkpoints;
  const bool may_be_lost = !checkpoints.clean &&
                           damage.first_offset >= checkpoints.recovery_point &&
                           damage.next_offset == kNoOffset && index + 1 == segments_.size();
  damaged_ = damaged_ || !may_be_lost;
  if (may_be_lost) {
    odd(file,
        fmt::format("what was being written when the server stopped is incomplete: {} bytes from "
                    "byte {} on ({})",
                    damage.size, damage.position, damage.why.detail()),
        "nothing: the next start cuts it, and takes back what its journal holds of it");
    return;
  }
  const std::string upto =
      damage.next_offset == kNoOffset ? "on" : fmt::format("to {}", damage.next_offset.value - 1);
  lost(file,
       fmt::format("offsets {} {} are damaged: {} bytes from byte {} on ({})",
                   damage.first_offset.value, upto, damage.size, damage.position,
                   damage.why.detail()),
       std::string(kFromCopy));
}

// Where the offsets go on: what is damaged is told once, and not missed again.
Offset PartitionCheck::end_of_damage(const Damage& damage, size_t index) const {
  if (damage.next_offset != kNoOffset) return damage.next_offset;
  return index + 1 < segments_.size() ? segments_[index + 1].base
                                      : options_.checkpoints.recovery_point;
}

void PartitionCheck::note_gap(const kafka::BatchHeaderView& batch, const std::string& file) {
  const Offset base = batch.base_offset();
  if (options_.may_have_gaps || base <= end_ || base <= log_start_) return;
  lost(file,
       fmt::format("offsets {} to {} are not there", std::max(end_, log_start_).value,
                   base.value - 1),
       "they were lost before, or a segment was taken away; bring it back from a copy");
}

Result<> PartitionCheck::check_records(const kafka::RecordBatchView& batch) {
  if (batch.record_count() == 0) return {};  // compaction has emptied it
  const Bytes bytes =
      TRY(kafka::decompress_records(batch, decompressor_, decompressed_, kRecordsBytesMax));
  kafka::RecordCursor records(batch, bytes);
  while (records.next()) continue;
  return records.end();
}

void PartitionCheck::note_epoch(const kafka::BatchHeaderView& batch) {
  const LeaderEpoch epoch = batch.partition_leader_epoch();
  const Offset at = std::max(batch.base_offset(), log_start_);
  if (epoch.value < 0 || batch.last_offset() < log_start_) return;
  if (epoch > epochs_found_.latest()) epochs_found_.assign(epoch, at);
  const bool stable = options_.checkpoints.clean || at < options_.checkpoints.recovery_point;
  stable_epochs_ = stable_epochs_ || stable;
  if (!stable || epochs_wrong_ || epochs_.epoch_at(at) == epoch) return;
  epochs_wrong_ = fmt::format("it says that offset {} is of epoch {}, and its batch says {}",
                              at.value, epochs_.epoch_at(at).value, epoch.value);
}

Result<> PartitionCheck::compare_snapshots(Offset upto) {
  while (!snapshots_.empty() && snapshots_.front() <= upto) {
    const std::string file =
        file_name({snapshots_.front(), FileKind::kProducerSnapshot, FileSuffix::kNone});
    const auto entries = parse_producer_snapshot(as_bytes(TRY(read(file))));
    Result<> agrees;
    if (!entries) agrees = fail(entries.error());
    if (entries && !damaged_) {
      agrees = producers_.compare(*entries, env_.clock.wall(), options_.producer_id_expiration);
    }
    snapshots_.erase(snapshots_.begin());
    if (agrees) continue;
    TRY(derived(file, agrees.error().detail(),
                as_text(format_producer_snapshot(producers_.states()).bytes())));
  }
  return {};
}

Result<> PartitionCheck::end_segment(size_t index, Checks& checks) {
  const SegmentFiles& files = segments_[index];
  if (!is_trusted(index)) return {};
  checks.right.times.maybe_append(checks.right.largest.timestamp, checks.right.largest.offset);
  if (checks.offsets) checks.offsets_verdict = checks.offsets->end();
  if (checks.times) checks.times_verdict = checks.times->end();
  TRY(check_index(FileKind::kOffsetIndex, files.base, checks.offsets_verdict,
                  checks.right.offsets.format()));
  TRY(check_index(FileKind::kTimeIndex, files.base, checks.times_verdict,
                  checks.right.times.format()));
  return check_transactions(files, checks.right);
}

Result<> PartitionCheck::check_index(FileKind kind, Offset base, const Result<>& verdict,
                                     const Buffer& right) {
  if (verdict) return {};
  const Error& error = verdict.error();
  const bool can_be_made = error.code() == Errc::kCorruptFile || is_missing(error);
  if (!can_be_made) return fail(error);
  return derived(file_name({base, kind, FileSuffix::kNone}),
                 is_missing(error) ? "it is missing" : error.detail(), as_text(right.bytes()));
}

// Aborted transactions that began before the log does are in the index alone.
Result<> PartitionCheck::check_transactions(const SegmentFiles& segment,
                                            const Segment::Contents& right) {
  const std::string file =
      file_name({segment.base, FileKind::kTransactionIndex, FileSuffix::kNone});
  std::vector<AbortedTransaction> told;
  std::vector<AbortedTransaction> all = right.aborted.entries();
  std::optional<std::string> wrong;
  if (segment.has_transactions) {
    const auto parsed = TransactionIndex::parse(as_bytes(TRY(read(file))));
    if (!parsed) wrong = parsed.error().detail();
    if (parsed) told = parsed->entries();
  }
  for (const AbortedTransaction& entry : told) {
    if (entry.first_offset < segments_.front().base) all.push_back(entry);
  }
  std::ranges::sort(all, {}, &AbortedTransaction::last_offset);
  const auto same = [](const AbortedTransaction& a, const AbortedTransaction& b) {
    return a.producer_id == b.producer_id && a.first_offset == b.first_offset &&
           a.last_offset == b.last_offset;
  };
  // Compaction takes away the markers of transactions of which nothing is left.
  const bool fewer_left = options_.may_have_gaps && told.size() > all.size();
  if (!wrong && (damaged_ || fewer_left || std::ranges::equal(told, all, same))) return {};
  TransactionIndex index;
  for (const AbortedTransaction& entry : all) index.append(entry);
  const std::string differs = fmt::format(
      "it tells of {} aborted transactions, and the batches of "
      "{}",
      told.size(), all.size());
  return derived(file, wrong.value_or(differs), as_text(index.format().bytes()));
}

// The log as a whole

Result<> PartitionCheck::end_log() {
  TRY(compare_snapshots(end_));
  for (const Offset beyond : snapshots_) {
    odd(file_name({beyond, FileKind::kProducerSnapshot, FileSuffix::kNone}),
        fmt::format("it is of offset {}, and the log ends at {}", beyond.value, end_.value),
        std::string(kNextStart));
  }
  const LogCheckpoints& checkpoints = options_.checkpoints;
  if (end_ < checkpoints.recovery_point) {
    lost(name_,
         fmt::format("the log ends at {}, and up to {} it was stable: the end is missing",
                     end_.value, checkpoints.recovery_point.value),
         std::string(kFromCopy));
  }
  check_start();
  return end_epochs();
}

// As LogLoader::report_missing_start().
void PartitionCheck::check_start() {
  const std::optional<EpochEntry> earliest = epochs_.earliest();
  if (!options_.checkpoints.clean || segments_.empty() || !earliest || epochs_wrong_) return;
  const Offset began = std::max(earliest->start_offset, options_.checkpoints.log_start);
  const Offset first = segments_.front().base;
  if (began >= first) return;
  lost(name_,
       fmt::format("the log began at {}, and its first segment begins at {}", began.value,
                   first.value),
       std::string(kFromCopy));
}

Result<> PartitionCheck::end_epochs() {
  const std::string file = runtime::join_path(name_, kLeaderEpochCheckpointName);
  const LeaderEpoch latest = epochs_.latest();
  if (!epochs_wrong_ && latest.value >= 0 && epochs_.entries().back().start_offset > end_ &&
      options_.checkpoints.clean) {
    epochs_wrong_ = fmt::format("epoch {} begins at {}, and the log ends at {}", latest.value,
                                epochs_.entries().back().start_offset.value, end_.value);
  }
  if (!epochs_wrong_ || (!stable_epochs_ && !epochs_readable_)) return {};
  // One that led and wrote nothing is nowhere else.
  if (latest > epochs_found_.latest()) epochs_found_.assign(latest, end_);
  return derived(file, *epochs_wrong_, format_epoch_checkpoint(epochs_found_.entries()));
}

}  // namespace millrace::log
