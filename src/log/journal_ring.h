// JournalRing: the files that the journal writes to, one after the other, and again from the start
// once nobody needs what is in them. Not what is in them (journal_frame.h).
//
//   free ──> current ──> full ──> (its records are stable in their segments) ──> free
//
// Files are made when they are needed and never grow: a write to a file whose blocks are there
// already costs the device one write and the file system nothing. Source: performance of recycled
// logs, e.g. PostgreSQL's WAL segments, ScyllaDB's commitlog.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "runtime/env.h"
#include "runtime/scope.h"
#include "runtime/task.h"
#include "runtime/wait.h"

namespace millrace::log {

class PartitionLog;

struct JournalOptions {
  /// Units: bytes; a multiple of kBlockBytes. A frame takes at most half a file.
  int64_t file_bytes = int64_t{16} << 20;
  int files_max = 16;  ///< 0: no journal; every partition is synced by itself
};

/// The journal's files lie beside the partitions' directories; Kafka looks at directories only.
inline constexpr std::string_view kJournalFilePrefix = "millrace-journal-";
bool is_journal_file(std::string_view name);

class JournalRing {
 public:
  /// Where a frame goes.
  struct Place {
    std::shared_ptr<runtime::File> file;
    int64_t position = 0;
  };
  /// Files are used in the order of their turns; each has a new one every time. 0 is no turn.
  using Turn = uint64_t;

  JournalRing(runtime::Env& env, std::string directory, const JournalOptions& options)
      : env_(env), directory_(std::move(directory)), options_(options), preparing_(env.loop) {}

  /// The turn of files that an earlier run has left.
  static constexpr Turn kEarlierTurn = 1;

  /// Files with these paths are there already and are left alone: they are needed, with what they
  /// hold from this sequence on.
  void avoid(std::vector<std::string> paths, uint64_t oldest_sequence);
  /// Takes them over, as full ones; who needs them is told by needs().
  void adopt_avoided();

  /// The place for the next frame, `bytes` long. Waits while every file is needed, and is pressed
  /// then. Errors: kDiskFull, kIo: not a single file can be made, or all are pinned.
  runtime::Task<Place> take(size_t bytes);

  /// Notes that `log` has records that are perhaps only in the files from `turn` on.
  void needs(Turn turn, std::shared_ptr<PartitionLog> log);

  Turn current_turn() const { return turn_; }
  /// Whether so much is in use that the oldest file should be made free, or somebody waits for it.
  bool pressed() const { return starved_ || int(full_.size()) * 2 >= options_.files_max; }
  /// The turn of the oldest full one; 0 when there is none.
  Turn oldest_turn() const { return full_.empty() ? 0 : full_.front()->turn; }
  /// Who needs the oldest full one. Requires: there is one.
  const std::vector<std::shared_ptr<PartitionLog>>& needy() const { return full_.front()->needy; }
  /// Nobody needs the oldest full one any more. It is used again, or spare.
  void release_oldest();
  /// Removes what is spare, in the background. Requires: a frame is stable that was written since
  /// it was released, for older ones tell recovery to look for it.
  void drop_spare();
  /// The oldest full one is needed until a restart, and so is what came behind it.
  void pin() { pinned_ = true; }
  bool pinned() const { return pinned_; }
  /// What is current is full now.
  void close_current();

  /// The sequence that the oldest file in use begins with; `next` when none is in use.
  uint64_t oldest_sequence(uint64_t next) const;
  /// The frame that is written next has this sequence.
  void begins_with(uint64_t sequence);

  /// Waits until nothing is being prepared.
  runtime::Task<> idle();
  /// Removes all files, stably. Requires: idle.
  Result<> remove();

  /// Woken when pressed() may have become true.
  runtime::WaitQueue& pressure() { return pressure_; }
  /// Units: bytes; the room that all files there are take.
  int64_t bytes() const { return int64_t(made_) * options_.file_bytes; }

 private:
  struct RingFile {
    std::string path;
    std::shared_ptr<runtime::File> file;  // opened when it becomes current
    Turn turn = 0;
    uint64_t first_sequence = 0;  // 0: not written in this turn
    int64_t used = 0;
    std::vector<std::shared_ptr<PartitionLog>> needy;
  };

  runtime::Task<> next_file();
  runtime::Task<> make_file(bool zeros);
  runtime::Task<> prepare();
  std::string path_of(int number) const;

  runtime::Env& env_;
  std::string directory_;
  JournalOptions options_;
  std::unique_ptr<RingFile> current_;
  std::deque<std::unique_ptr<RingFile>> full_;
  std::vector<std::unique_ptr<RingFile>> free_;
  std::vector<std::string> spare_;  // every start makes files beside those of the run before
  int made_ = 0;
  int next_number_ = 0;
  Turn turn_ = kEarlierTurn;
  std::vector<std::string> avoided_;
  uint64_t avoided_from_ = 0;  // 0: they are adopted
  bool making_ = false;
  bool pinned_ = false;
  bool starved_ = false;  // take() waits for a file
  bool told_ = false;
  runtime::WaitQueue changed_;
  runtime::WaitQueue pressure_;
  runtime::Scope preparing_;  // last: its tasks use the rest
};

}  // namespace millrace::log
