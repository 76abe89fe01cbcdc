// Journal: what makes acknowledged records stable: one file that all partitions of a data directory
// share, so that one write to the device covers whatever arrived meanwhile. Group commit without a
// timer: the next group is written as soon as the one before is stable; the busier it is, the more
// one write covers.
//
//   append ──> segment (page cache) ──────────────> synced behind ──> journal space is free again
//      └─────> group ──> frame in the ring, stable ──> acknowledged
//
// Batches of bypass_bytes() and more are not written twice: the journal only says that they are
// there, and they count once the segment is synced (committer.h). Not recovery: that is
// journal_recovery.h.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "log/journal_frame.h"
#include "log/journal_ring.h"
#include "runtime/block_buffer.h"
#include "runtime/env.h"
#include "runtime/scope.h"
#include "runtime/task.h"
#include "runtime/wait.h"

namespace millrace::log {

class PartitionLog;

/// What the journal has done with batches. The latter two go another way: their segment is to be
/// synced before they count.
enum class Journaled : uint8_t {
  kWhole,    ///< they are in the next group; the log is told when it is stable
  kNoted,    ///< that they are there is in the next group
  kNothing,  ///< the next entry of this log must say so, see Journal::note_bypass()
};

/// Where a log's part of the group that collects is.
struct JournalSlot {
  uint64_t group = 0;
  uint32_t part = 0;
};

class Journal {
 public:
  /// `room` is woken when has_room() may have become true. Borrows all.
  Journal(runtime::Env& env, const std::string& directory, const JournalOptions& options,
          runtime::WaitQueue& room);

  /// What an earlier run has left.
  struct Earlier {
    std::vector<std::string> files;
    uint64_t oldest_sequence = 1;  ///< of the frames that are needed
    uint64_t next_sequence = 1;    ///< above that of every frame
  };
  /// Requires: once, before all else.
  void start(const Uuid& directory_id, Earlier earlier) {
    directory_id_ = directory_id;
    next_sequence_ = earlier.next_sequence;
    recovering_ = !earlier.files.empty();
    ring_.avoid(std::move(earlier.files), earlier.oldest_sequence);
  }
  /// Nothing more is brought back from the files that were there.
  void end_recovery() { recovering_ = false; }
  /// Takes over the files that were there: these logs were brought up to date from them.
  void adopt_earlier(const std::vector<std::shared_ptr<PartitionLog>>& logs);

  /// Has all that it holds now synced in the segments, and makes its files free, in the background.
  void flush_behind();

  /// Has the batches, which are in the segment already, in the next group, unless they are large,
  /// the group is full, or there is no journal for now.
  Journaled append(PartitionLog& log, const JournalEntry& entry);
  /// Says that the offsets [entry.first, entry.next) are in the segment only. Returns whether it is
  /// in the next group. Without it recovery takes them for lost when a later entry follows them.
  bool note_bypass(PartitionLog& log, JournalEntry entry);
  /// Says that the log was cut, before anything that is appended to it afterwards. Returns false
  /// when there is no journal any more.
  bool append_cut(PartitionLog& log, const JournalEntry& entry);

  /// Whether another append is welcome. While the device does not keep up it is not: memory for
  /// what waits is bounded, and so is what waits in the page cache.
  bool has_room() const {
    return group_.frame.size() < group_bytes_max_ && bypassing_ < kBypassingMax;
  }

  /// Batches that bypass the journal are on their way to the device, or have arrived. Units: bytes.
  void bypass_began(int64_t bytes) { bypassing_ += bytes; }
  void bypass_ended(int64_t bytes);

  /// Where a log's newest records are: while they may still be brought back, in earlier files.
  JournalRing::Turn turn() const {
    return recovering_ ? JournalRing::kEarlierTurn : ring_.current_turn();
  }
  /// Notes that the log needs the files from `turn` on.
  void needs(JournalRing::Turn turn, std::shared_ptr<PartitionLog> log) {
    ring_.needs(turn, std::move(log));
  }

  /// Waits until nothing is being written.
  runtime::Task<> idle();
  /// Removes the files, stably. Requires: idle, and everything is stable in the segments.
  Result<> remove() { return ring_.remove(); }

  int64_t bypass_bytes() const { return bypass_bytes_; }

  /// Units: frames, and bytes with padding, since the start.
  uint64_t frame_count() const { return frame_count_; }
  uint64_t bytes_written() const { return bytes_written_; }
  /// Why nothing is written to it any more, if so.
  const Error* failure() const { return failure_.get(); }

 private:
  static constexpr int64_t kBypassingMax = int64_t{64} << 20;

  // What one log has in a group.
  struct Part {
    std::shared_ptr<PartitionLog> log;
    Offset end;
    uint64_t truncations = 0;
    bool cut = false;
  };
  struct Group {
    JournalFrameWriter frame;
    std::vector<Part> parts;
  };

  bool usable() const;
  // Twice the group's bound still fits a file.
  bool fits(size_t more) const { return group_.frame.size() + more < 2 * group_bytes_max_; }
  Part& add(PartitionLog& log, const JournalEntry& entry);
  runtime::Task<> run();
  runtime::Task<> write(Group* group);
  void tell(Group& group);
  void on_trouble(Group& group, const Error& error);
  runtime::Task<> release();
  runtime::Task<> release_oldest();
  runtime::Task<> flush(std::shared_ptr<PartitionLog> log, JournalRing::Turn turn);

  runtime::Env& env_;
  runtime::WaitQueue& room_;
  JournalRing ring_;
  Uuid directory_id_;
  uint64_t next_sequence_ = 1;
  const bool enabled_;
  size_t group_bytes_max_;
  int64_t bypass_bytes_;
  int64_t bypassing_ = 0;
  Group group_;   // collects
  Group flying_;  // is being written
  uint64_t group_number_ = 1;
  bool running_ = false;
  bool recovering_ = false;
  JournalRing::Turn release_until_ = 0;
  MonoTime closed_until_;  // no space for a single file
  std::unique_ptr<Error> failure_;
  uint64_t frame_count_ = 0;
  uint64_t bytes_written_ = 0;
  runtime::WaitQueue idle_;
  runtime::Scope scope_;  // last: its tasks use the rest
};

}  // namespace millrace::log
