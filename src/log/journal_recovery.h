// JournalRecovery: what an earlier run has left in the journal, brought back into the partitions.
// What a segment holds already is left as it is; what it lacks is appended.
//
//   a frame that is damaged, or a file that is missing    the log says which; partitions that lack
//                                                         something before later records show the
//                                                         gap as damage
//   a last frame that is incomplete                       nobody was told of it; it is left out
//   a journal of another directory                        refused
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/result.h"
#include "kafka/record_batch.h"
#include "log/journal_frame.h"
#include "runtime/env.h"
#include "runtime/task.h"

namespace millrace::log {

class PartitionLog;

class JournalRecovery {
 public:
  /// A partition by its topic's id; the journal knows no names.
  using Key = std::pair<TopicId, PartitionIndex>;
  using Find = std::function<std::shared_ptr<PartitionLog>(const Key&)>;

  JournalRecovery(runtime::Env& env, std::string directory, const Uuid& directory_id)
      : env_(env), directory_(std::move(directory)), directory_id_(directory_id) {}

  /// Finds the files, reads every frame and notes which partitions the needed ones have. Changes
  /// nothing.
  /// Errors: kForeignDirectory, kNewerFormat, kIo; each names the file and says what to do.
  /// Bounds: reads each file once; memory for one, and a few words per frame and partition.
  Result<> open();
  /// The newest frame may be in the page cache only. Requires: before anything relies on it.
  Result<> make_stable();
  /// Removes what there is instead: the server was stopped in order.
  Result<> discard();

  /// Where the files are, sorted.
  const std::vector<std::string>& files() const { return paths_; }
  uint64_t oldest_sequence() const {
    return frames_.empty() ? 1 : frames_.back().header.oldest_needed;
  }
  uint64_t next_sequence() const {
    return frames_.empty() ? 1 : frames_.back().header.sequence + 1;
  }
  bool holds(const Key& key) const { return partitions_.contains(key); }
  /// Below it the segments of the partition are stable: what its checkpoint says, or more.
  Offset recovery_point(const Key& key, Offset checkpoint) const;

  /// Frames, by their sequence, that are needed and are damaged or missing: what only they held is
  /// lost. Of the newest ones nobody knows that they were there.
  struct Gap {
    uint64_t first = 0;
    uint64_t last = 0;
  };
  std::vector<Gap> gaps() const;

  /// Brings the logs that `find` gives up to date; it may give none. Each is done once.
  /// Runs: yields between frames. Errors: kIo.
  runtime::Task<> replay(Find find);
  /// The same for one, at once.
  Result<> replay_now(const std::shared_ptr<PartitionLog>& log);

  /// Units: frames, bytes and records' batches so far.
  struct Report {
    uint64_t frames = 0;
    int64_t bytes = 0;
    uint64_t batches_restored = 0;
  };
  /// The partition's files are gone. What the journal only notes of it is lost with them, and those
  /// offsets are not given out again.
  void note_lost(const Key& key) { lost_.insert(key); }

  const Report& report() const { return report_; }

 private:
  struct Frame {
    size_t file = 0;
    int64_t position = 0;
    JournalFrameHeader header;
    uint64_t first_entry = 0;  // of all entries, in order
  };
  // The log was cut by the entry that is the `at`-th of all: what came before counts up to `bound`.
  struct Cut {
    uint64_t at = 0;
    Offset bound;
    Offset first;
  };
  // What is known of a partition.
  struct Known {
    Offset recovery_point{0};  // below it the segments are stable
    std::vector<Cut> cuts;

    /// Up to where an entry still counts.
    Offset bound_of(uint64_t at) const;
  };
  // How far the replay of one log is.
  struct Progress {
    std::shared_ptr<PartitionLog> log;  // null once it is done
    const Known* known = nullptr;
    Offset end{0};               // behind the last record that the journal knows
    bool lost = false;           // see note_lost()
    Offset bypass_missing{0};    // up to here the segment lacks what bypassed the journal
    Offset unproven{INT64_MAX};  // from here on it may have it in the page cache only
    bool stopped = false;
  };

  Result<> find_files();
  Result<> read_frames(size_t file);
  Result<> note_entries(const Frame& frame);
  Result<> read_again(const Frame& frame);
  Result<> replay_frame(const Frame& frame, const Find& find);
  Progress* progress_of(const Key& key, const Find& find);
  Result<> replay_entry(Progress& progress, const JournalEntry& entry, uint64_t at);
  static Result<> pass_over(Progress& progress, Offset upto);
  Result<> replay_batch(Progress& progress, const JournalEntry& entry,
                        const kafka::RecordBatchView& batch);
  Result<> close_gap(Progress& progress, const JournalEntry& entry, Offset upto);
  Result<> end_replay();

  runtime::Env& env_;
  std::string directory_;
  Uuid directory_id_;
  std::vector<std::string> paths_;
  std::vector<Frame> frames_;  // ascending
  std::map<Key, Known> partitions_;
  std::map<Key, Progress> progress_;
  size_t open_file_ = SIZE_MAX;
  std::unique_ptr<runtime::File> file_;
  Buffer buffer_;
  std::set<Key> lost_;
  Report report_;
};

}  // namespace millrace::log
