// DirectoryCheck: a data directory that no server uses, read from end to end: its own files, and
// every partition by partition_check.h. It can write anew what the records tell; records it never
// touches, so there is nothing that it could make worse.
// Not for what the metadata says: who calls knows which partitions there ought to be.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "log/checkpoint_file.h"
#include "log/file_names.h"
#include "log/finding.h"
#include "log/journal_recovery.h"
#include "log/meta_properties.h"
#include "log/partition_check.h"
#include "log/removed_names.h"
#include "runtime/env.h"
#include "runtime/task.h"

namespace millrace::log {

struct DirectoryCheckOptions {
  std::string path;
  bool repair = false;
  Duration producer_id_expiration = seconds(24 * 3600);
};

/// What the metadata says of a partition.
struct KnownPartition {
  TopicId topic_id;
  bool may_have_gaps = false;  ///< it is compacted
};
using KnownPartitions = std::map<TopicPartition, KnownPartition>;

struct CheckProgress {
  int64_t bytes_done = 0;
  int64_t bytes_total = 0;
  size_t partitions_done = 0;
  size_t partitions_total = 0;
};

struct CheckReport {
  bool clean = false;    ///< the last server here was stopped in order
  bool journal = false;  ///< it was not, and its journal may hold what the segments lack
  size_t partitions = 0;
  size_t segments = 0;
  int64_t bytes = 0;
  std::vector<Finding> findings;
};

class DirectoryCheck {
 public:
  /// Takes the directory's lock, and holds it as long as the check lives.
  /// Errors: kLocked with the process that has it; kForeignDirectory when it is no data directory;
  /// kIo, kNotFound.
  static Result<std::unique_ptr<DirectoryCheck>> open(runtime::Env& env,
                                                      DirectoryCheckOptions options);
  ~DirectoryCheck();

  /// Nothing when meta.properties cannot be read; that is a finding of run().
  const std::optional<MetaProperties>& meta() const { return meta_; }

  /// Reads everything. Without `known`, as when the metadata cannot be read, a partition is not
  /// held against it.
  /// Runs: yields every few MiB. Errors: kIo.
  runtime::Task<CheckReport> run(const KnownPartitions* known,
                                 std::function<void(const CheckProgress&)> progress);

 private:
  DirectoryCheck(runtime::Env& env, DirectoryCheckOptions options);

  Result<> take_possession();
  Result<> list();
  Result<> read_checkpoints();
  runtime::Task<> check_partition(TopicPartition name, const KnownPartitions* known,
                                  const std::function<void(const CheckProgress&)>* progress);
  LogCheckpoints checkpoints_of(const TopicPartition& name, TopicId id) const;
  Result<> read_journal();
  void check_known(const KnownPartitions& known);
  Result<> check_checkpoint(std::string_view name);
  void add(Harm harm, std::string_view where, std::string what, std::string remedy = "");

  struct Extent {
    Offset start;  // without the checkpoint
    Offset end;
  };
  struct CheckpointFile {
    bool there = false;
    std::optional<std::string> wrong;  // why it cannot be read
    OffsetCheckpoint offsets;
  };

  runtime::Env& env_;
  DirectoryCheckOptions options_;
  std::unique_ptr<runtime::DirectoryLock> lock_;
  std::optional<MetaProperties> meta_;
  std::optional<JournalRecovery> journal_;
  std::vector<TopicPartition> partitions_;
  RemovedNames removed_names_;  // none after an orderly stop: then the lines are true
  std::map<TopicPartition, Extent> extents_;
  std::map<std::string, CheckpointFile, std::less<>> checkpoints_;
  CheckProgress state_;
  CheckReport report_;
};

}  // namespace millrace::log
