// PartitionCheck: reads a partition of a stopped data directory from end to end and holds every
// file of it against the batches: indexes, leader epochs, producer snapshots, its id. What follows
// from the batches it can write anew; the batches themselves it never touches.
// Not for a running log, nor for the files of the whole directory: directory_check.h.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "kafka/compression.h"
#include "log/file_names.h"
#include "log/finding.h"
#include "log/leader_epochs.h"
#include "log/log_loader.h"
#include "log/producer_check.h"
#include "log/segment.h"
#include "runtime/env.h"
#include "runtime/task.h"

namespace millrace::log {

struct PartitionCheckOptions {
  std::string directory;  ///< the data directory
  TopicPartition partition;
  LogCheckpoints checkpoints;
  std::optional<TopicId> topic_id;  ///< as the metadata says; unknown without
  bool may_have_gaps = false;       ///< it is compacted
  bool repair = false;
  Duration producer_id_expiration;
  /// Told how many bytes were read since the last time.
  std::function<void(int64_t bytes)> progress;
};

class PartitionCheck {
 public:
  PartitionCheck(runtime::Env& env, PartitionCheckOptions options);
  ~PartitionCheck();

  /// Runs: yields every few MiB. The check outlives the task.
  /// Errors: kIo.
  runtime::Task<> run();

  std::vector<Finding>& findings() { return findings_; }
  size_t segments() const { return segments_.size(); }
  /// Where the first segment begins, whatever the checkpoint says.
  Offset first_offset() const { return segments_.empty() ? Offset(0) : segments_.front().base; }
  /// Where the log begins without the checkpoint: where its epochs do, if the file tells.
  Offset start_by_epochs() const {
    const std::optional<EpochEntry> earliest = epochs_.earliest();
    return earliest ? std::clamp(earliest->start_offset, first_offset(), log_end())
                    : first_offset();
  }
  Offset log_end() const { return end_; }

 private:
  struct SegmentFiles {
    Offset base;
    int64_t size = 0;
    bool has_transactions = false;  // a .txnindex
  };
  struct Checks;  // of one segment

  Result<> list_files();
  Result<> check_id();
  Result<> read_epochs();
  Result<> read_snapshots();
  void read_indexes(const SegmentFiles& files, Checks& checks) const;
  runtime::Task<> check_segment(size_t index);
  Result<> note_batch(SegmentScan& scan, Checks& checks);
  void note_damage(const Damage& damage, size_t index);
  Offset end_of_damage(const Damage& damage, size_t index) const;
  void note_gap(const kafka::BatchHeaderView& batch, const std::string& file);
  Result<> check_records(const kafka::RecordBatchView& batch);
  void note_epoch(const kafka::BatchHeaderView& batch);
  Result<> compare_snapshots(Offset upto);
  Result<> end_segment(size_t index, Checks& checks);
  Result<> check_index(FileKind kind, Offset base, const Result<>& verdict, const Buffer& right);
  Result<> check_transactions(const SegmentFiles& segment, const Segment::Contents& right);
  Result<> end_log();
  void check_start();
  Result<> end_epochs();

  Offset end_of(size_t index) const;
  bool is_trusted(size_t index) const;
  std::string file_name(const SegmentFileName& name) const;
  std::string path_of(std::string_view file) const;
  Result<std::string> read(std::string_view file) const;
  void lost(std::string file, std::string what, std::string remedy);
  Result<> derived(std::string file, std::string what, std::string_view right);
  void odd(std::string file, std::string what, std::string remedy);

  runtime::Env& env_;
  PartitionCheckOptions options_;
  std::string name_;  // of the partition's directory
  std::vector<SegmentFiles> segments_;
  std::vector<Offset> snapshots_;  // not yet compared, ascending
  Offset log_start_{0};
  Offset end_{0};         // behind the last batch so far
  bool damaged_ = false;  // from here on the batches do not tell everything
  bool epochs_readable_ = false;
  bool stable_epochs_ = false;  // some batch that was made stable tells its epoch
  LeaderEpochs epochs_;         // as the file says
  LeaderEpochs epochs_found_;   // as the batches say
  std::optional<std::string> epochs_wrong_;
  ProducerReplay producers_;
  kafka::Decompressor decompressor_;
  Buffer decompressed_;
  std::vector<Finding> findings_;
};

}  // namespace millrace::log
