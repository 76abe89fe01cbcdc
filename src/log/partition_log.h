// PartitionLog: one partition's records on disk: append, read, search, truncate. Not which broker
// leads it, who may write to it, or how many replicas have it; those are the broker's.
//
//   log start        high watermark      log end
//      |---- readable ----|---- appended ----|
//                ^ last stable offset: what readers of committed data see
//                         durable offset: on stable storage here
//
// Everything is synchronous and ends in the page cache and in the journal's next group; durable()
// waits for stable storage. All on the loop that owns the log. An idle log keeps no file open and
// runs no timer; one that was never written has no directory either.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/recent_line.h"
#include "base/result.h"
#include "base/time.h"
#include "kafka/batch_validation.h"
#include "log/due_times.h"
#include "log/file_names.h"
#include "log/file_slice.h"
#include "log/journal.h"
#include "log/leader_epochs.h"
#include "log/log_config.h"
#include "log/log_services.h"
#include "log/producer_state.h"
#include "log/segment.h"
#include "log/segment_list.h"
#include "log/stable_offsets.h"
#include "runtime/task.h"
#include "runtime/wait.h"

namespace millrace::log {

/// What an append has done.
struct AppendInfo {
  Offset first_offset;
  Offset last_offset;
  Timestamp log_append_time;  ///< kNoTimestamp unless the topic stamps batches
  Offset log_start_offset;
  bool duplicate = false;  ///< was there already; the offsets are those of then
};
using ProduceResult = std::expected<AppendInfo, kafka::BatchRejection>;

/// How far a read may go.
enum class ReadBound : uint8_t {
  kHighWatermark,  ///< consumers
  kLastStable,     ///< consumers of committed data (read_committed)
  kLogEnd,         ///< followers, and ourselves
};

struct ReadOptions {
  int64_t bytes_max = 1 << 20;  ///< the first batch is returned even when it is larger
  ReadBound bound = ReadBound::kHighWatermark;
  /// If set, the read does not wait for the disk: what must be in memory first is noted there, and
  /// the error is kWouldBlock. The records themselves are not looked at.
  FileSlice* cold = nullptr;
};

struct ReadResult {
  FileSlice slice;  ///< whole batches; empty at the bound. The first may begin before `from`.
  /// What the slice holds lies below it. Ask aborted_transactions() up to here.
  Offset upper_bound;
};

/// Offsets whose bytes on disk are no records any more.
struct DamagedRange {
  Offset first;
  Offset next;  ///< the first one behind it
  std::string what;
};

/// The answer of ListOffsets. Each is "none" when there is nothing.
struct OffsetAtTime {
  Timestamp timestamp;
  Offset offset;
  LeaderEpoch leader_epoch;
};

/// Is told when more can be read, or nothing any more. Called in the middle of things: it may note
/// and post, and must not append or truncate.
class LogObserver {
 public:
  virtual ~LogObserver() = default;
  /// Log end, high watermark, last stable offset or log start has moved, or the log has failed or
  /// closed.
  virtual void on_log_change(PartitionLog& log) = 0;
};

/// Who moves the high watermark.
enum class HighWatermarkRule : uint8_t {
  kSoleReplica,  ///< the log itself: to what is durable (page-cache durability: appended)
  kReplicated,   ///< the broker, by set_high_watermark()
};

class PartitionLog : public std::enable_shared_from_this<PartitionLog>, private SegmentOwner {
 public:
  /// Made by LogDirectory only.
  PartitionLog(LogServices& services, TopicPartition name, TopicId topic_id,
               std::shared_ptr<const LogConfig> config);
  PartitionLog(const PartitionLog&) = delete;
  PartitionLog& operator=(const PartitionLog&) = delete;
  ~PartitionLog() override;

  const TopicPartition& name() const { return name_; }
  TopicId topic_id() const { return topic_id_; }
  const LogConfig& config() const { return *config_; }
  /// Takes effect at once; nothing that is there is rewritten.
  void update_config(std::shared_ptr<const LogConfig> config);

  Offset log_start_offset() const { return log_start_; }
  Offset log_end_offset() const { return log_end_; }
  Offset high_watermark() const { return high_watermark_; }
  Offset last_stable_offset() const;
  Offset durable_offset() const { return stable_.durable(); }
  int64_t size_bytes() const { return segments_.size_bytes(); }

  // Appending. All three: the bytes are borrowed, and patched in place (offsets, epoch,
  // LogAppendTime). Errors: kKafkaStorageError once the log has failed or closed; kDiskFull, kIo:
  // nothing was appended, and the next append may succeed.

  /// Appends what a producer sent: one batch, checked by kafka/batch_validation.h, by its
  /// producer's sequence (KIP-98) and by max.message.bytes and segment.bytes. Errors: those of
  /// validate_produced_batch() and ProducerStates::check(), kRecordListTooLarge; nothing was
  /// appended.
  struct ProduceOptions {
    LeaderEpoch leader_epoch;
    bool zstd_allowed = true;  ///< Produce v7 and later
  };
  ProduceResult append_produced(MutableBytes batch, const ProduceOptions& options);

  /// Appends batches that this broker made: group and transaction coordinators, transaction
  /// markers, metadata. They are believed; only producer epochs and coordinator epochs are checked.
  /// Errors: kInvalidProducerEpoch, kTransactionCoordinatorFenced, kRecordListTooLarge.
  Result<AppendInfo> append_own(MutableBytes batches, LeaderEpoch leader_epoch);

  /// Appends a leader's batches as they are: offsets and epochs stay. A cut-off batch at the end is
  /// left out.
  /// Errors: kCorruptMessage (CRC, structure, offsets that do not ascend or lie below the log end).
  Result<AppendInfo> append_replicated(Bytes batches);

  /// Waits until everything below `upto` is stable here; with Durability::kPageCache not at all.
  /// Errors: kKafkaStorageError when the log fails or closes first; kNotLeaderOrFollower when it
  /// was truncated below `upto`.
  runtime::Task<> durable(Offset upto);

  // Reading.

  /// Finds the batches from `from` on, within one segment.
  /// Errors: kOffsetOutOfRange (below log start or above log end); kCorruptMessage with topic,
  /// partition and offsets when the damage begins right here: go on with the offset after it;
  /// kKafkaStorageError for what a log that has failed cannot vouch for.
  /// Bounds: one or two reads of 4 KiB; no data is copied.
  Result<ReadResult> read(Offset from, const ReadOptions& options);

  /// Tells the operator that a reader was refused with what read() or the slice said; the same line
  /// at most once a minute.
  void report_unreadable(const Error& error);

  /// The aborted transactions that overlap [from, to), as a Fetch of committed data lists them.
  Result<std::vector<AbortedTransaction>> aborted_transactions(Offset from, Offset to);

  /// The first record at or after `timestamp`, between log start and the bound. Nothing when there
  /// is none.
  Result<std::optional<OffsetAtTime>> offset_for_timestamp(Timestamp timestamp, ReadBound bound);
  /// The first record of the largest timestamp. Nothing when it is not below the bound.
  Result<std::optional<OffsetAtTime>> offset_of_max_timestamp(ReadBound bound);
  OffsetAtTime earliest() const;
  /// At the high watermark, or the last stable offset for kLastStable.
  OffsetAtTime latest(ReadBound bound) const;

  const LeaderEpochs& leader_epochs() const { return epochs_; }
  /// Notes that this broker leads from the log end on. Requires: not below the latest epoch.
  void begin_leader_epoch(LeaderEpoch epoch);
  std::optional<LeaderEpochs::EndOffset> end_offset_for_epoch(LeaderEpoch epoch) const {
    return epochs_.end_offset_for(epoch, log_end_);
  }

  /// The state of idempotent and transactional producers; null when there never was one.
  const ProducerStates* producers() const { return producers_.get(); }

  /// What is known to be damaged, ascending.
  std::vector<DamagedRange> damaged();

  // Changing what is there.

  /// DeleteRecords: moves log start. kNoOffset means the high watermark. Returns the log start.
  /// Errors: kOffsetOutOfRange above the high watermark.
  Result<Offset> delete_records_before(Offset offset);
  /// Waits until no restart can bring back what lies below `start`, at most until `deadline`.
  /// Errors: kRequestTimedOut; kKafkaStorageError when the log fails or closes first.
  runtime::Task<> log_start_durable(Offset start, MonoTime deadline);

  /// Cuts every batch that reaches `offset`; the log then ends where the last one left does. Who
  /// waits for something above is told. Ends when no crash can undo it; until then nothing can be
  /// appended or cut: kKafkaStorageError. Requires: not dropped before it ends while the log is
  /// used, for the journal voids what is to be cut first.
  runtime::Task<> truncate_to(Offset offset);
  /// Drops everything; the next record gets `offset`. Otherwise the same.
  runtime::Task<> truncate_fully_and_start_at(Offset offset);

  void set_high_watermark_rule(HighWatermarkRule rule);
  /// Moves the high watermark, bounded by log start and log end.
  void set_high_watermark(Offset offset);

  void set_observer(LogObserver* observer) { observer_ = observer; }
  /// Why nothing can be appended any more, if so.
  const Error* failure() const { return failure_.get(); }
  /// Whether a slice that was read when there were so many truncations() still is what it was: the
  /// log was not cut since, and has not failed, for what a failed sync has left in the page cache
  /// is not what was written.
  bool holds_as_read(uint64_t truncations) const {
    return truncations == truncations_ && !failure_;
  }

  // For the journal: journal.h writes, journal_recovery.h reads.

  JournalSlot& journal_slot() { return journal_slot_; }
  /// Counts what makes an offset mean another record: cuts.
  uint64_t truncations() const { return truncations_; }
  /// What was appended is about to be in the file of this turn. Returns whether it is the oldest
  /// one that this log needs.
  bool note_in_journal(JournalRing::Turn turn);
  /// Whether the segments do not have all yet that files up to this turn hold.
  bool needs_journal(JournalRing::Turn turn) const;
  /// The same, of one that cannot be synced any more: a restart needs the files.
  bool lost_without_journal(JournalRing::Turn turn) const;
  /// A group is stable that has the log up to `end`, or its cut.
  void on_journaled(Offset end, uint64_t truncations, bool cut);
  /// The group could not be written.
  void commit_instead(bool cut);
  /// Has the files synced; flushed() is woken after each time.
  void need_commit();
  runtime::WaitQueue& flushed() { return flushed_waiters_; }
  /// Appends what the journal has and the segments had not, as it is.
  Result<> append_recovered(Bytes batches);
  /// Makes the end of the log stable as it is, at once: a cut may be in the page cache only.
  Result<> sync_end_now();
  /// What the segments hold beyond what is known to be stable was not in the journal.
  void end_recovery();
  /// Drops everything, as the journal says it was; the next record gets `offset`.
  Result<> restart_at(Offset offset);
  /// Goes on at `offset`; what is missing before it counts as damage.
  Result<> skip_lost(Offset offset);
  /// The journal has more, which was never acknowledged and does not count: has the next recovery
  /// know, before these offsets are given to something else.
  void disown_journal_tail();

 private:
  friend class Committer;
  friend class LogLoader;
  friend class LogDirectory;
  friend class Retention;
  friend class Cleaner;
  friend class Compaction;

  static constexpr int64_t kUnflushedBytesMax = int64_t{64} << 20;

  enum class CutStep : uint8_t { kNone, kWaiting, kNoting, kNoted };  // in the journal

  // What one commit makes stable. See committer.h.
  struct Commit {
    UnsyncedFiles files;
    bool metadata = false;  // is to be written first
    std::vector<std::string> directories;
    bool lower_recovery_point = false;
    Offset end;
    Offset snapshot = kNoOffset;  // the newest of producers
    uint64_t truncations = 0;
    JournalRing::Turn turn = 0;
    int64_t bypassed_bytes = 0;
    int64_t bytes = 0;
  };
  bool begins_commit();
  /// `next` is empty, for its memory.
  Commit begin_commit(UnsyncedFiles next);
  void end_commit(const Commit& commit, const Result<>& result);

  void sync_soon() override { need_commit(); }

  Result<> check_open() const;
  Result<> check_writable() const;
  Result<> check_descriptors() const;
  Error where(const Error& error) const;
  void changed();
  void fail_for_good(Error error);
  bool flush_due();
  void make_durable(Bytes batches, Offset first);
  JournalEntry journal_entry(Offset first, Offset next) const;
  void note_bypass(Offset upto);
  void durable_changed();
  void settle_journal(const Commit& commit);
  void advance_own_high_watermark();

  // partition_append.cc
  Result<> recompress(const kafka::RecordBatchView& batch);
  Result<> write(Bytes batches);
  Result<> write_to_segment(Bytes batches);
  void note_appended(Bytes batches);
  std::optional<AbortedTransaction> note_producer(const kafka::RecordBatchView& batch);
  Result<Segment*> segment_for(int64_t bytes, Offset first, Offset last, Timestamp max_timestamp);
  Result<bool> active_is_old(Timestamp max_timestamp);
  Result<> push_segment(Offset base_offset);
  Result<> roll_to(Offset base_offset);
  Result<> take_producer_snapshot(Offset at);
  bool producers_outlive(Offset end) const;
  void hurry_removal();
  void note_epoch(LeaderEpoch epoch, Offset start);
  void note_epochs_changed(Offset from);

  // partition_read.cc
  Offset bound_of(ReadBound bound) const;
  Offset end_of_segment(size_t index);
  SegmentOffsets offsets_of(size_t index) const;
  Result<std::optional<ReadResult>> read_in(size_t index, Offset from, Offset end,
                                            const ReadOptions& options);
  Result<std::optional<ReadResult>> read_around_damage(size_t index, Offset from, Offset end,
                                                       const ReadOptions& options);
  DamagedRange range_of(const Damage& damage, size_t index);
  void report(const Damage& damage, size_t index);
  /// Records [first, next) are not there, nor are the files that held them.
  void report_missing(Offset first, Offset next, std::string_view why) const;
  Result<std::optional<OffsetAtTime>> search_by_time(Segment& segment, Timestamp timestamp);
  Result<std::optional<OffsetAtTime>> search_batch(const FileSlice& slice, Timestamp timestamp);

  // partition_truncate.cc
  void move_log_start(Offset offset);
  void remove_segments(size_t from, size_t to, Offset snapshot_kept = kNoOffset);
  void remove_snapshot(Offset offset);
  Result<> cut_to(Offset offset);
  Result<> forget_above_end();
  runtime::Task<> cut(JournalEntryKind how, Offset offset);
  void note_cut(JournalEntryKind how, Offset offset);
  Result<> rebuild_producers(Offset end);
  Result<> restore_snapshot(Offset offset);
  Result<> replay_producers(Segment& segment, Offset from);
  ProducerStates& producers_or_new();

  // For LogDirectory.
  Offset recovery_point() const;
  Offset log_start_to_save() const {
    return std::min(log_start_, std::max(log_start_on_disk_, stable_.flushed()));
  }
  Timestamp next_check(Timestamp due) const;
  bool compacts() const;
  void plan_attention();
  Result<> attend(Timestamp now);
  Result<> queue_compaction(Timestamp now);
  Result<> record_topic_id(TopicId id);
  Result<> make_directory();
  Result<std::shared_ptr<runtime::File>> write_metadata();
  void distrust_page_cache();
  void log_start_saved(Offset saved);
  static runtime::Task<> save_epochs(std::shared_ptr<PartitionLog> log);
  static runtime::Task<> write_epochs(PartitionLog* log);
  Result<> prepare_close();
  void close();

  LogServices& services_;
  TopicPartition name_;
  TopicId topic_id_;
  std::shared_ptr<const LogConfig> config_;
  SegmentHome home_;
  SegmentList segments_;
  Offset log_start_{0};
  Offset log_start_on_disk_{0};  // in the checkpoint
  Offset log_end_{0};
  Offset high_watermark_{0};
  StableOffsets stable_;
  Offset first_dirty_{0};  // what compaction has not seen
  LeaderEpochs epochs_;
  std::optional<Offset> epochs_unsaved_from_;
  std::unique_ptr<ProducerStates> producers_;
  std::vector<Offset> snapshots_;       // of producers, ascending
  Offset stable_snapshot_ = kNoOffset;  // up to it they are on stable storage
  UnsyncedFiles unsynced_;
  JournalSlot journal_slot_;
  JournalRing::Turn unflushed_since_ = 0;  // the oldest file of the journal that is needed
  int64_t bypassed_bytes_ = 0;             // not yet in a commit
  int64_t unflushed_bytes_ = 0;            // the same, of all that was appended
  runtime::WaitQueue durable_waiters_;
  runtime::WaitQueue flushed_waiters_;
  runtime::WaitQueue log_start_waiters_;
  LogObserver* observer_ = nullptr;
  std::unique_ptr<Error> failure_;
  RecentLine unreadable_;
  DueTimes::Entry due_;
  Duration roll_jitter_{};
  uint64_t truncations_ = 0;
  uint64_t stable_truncations_ = 0;  // as many of them are stable in the segments
  uint64_t segments_version_ = 0;    // counts removals and cuts
  HighWatermarkRule high_watermark_rule_ = HighWatermarkRule::kSoleReplica;
  bool on_disk_ = false;            // it has a directory
  bool names_unsynced_ = false;     // of the files
  bool metadata_unsynced_ = false;  // partition.metadata
  bool parent_unsynced_ = false;    // of the directory itself
  bool bypass_unnoted_ = false;     // the journal does not know what it has not got
  bool commit_needed_ = false;
  bool commit_running_ = false;
  bool compaction_queued_ = false;
  bool uncleanable_ = false;
  bool recovery_point_too_high_ = false;  // the one on disk, see begin_commit()
  CutStep cut_step_ = CutStep::kNone;
  bool closed_ = false;
};

}  // namespace millrace::log
