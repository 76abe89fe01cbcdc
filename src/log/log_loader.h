// LogLoader: makes a PartitionLog of what is in its directory, after a clean stop or a crash.
//
// After a crash every segment from the recovery point on is read from end to end: indexes, producer
// state and leader epochs are rebuilt, and
//
//   at or above the recovery point   the first byte that is no batch, and all behind it, is cut:
//                                    nobody was told that it was stable
//   below it                         it was stable once, so this is rot: the bytes stay, their
//                                    offsets are reported, and what lies behind stays readable
//
// CRCs are checked above the recovery point. Below it headers have to follow each other; where they
// do not, the whole segment is checked. Rot in records there is for those who check CRCs: clients,
// compaction, `millrace log check`.
//
// A segment that ends before the next one begins is treated as if its end were damaged. A batch
// that reaches into the next segment, or beyond what its own indexes can tell, is damaged itself.
// After an orderly stop only the end is looked at; the rest is believed until a read meets
// otherwise.
//
// Source: Kafka's LogLoader.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "log/partition_log.h"
#include "log/segment_scan.h"

namespace millrace::log {

/// What the checkpoints of the data directory say about one log. Each is 0 when they say nothing.
struct LogCheckpoints {
  bool clean = false;  ///< the server was stopped in order
  Offset recovery_point{0};
  Offset log_start{0};
  bool log_start_lost = false;  ///< the server was stopped in order, and no file tells it
  Offset high_watermark{0};
  Offset first_dirty{0};  ///< what compaction has not seen

  /// The log reached to here at least.
  Offset end() const { return std::max({recovery_point, log_start, high_watermark}); }
};

/// What loading found, for progress and reports.
struct LoadReport {
  int64_t bytes_scanned = 0;
  bool files_lost = false;           ///< there is no segment, and there were some
  bool recovery_point_lost = false;  ///< no orderly stop leaves one below what is stable
};

class LogLoader {
 public:
  LogLoader(LogServices& services, std::shared_ptr<PartitionLog> log, LogCheckpoints checkpoints)
      : services_(services), log_(std::move(log)), checkpoints_(checkpoints) {}

  /// Errors: kIo, kCorruptFile, kNewerFormat; the log is not usable then.
  /// Runs: yields every few MiB. The loader outlives the task.
  runtime::Task<> load();
  /// The same, where there is nothing to recover; else it says no, and the log is to be dropped and
  /// loaded anew.
  Result<bool> load_now();

  const LoadReport& report() const { return report_; }

 private:
  struct Files;

  Result<bool> open();
  bool is_recovery_point_lost() const;
  std::string path_of(const SegmentFileName& name) const;
  Result<Files> list_files();
  Result<> finish_swaps(Files& files);
  Result<Offset> end_of_file(const SegmentFileName& name);
  Result<Offset> first_whole(const Files& files);
  Result<> open_segments(const Files& files);
  Result<> load_epochs();
  Result<> start_empty();
  bool measure();
  bool follows_a_gap();
  void note_missing_end();
  void report_missing_start() const;
  runtime::Task<> recover();
  Result<> producers_before(size_t index);
  void take_snapshot(Offset base);
  // What a segment holds.
  struct Reading {
    Segment::Contents contents;
    int64_t stable_bytes = 0;  // below the recovery point
    Offset next_offset{0};
    bool cut = false;  // not all of it can be kept
  };
  runtime::Task<bool> recover_segment(size_t index);
  runtime::Task<> sync_many();
  runtime::Task<std::optional<Reading>> read_segment(size_t index, runtime::File* file,
                                                     Offset trusted);
  static runtime::Task<> write_again(runtime::File* file, int64_t from, int64_t to);
  Result<bool> ends_at_next(size_t index, const Reading& reading);
  static Result<bool> begins_with_batch(Segment& segment);
  Result<> note_batch(Segment::Contents& contents, SegmentScan& scan);
  void note_damage(const Damage& damage, size_t index);
  void note_cut(const Damage& damage, const Segment& segment);
  Result<> settle();
  void take_log_start_from_epochs();
  void remove_stray_snapshots();

  LogServices& services_;
  std::shared_ptr<PartitionLog> log_;
  LogCheckpoints checkpoints_;
  LoadReport report_;
  size_t first_to_recover_ = 0;  // a segment whose indexes are missing or damaged
  Offset scanned_end_;
  std::vector<std::pair<Damage, size_t>> damaged_;  // with the index of the segment
  bool recovered_ = false;
};

}  // namespace millrace::log
