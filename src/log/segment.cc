#include "log/segment.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/logging.h"
#include "log/segment_scan.h"

namespace millrace::log {
namespace {

constexpr size_t kIndexFileBytesMax = size_t{1} << 30;

// With `cold` as in segment.h.
Result<Buffer> read_all(runtime::Disk& disk, const std::string& path, FileSlice* cold) {
  const std::shared_ptr<runtime::File> file = TRY(disk.open(path, {.read_only = true}));
  const int64_t size = TRY(file->size());
  if (size > int64_t{kIndexFileBytesMax}) {
    return fail(Errc::kCorruptFile, fmt::format("{} has {} bytes", path, size));
  }
  Buffer content;
  content.resize(static_cast<size_t>(size));
  const Result<size_t> got = cold ? file->try_read_at(0, content.mutable_bytes())
                                  : file->read_at(0, content.mutable_bytes());
  if (!got && got.error().code() == Errc::kWouldBlock) *cold = {file, 0, size};
  content.resize(TRY(got));
  return content;
}

/// Decides which batches get index entries.
struct Indexer {
  OffsetIndex& offsets;
  TimeIndex& times;
  Segment::Largest& largest;
  int64_t& bytes_since_entry;

  void note(const kafka::BatchHeaderView& header, int64_t position, int64_t interval) {
    if (header.max_timestamp() > largest.timestamp) {
      largest = {header.max_timestamp(), header.last_offset()};
    }
    if (bytes_since_entry > interval) {
      offsets.append(header.last_offset(), position);
      times.maybe_append(largest.timestamp, largest.offset);
      bytes_since_entry = 0;
    }
    bytes_since_entry += int64_t(header.size());
  }
};

void note_unsynced(UnsyncedFiles& unsynced, const std::shared_ptr<runtime::File>& file) {
  if (std::ranges::find(unsynced, file) == unsynced.end()) unsynced.push_back(file);
}

}  // namespace

// What is only there while the segment is used.
struct Segment::Hot {
  std::shared_ptr<runtime::File> file;
  std::optional<OffsetIndex> offsets;  // all three or none
  std::optional<TimeIndex> times;
  TransactionIndex aborted;
  int64_t index_bytes = 0;  // while they are as in the files, and can be had from there again
  Segment* newer = nullptr;
  Segment* older = nullptr;
};

Segment::Segment(SegmentHome& home, Offset base_offset, Timestamp now, FileSuffix suffix)
    : home_(home), base_offset_(base_offset), created_(now), suffix_(suffix) {}

SegmentCache::~SegmentCache() {
  CHECK(open_count_ == 0, "segments outlive their cache");
}

void SegmentCache::push_newest(Segment& segment) {
  segment.hot_->older = newest_;
  segment.hot_->newer = nullptr;
  if (newest_) newest_->hot_->newer = &segment;
  newest_ = &segment;
  if (!oldest_) oldest_ = &segment;
}

void SegmentCache::unlink(Segment& segment) {
  Segment::Hot& hot = *segment.hot_;
  (hot.newer ? hot.newer->hot_->older : newest_) = hot.older;
  (hot.older ? hot.older->hot_->newer : oldest_) = hot.newer;
}

void SegmentCache::insert(Segment& segment) {
  push_newest(segment);
  ++open_count_;
  make_room(&segment);
}

// One that cannot be let go of yet gets another round. A few at a time: while all wait for their
// syncs, nobody is to go through them again and again.
void SegmentCache::make_room(const Segment* needed) {
  constexpr int kTries = 8;
  for (int i = 0; i < kTries && is_full(); ++i) {
    Segment& oldest = *oldest_;
    const bool helps = open_count_ > bounds_.open_max || oldest.hot_->index_bytes > 0;
    if (&oldest == needed || !helps || !oldest.cool()) touch(oldest);
  }
}

void SegmentCache::touch(Segment& segment) {
  if (newest_ == &segment) return;
  unlink(segment);
  push_newest(segment);
}

void SegmentCache::remove(Segment& segment) {
  unlink(segment);
  --open_count_;
  index_bytes_ -= segment.hot_->index_bytes;
}

Result<std::unique_ptr<Segment>> Segment::create(SegmentHome& home, Offset base_offset,
                                                 Timestamp now, FileSuffix suffix) {
  std::unique_ptr<Segment> segment(new Segment(home, base_offset, now, suffix));
  segment->largest_ = {kNoTimestamp, base_offset};
  segment->largest_known_ = true;
  segment->indexes_unsaved_ = true;
  auto hot = std::make_unique<Hot>();
  hot->file = TRY(home.cache.disk().open(segment->path(FileKind::kLog),
                                         {.create = true,
                                          .truncate = true,
                                          .write_behind = home.cache.write_behind(),
                                          .grows = true}));
  hot->offsets.emplace(base_offset);
  hot->times.emplace(base_offset);
  segment->hot_ = std::move(hot);
  home.cache.insert(*segment);
  return segment;
}

std::unique_ptr<Segment> Segment::existing(SegmentHome& home, Offset base_offset, int64_t size,
                                           Timestamp now, bool has_transaction_index) {
  std::unique_ptr<Segment> segment(new Segment(home, base_offset, now, FileSuffix::kNone));
  segment->size_ = size;
  segment->has_aborted_ = has_transaction_index;
  return segment;
}

Segment::~Segment() {
  if (hot_) home_.cache.remove(*this);
}

std::string Segment::path(FileKind kind) const {
  return runtime::join_path(home_.directory,
                            SegmentFileName{base_offset_, kind, suffix_}.to_string());
}

Result<Segment::Hot*> Segment::heat() {
  if (hot_) {
    home_.cache.touch(*this);
    return hot_.get();
  }
  auto hot = std::make_unique<Hot>();
  hot->file = TRY(home_.cache.disk().open(
      path(FileKind::kLog), {.write_behind = home_.cache.write_behind(), .grows = true}));
  hot_ = std::move(hot);
  home_.cache.insert(*this);
  return hot_.get();
}

Result<Segment::Hot*> Segment::heat_with_indexes(FileSlice* cold) {
  Hot* hot = TRY(heat());
  if (hot->offsets) return hot;
  if (has_aborted_) {
    hot->aborted = TRY(
        read_index<TransactionIndex>(FileKind::kTransactionIndex, cold, TransactionIndex::parse));
  }
  const Result<> loaded = load_indexes(*hot, cold);
  if (loaded) return hot;
  const Errc code = loaded.error().code();
  if (code != Errc::kCorruptFile && code != Errc::kNotFound) return std::unexpected(loaded.error());
  LOG_WARNING("log", "{}; rebuilding the index", loaded.error().message());
  TRY(rebuild_indexes(*hot));
  return hot;
}

Result<> Segment::load_indexes(Hot& hot, FileSlice* cold) {
  OffsetIndex offsets = TRY(read_index<OffsetIndex>(FileKind::kOffsetIndex, cold, [&](Bytes file) {
    return OffsetIndex::parse(base_offset_, file, size_);
  }));
  TimeIndex times = TRY(read_index<TimeIndex>(FileKind::kTimeIndex, cold, [&](Bytes file) {
    return TimeIndex::parse(base_offset_, file);
  }));
  TRY(check_ends(offsets.last(), times.last().offset, hot, cold));
  hot.index_bytes = int64_t(offsets.memory_bytes() + times.memory_bytes());
  hot.times = std::move(times);
  hot.offsets = std::move(offsets);
  home_.cache.index_bytes_ += hot.index_bytes;
  home_.cache.make_room(this);
  return {};
}

// Whether the last entries are of batches that are there: the one that is pointed to, or one behind
// it, for some versions of Kafka note the last offset of several.
Result<> Segment::check_ends(const OffsetIndex::Entry& last, Offset last_in_times, const Hot& hot,
                             FileSlice* cold) const {
  const Offset offset = std::max(last.offset, last_in_times);
  if (offset == base_offset_) return {};
  HeaderWalk headers = walk(hot, last.position, cold);
  Result<const kafka::BatchHeaderView*> header = step(headers, hot, cold);
  // Nothing is noted before the first interval, and compaction may have taken what was first.
  const bool begins =
      header && *header && (last.position == 0 || (*header)->base_offset() <= last.offset);
  while (begins && header && *header && (*header)->last_offset() < offset) {
    header = step(headers, hot, cold);
  }
  if (!header && header.error().code() != Errc::kCorruptMessage) {
    return std::unexpected(header.error());
  }
  if (begins && header && *header) return {};
  return fail(Errc::kCorruptFile,
              fmt::format("the indexes of {} end with offset {} near byte {}, where it is not",
                          path(FileKind::kLog), offset.value, last.position));
}

Result<> Segment::rebuild_indexes(Hot& hot) {
  constexpr int64_t kIndexIntervalBytes = 4096;
  SegmentScan scan(*hot.file, 0, size_, SegmentOffsets::from(base_offset_));
  Contents contents(base_offset_);
  while (true) {
    const SegmentScan::Found found = TRY(scan.next());
    if (found == SegmentScan::Found::kEnd) break;
    if (found == SegmentScan::Found::kDamage) {
      note_damage(scan.damage());
    } else {
      contents.note(scan.header(), scan.position(), kIndexIntervalBytes);
    }
  }
  contents.times.maybe_append(contents.largest.timestamp, contents.largest.offset);
  hot.offsets = std::move(contents.offsets);
  hot.times = std::move(contents.times);
  largest_ = contents.largest;
  largest_known_ = true;
  indexes_unsaved_ = true;
  return {};
}

template <class Index, class Parse>
Result<Index> Segment::read_index(FileKind kind, FileSlice* cold, Parse parse) {
  const std::string file_path = path(kind);
  const Buffer file = TRY(read_all(home_.cache.disk(), file_path, cold));
  Result<Index> index = parse(file);
  if (!index) return std::unexpected(index.error().within(file_path));
  return index;
}

bool Segment::cool() {
  if (!hot_) return true;
  if (hot_->file.use_count() > 1) {  // it is to be synced, or somebody reads from it
    if (home_.owner) home_.owner->sync_soon();
    return false;
  }
  if (indexes_unsaved_) {
    UnsyncedFiles not_now;
    if (!save_indexes(not_now)) return false;
    indexes_unsaved_ = false;
    indexes_unsynced_ = true;
  }
  home_.cache.remove(*this);
  hot_.reset();
  return true;
}

Result<> Segment::append(Bytes batches, int64_t index_interval_bytes, UnsyncedFiles& unsynced) {
  Hot* hot = TRY(heat_with_indexes());
  CHECK(size_ + int64_t(batches.size()) <= INT32_MAX);
  TRY(cut_tail(*hot, unsynced));
  if (Result<> written = hot->file->write_at(size_, {&batches, 1}); !written) {
    tail_to_cut_ = true;
    (void)cut_tail(*hot, unsynced);  // else before the next append
    return std::unexpected(written.error().within(path(FileKind::kLog)));
  }
  note_unsynced(unsynced, hot->file);
  TRY(largest_timestamp());
  index_batches(batches, index_interval_bytes, *hot);
  return {};
}

// A failed write has left something behind the end. The cut is made stable with what follows, or a
// power loss brings that back: in the middle of the log, once another segment has begun.
Result<> Segment::cut_tail(Hot& hot, UnsyncedFiles& unsynced) {
  if (!tail_to_cut_) return {};
  TRY(hot.file->truncate(size_));
  tail_to_cut_ = false;
  note_unsynced(unsynced, hot.file);
  return {};
}

void Segment::index_batches(Bytes batches, int64_t interval, Hot& hot) {
  Indexer indexer{*hot.offsets, *hot.times, largest_, bytes_since_index_entry_};
  while (!batches.empty()) {
    const Result<kafka::BatchHeaderView> header = kafka::parse_batch_header(batches);
    CHECK(header.has_value(), "appended bytes are whole batches");
    // Damage up to the end of what was there ends where something new begins.
    if (!damage().empty() && damage_->back().next_offset == kNoOffset) {
      damage_->back().next_offset = header->base_offset();
    }
    if (size_ == 0) {
      first_timestamp_ = header->max_timestamp();
      first_timestamp_known_ = true;
    }
    indexer.note(*header, size_, interval);
    size_ += int64_t(header->size());
    batches = batches.subspan(header->size());
  }
  indexes_unsaved_ = true;
  home_.cache.index_bytes_ -= std::exchange(hot.index_bytes, 0);
}

void Segment::Contents::note(const kafka::BatchHeaderView& header, int64_t position,
                             int64_t index_interval_bytes) {
  if (position == 0) first_timestamp = header.max_timestamp();
  Indexer{offsets, times, largest, bytes_since_index_entry}.note(header, position,
                                                                 index_interval_bytes);
}

Result<> Segment::append_aborted(const AbortedTransaction& aborted) {
  TRY(heat_with_indexes())->aborted.append(aborted);
  has_aborted_ = true;
  indexes_unsaved_ = true;
  return {};
}

Result<> Segment::write_whole_file(FileKind kind, Bytes content, UnsyncedFiles& unsynced) {
  std::shared_ptr<runtime::File> file =
      TRY(home_.cache.disk().open(path(kind), {.create = true, .truncate = true}));
  if (!content.empty()) TRY(file->write_at(0, {&content, 1}));
  unsynced.push_back(std::move(file));
  return {};
}

Result<> Segment::save_indexes(UnsyncedFiles& unsynced) {
  if (!indexes_unsaved_ && !indexes_unsynced_) return {};
  Hot* hot = TRY(heat_with_indexes());
  TRY(cut_tail(*hot, unsynced));
  TRY(write_whole_file(FileKind::kOffsetIndex, hot->offsets->format(), unsynced));
  TRY(write_whole_file(FileKind::kTimeIndex, hot->times->format(), unsynced));
  if (has_aborted_) {
    TRY(write_whole_file(FileKind::kTransactionIndex, hot->aborted.format(), unsynced));
  }
  indexes_unsaved_ = false;
  indexes_unsynced_ = false;
  return {};
}

Result<> Segment::seal(UnsyncedFiles& unsynced) {
  if (!indexes_unsaved_ && !indexes_unsynced_) return {};
  Hot* hot = TRY(heat_with_indexes());
  hot->file->end_appending();
  note_unsynced(unsynced, hot->file);
  TRY(largest_timestamp());
  if (largest_.timestamp > hot->times->last().timestamp) {
    hot->times->maybe_append(largest_.timestamp, largest_.offset);
    indexes_unsaved_ = true;
  }
  return save_indexes(unsynced);
}

Result<std::optional<Segment::BatchPlace>> Segment::find(Offset offset, FileSlice* cold) {
  const Hot* hot = TRY(heat_with_indexes(cold));
  HeaderWalk headers = walk(*hot, hot->offsets->floor(offset).position, cold);
  while (const kafka::BatchHeaderView* header = TRY(step(headers, *hot, cold))) {
    if (header->last_offset() < offset) continue;
    return BatchPlace{headers.position(), int64_t(header->size()), header->base_offset(),
                      header->last_offset()};
  }
  return std::nullopt;
}

Result<Segment::Boundary> Segment::boundary_before(int64_t from, int64_t limit, FileSlice* cold) {
  if (limit >= size_) return Boundary{size_, kNoOffset};
  const Hot* hot = TRY(heat_with_indexes(cold));
  HeaderWalk headers =
      walk(*hot, std::max(from, hot->offsets->floor_position(limit).position), cold);
  while (const kafka::BatchHeaderView* header = TRY(step(headers, *hot, cold))) {
    if (headers.position() > from && headers.next_position() > limit) {
      return Boundary{headers.position(), header->base_offset()};
    }
  }
  return Boundary{size_, kNoOffset};
}

Result<Offset> Segment::next_offset() {
  const Hot* hot = TRY(heat_with_indexes());
  HeaderWalk headers = walk(*hot, hot->offsets->last().position);
  Offset next = base_offset_;
  while (const kafka::BatchHeaderView* header = TRY(headers.next())) next = header->next_offset();
  return next;
}

Result<Segment::Largest> Segment::largest_timestamp() {
  if (!largest_known_) {
    const Hot* hot = TRY(heat_with_indexes());
    const TimeIndex::Entry last = hot->times->last();
    largest_ = {last.timestamp, last.offset};
    largest_known_ = true;
  }
  return largest_;
}

Result<Timestamp> Segment::first_timestamp() {
  if (!first_timestamp_known_) {
    const Hot* hot = TRY(heat());
    HeaderWalk headers = walk(*hot, 0);
    const kafka::BatchHeaderView* header = TRY(headers.next());
    if (!header) return kNoTimestamp;
    first_timestamp_ = header->max_timestamp();
    first_timestamp_known_ = true;
  }
  return first_timestamp_;
}

HeaderWalk Segment::walk(const Hot& hot, int64_t from, const FileSlice* cold) const {
  const auto on_cold = cold ? HeaderWalk::OnCold::kRefuse : HeaderWalk::OnCold::kWait;
  return {*hot.file, from, size_, base_offset_, damage(), on_cold};
}

Result<const kafka::BatchHeaderView*> Segment::step(HeaderWalk& headers, const Hot& hot,
                                                    FileSlice* cold) {
  Result<const kafka::BatchHeaderView*> header = headers.next();
  if (!header && header.error().code() == Errc::kWouldBlock) {
    *cold = {hot.file, headers.position(), int64_t{HeaderWalk::kWindowBytes}};
  }
  return header;
}

std::span<const Damage> Segment::damage() const {
  return damage_ ? std::span<const Damage>(*damage_) : std::span<const Damage>();
}

const Damage* Segment::damage_at(Offset offset) const {
  for (const Damage& damage : damage()) {
    if (damage.holds(offset)) return &damage;
  }
  return nullptr;
}

void Segment::note_damage(const Damage& damage) {
  if (!damage_) damage_ = std::make_unique<std::vector<Damage>>();
  // What was found from one place may reach further than from another.
  std::erase_if(*damage_, [&](const Damage& known) {
    return known.position < damage.end_position() && damage.position < known.end_position();
  });
  damage_->insert(std::ranges::upper_bound(*damage_, damage.position, {}, &Damage::position),
                  damage);
}

Result<bool> Segment::examine(Offset offset, Offset end) {
  const Hot* hot = TRY(heat_with_indexes());
  const std::shared_ptr<runtime::File> file = hot->file;
  // Two entries back, to begin before the damage and to know which offset is next.
  const OffsetIndex& offsets = *hot->offsets;
  const OffsetIndex::Entry from = offsets.floor(offsets.floor(offset).offset - 1);
  const OffsetIndex::Entry before = offsets.floor(from.offset - 1);
  const Offset expected = from.position == 0 ? base_offset_ : before.offset;
  SegmentScan scan(*file, from.position, size_, {expected, end});
  while (true) {
    const SegmentScan::Found found = TRY(scan.next());
    if (found == SegmentScan::Found::kEnd) return false;
    if (found == SegmentScan::Found::kBatch) continue;
    const bool known = std::ranges::any_of(damage(), [&](const Damage& other) {
      return other.position == scan.position() && other.size == scan.damage().size;
    });
    if (known) continue;
    note_damage(scan.damage());
    return true;
  }
}

Result<std::shared_ptr<runtime::File>> Segment::file() {
  return TRY(heat())->file;
}

Result<const OffsetIndex*> Segment::offset_index() {
  return &*TRY(heat_with_indexes())->offsets;
}

Result<const TimeIndex*> Segment::time_index() {
  return &*TRY(heat_with_indexes())->times;
}

Result<const TransactionIndex*> Segment::transaction_index() {
  return &TRY(heat_with_indexes())->aborted;
}

Result<bool> Segment::index_full(int64_t index_bytes_max) {
  const Hot* hot = TRY(heat_with_indexes());
  const auto offsets_max = size_t(index_bytes_max) / OffsetIndex::kEntryBytes;
  const auto times_max = size_t(index_bytes_max) / TimeIndex::kEntryBytes;
  // One entry of the time index is kept free for the one that seal() adds.
  return hot->offsets->size() >= offsets_max || hot->times->size() + 1 >= times_max;
}

Result<> Segment::truncate_to(Offset offset, UnsyncedFiles& unsynced) {
  const std::optional<BatchPlace> first_cut = TRY(find(offset));
  if (!first_cut) return {};
  Hot* hot = TRY(heat_with_indexes());
  TRY(hot->file->truncate(first_cut->position));
  size_ = first_cut->position;
  note_unsynced(unsynced, hot->file);

  hot->offsets->truncate_to(first_cut->base_offset);
  hot->times->truncate_to(first_cut->base_offset);
  const TimeIndex::Entry last = hot->times->last();
  largest_ = {last.timestamp, last.offset};
  HeaderWalk headers = walk(*hot, hot->offsets->floor(last.offset).position);
  while (const kafka::BatchHeaderView* header = TRY(headers.next())) {
    if (header->max_timestamp() > largest_.timestamp) {
      largest_ = {header->max_timestamp(), header->last_offset()};
    }
  }
  largest_known_ = true;
  first_timestamp_known_ = first_timestamp_known_ && size_ > 0;
  bytes_since_index_entry_ = 0;
  hot->aborted.truncate_to(offset);
  if (damage_) {
    std::erase_if(*damage_, [&](const Damage& damage) { return damage.position >= size_; });
  }
  indexes_unsaved_ = true;
  return {};
}

Result<> Segment::adopt(Contents contents, UnsyncedFiles& unsynced) {
  Hot* hot = TRY(heat());
  if (TRY(hot->file->size()) != contents.size) TRY(hot->file->truncate(contents.size));
  note_unsynced(unsynced, hot->file);
  size_ = contents.size;
  largest_ = contents.largest;
  largest_known_ = true;
  first_timestamp_ = contents.first_timestamp;
  first_timestamp_known_ = size_ > 0;
  bytes_since_index_entry_ = contents.bytes_since_index_entry;
  hot->offsets = std::move(contents.offsets);
  hot->times = std::move(contents.times);
  hot->aborted = std::move(contents.aborted);
  has_aborted_ = has_aborted_ || !hot->aborted.empty();
  indexes_unsaved_ = true;
  return {};
}

Result<> Segment::rename(FileSuffix to) {
  runtime::Disk& disk = home_.cache.disk();
  for (const FileKind kind : kSegmentFileKinds) {
    const std::string from = path(kind);
    const std::string name = SegmentFileName{base_offset_, kind, to}.to_string();
    const Result<> renamed = disk.rename(from, runtime::join_path(home_.directory, name));
    if (!renamed && renamed.error().code() != Errc::kNotFound) return renamed;
  }
  suffix_ = to;
  return {};
}

void Segment::remove_files(FileSuffix suffix) {
  for (const FileKind kind : kSegmentFileKinds) {
    const std::string name = SegmentFileName{base_offset_, kind, suffix}.to_string();
    const Result<> removed = home_.cache.disk().remove(runtime::join_path(home_.directory, name));
    if (!removed && removed.error().code() != Errc::kNotFound) {
      LOG_WARNING("log", "{}; the next start removes it", removed.error().message());
    }
  }
}

}  // namespace millrace::log
