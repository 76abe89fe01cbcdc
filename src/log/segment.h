// Segment: a piece of a partition's log: one file of batches and its indexes. Knows bytes, offsets
// and times; not when to begin the next one (partition_log.h), nor what producers are.
//
// A segment that nobody uses is a hundred bytes. Its file and indexes are opened when used and
// closed by the SegmentCache when others were used more recently.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"
#include "kafka/record_batch.h"
#include "log/damage.h"
#include "log/file_names.h"
#include "log/file_slice.h"
#include "log/header_walk.h"
#include "log/offset_index.h"
#include "log/time_index.h"
#include "log/transaction_index.h"
#include "runtime/disk.h"

namespace millrace::log {

class Segment;

/// Files that must be synced before something is acknowledged.
using UnsyncedFiles = std::vector<std::shared_ptr<runtime::File>>;

/// Whose a segment is.
class SegmentOwner {
 public:
  virtual ~SegmentOwner() = default;
  /// Has what was written made stable, so that its file can be closed.
  virtual void sync_soon() = 0;
};

/// Bounds what the segments of a data directory keep open: least recently used goes first. A file
/// with bytes that are not stable stays open until its owner has had them synced: once it was
/// closed, nobody might learn that the device has lost them. One per data directory.
class SegmentCache {
 public:
  struct Bounds {
    size_t open_max;   ///< about so many files, besides those that are not stable yet
    size_t open_most;  ///< with them: above it is_crowded()
    /// Of parsed indexes that are only read; 1 GiB may have 5 MiB of them.
    int64_t index_bytes_max;
  };
  /// `write_behind`: what is appended is to be on the device soon (runtime::OpenOptions).
  SegmentCache(runtime::Disk& disk, const Bounds& bounds, bool write_behind)
      : disk_(disk), bounds_(bounds), write_behind_(write_behind) {}
  SegmentCache(const SegmentCache&) = delete;
  SegmentCache& operator=(const SegmentCache&) = delete;
  ~SegmentCache();

  runtime::Disk& disk() { return disk_; }
  bool write_behind() const { return write_behind_; }
  size_t open_count() const { return open_count_; }
  /// Whether those that are open must be stable first, before another one is written: syncing them
  /// takes descriptors too.
  bool is_crowded() const { return open_count_ >= bounds_.open_most; }
  /// Closes what is too much and can be closed by now. It is done when a segment is opened, too.
  void make_room() { make_room(nullptr); }

 private:
  friend class Segment;
  void insert(Segment& segment);
  void make_room(const Segment* needed);
  bool is_full() const {
    return open_count_ > bounds_.open_max || index_bytes_ > bounds_.index_bytes_max;
  }
  void touch(Segment& segment);
  void remove(Segment& segment);
  void unlink(Segment& segment);
  void push_newest(Segment& segment);

  runtime::Disk& disk_;
  const Bounds bounds_;
  bool write_behind_;
  size_t open_count_ = 0;
  int64_t index_bytes_ = 0;
  Segment* newest_ = nullptr;
  Segment* oldest_ = nullptr;
};

/// Where the segments of one log live. The directory may be renamed. Without an owner, files that
/// are not stable stay open.
struct SegmentHome {
  SegmentCache& cache;
  std::string directory;
  SegmentOwner* owner = nullptr;
};

class Segment {
 public:
  struct Largest {
    Timestamp timestamp;
    Offset offset;  ///< the last one of the batch that holds it
  };
  struct BatchPlace {
    int64_t position = 0;
    int64_t size = 0;
    Offset base_offset;
    Offset last_offset;
  };
  struct Boundary {
    int64_t position = 0;
    Offset next_offset;  ///< that of the batch behind it; kNoOffset at the end of the segment
  };

  /// Creates the file. The name is stable after a sync of the directory.
  static Result<std::unique_ptr<Segment>> create(SegmentHome& home, Offset base_offset,
                                                 Timestamp now,
                                                 FileSuffix suffix = FileSuffix::kNone);
  /// One that is there already. `size` is its file's.
  static std::unique_ptr<Segment> existing(SegmentHome& home, Offset base_offset, int64_t size,
                                           Timestamp now, bool has_transaction_index);
  Segment(const Segment&) = delete;
  Segment& operator=(const Segment&) = delete;
  ~Segment();

  bool is_open() const { return hot_ != nullptr; }

  Offset base_offset() const { return base_offset_; }
  int64_t size() const { return size_; }  ///< Units: bytes, of the .log
  Timestamp created() const { return created_; }
  FileSuffix suffix() const { return suffix_; }

  /// Writes batches at the end and indexes them.
  /// Requires: they are whole, valid, and have offsets above those here that fit the segment.
  /// Errors: kDiskFull, kIo; the segment is as before.
  Result<> append(Bytes batches, int64_t index_interval_bytes, UnsyncedFiles& unsynced);

  /// Adds an aborted transaction to the transaction index.
  Result<> append_aborted(const AbortedTransaction& aborted);

  /// Completes and writes the indexes; nothing is appended after that. Safe to repeat.
  Result<> seal(UnsyncedFiles& unsynced);

  /// Writes the indexes as they are, so that the segment can be opened later without a scan.
  Result<> save_indexes(UnsyncedFiles& unsynced);

  // Look-ups. With `cold` they do not wait for the disk: what must be in memory first is noted
  // there, and the error is kWouldBlock.

  /// The first batch that reaches `offset` or beyond, if there is one.
  /// Errors: kCorruptMessage when damage is in the way: examine() finds out which.
  Result<std::optional<BatchPlace>> find(Offset offset, FileSlice* cold = nullptr);

  /// The last end of a batch at or before `limit`; at least the end of the one that begins at
  /// `from`.
  Result<Boundary> boundary_before(int64_t from, int64_t limit, FileSlice* cold = nullptr);

  /// The offset after the last batch; the base offset when empty.
  Result<Offset> next_offset();

  /// The largest timestamp of any record; kNoTimestamp when there is none.
  Result<Largest> largest_timestamp();
  /// That of the first batch, by which the segment's age is measured.
  Result<Timestamp> first_timestamp();

  /// What is known to be damaged, ascending.
  std::span<const Damage> damage() const;
  /// The damage that has taken `offset`; null when none that is known has.
  const Damage* damage_at(Offset offset) const;
  void note_damage(const Damage& damage);
  /// Whoever scans the whole segment again finds what there is.
  void forget_damage() { damage_.reset(); }
  /// Looks for damage from near `offset` on, and notes the first that was not known. Returns
  /// whether there is one. The next segment begins at `end`.
  Result<bool> examine(Offset offset, Offset end);

  /// The file, open as long as somebody holds it.
  Result<std::shared_ptr<runtime::File>> file();
  /// Valid until another segment is used. One that is missing or damaged is rebuilt.
  /// Errors: kCorruptFile (the transaction index, which only recovery can rebuild), kIo.
  Result<const OffsetIndex*> offset_index();
  Result<const TimeIndex*> time_index();
  Result<const TransactionIndex*> transaction_index();

  /// Cuts all batches from `offset` on.
  Result<> truncate_to(Offset offset, UnsyncedFiles& unsynced);

  /// What a scan of the file has found (recovery), batch after batch.
  struct Contents {
    explicit Contents(Offset base_offset) : offsets(base_offset), times(base_offset) {}
    void note(const kafka::BatchHeaderView& header, int64_t position, int64_t index_interval_bytes);

    int64_t size = 0;
    int64_t bytes_since_index_entry = 0;
    Largest largest;
    Timestamp first_timestamp;
    OffsetIndex offsets;
    TimeIndex times;
    TransactionIndex aborted;
  };
  /// Takes it over, and cuts the file to its size.
  Result<> adopt(Contents contents, UnsyncedFiles& unsynced);

  /// Renames all files of the segment. A file that is missing is no error.
  Result<> rename(FileSuffix to);
  /// Removes its files of this suffix as far as they are there, and can be removed.
  void remove_files(FileSuffix suffix);

  std::string path(FileKind kind) const;
  /// Whether an index has as many entries as it may.
  Result<bool> index_full(int64_t index_bytes_max);

 private:
  friend class SegmentCache;
  struct Hot;

  Segment(SegmentHome& home, Offset base_offset, Timestamp now, FileSuffix suffix);

  Result<Hot*> heat();
  Result<Hot*> heat_with_indexes(FileSlice* cold = nullptr);
  Result<> load_indexes(Hot& hot, FileSlice* cold);
  Result<> check_ends(const OffsetIndex::Entry& last, Offset last_in_times, const Hot& hot,
                      FileSlice* cold) const;
  Result<> rebuild_indexes(Hot& hot);
  HeaderWalk walk(const Hot& hot, int64_t from, const FileSlice* cold = nullptr) const;
  static Result<const kafka::BatchHeaderView*> step(HeaderWalk& headers, const Hot& hot,
                                                    FileSlice* cold);
  template <class Index, class Parse>
  Result<Index> read_index(FileKind kind, FileSlice* cold, Parse parse);
  Result<> cut_tail(Hot& hot, UnsyncedFiles& unsynced);
  void index_batches(Bytes batches, int64_t interval, Hot& hot);
  Result<> write_whole_file(FileKind kind, Bytes content, UnsyncedFiles& unsynced);
  /// Lets go of file and indexes. Returns false when that would lose something.
  bool cool();

  SegmentHome& home_;
  Offset base_offset_;
  int64_t size_ = 0;
  int64_t bytes_since_index_entry_ = 0;
  Largest largest_;
  Timestamp first_timestamp_;
  Timestamp created_;
  std::unique_ptr<Hot> hot_;
  std::unique_ptr<std::vector<Damage>> damage_;  // most have none
  FileSuffix suffix_;
  bool largest_known_ = false;
  bool first_timestamp_known_ = false;
  bool indexes_unsaved_ = false;   // the files are behind what is in memory
  bool indexes_unsynced_ = false;  // the files are right, but not stable
  bool tail_to_cut_ = false;       // a failed write may have left bytes behind size_
  bool has_aborted_ = false;       // there is a .txnindex
};

}  // namespace millrace::log
