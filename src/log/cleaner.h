// Cleaner: compacts the logs of a data directory, one after the other, the dirtiest first, at a
// bounded pace. Logs come when PartitionLog::attend() finds them dirty enough; nobody looks for
// them.
#pragma once

#include <cstdint>
#include <map>
#include <memory>

#include "base/time.h"
#include "log/compaction.h"
#include "log/file_names.h"
#include "log/log_services.h"
#include "log/pacer.h"
#include "runtime/task.h"
#include "runtime/wait.h"

namespace millrace::log {

struct CleanerOptions {
  bool enabled = true;                              ///< log.cleaner.enable
  size_t dedupe_buffer_bytes = 128u << 20;          ///< log.cleaner.dedupe.buffer.size
  double load_factor = 0.9;                         ///< log.cleaner.io.buffer.load.factor
  double bytes_per_second_max = Pacer::kUnlimited;  ///< log.cleaner.io.max.bytes.per.second
  Duration backoff = seconds(15);                   ///< log.cleaner.backoff.ms, after a failure
};

class Cleaner {
 public:
  Cleaner(LogServices& services, const CleanerOptions& options)
      : services_(services),
        options_(options),
        pacer_(services.env.loop, options.bytes_per_second_max) {}

  /// Has the log compacted when its turn comes. Again is no harm.
  void add(std::shared_ptr<PartitionLog> log, double dirty_ratio);

  /// Compacts until it is cancelled.
  runtime::Task<> run();

  /// Since the start.
  const Compaction::Statistics& statistics() const { return statistics_; }
  uint64_t pass_count() const { return pass_count_; }
  bool enabled() const { return options_.enabled; }

 private:
  struct Candidate {
    std::shared_ptr<PartitionLog> log;
    double dirty_ratio = 0;
  };

  std::shared_ptr<PartitionLog> take_dirtiest();
  runtime::Task<> clean(std::shared_ptr<PartitionLog> log);
  void note(const Compaction& pass);

  LogServices& services_;
  CleanerOptions options_;
  Pacer pacer_;
  std::map<TopicPartition, Candidate> candidates_;
  runtime::WaitQueue arrived_;
  Compaction::Statistics statistics_;
  uint64_t pass_count_ = 0;
};

}  // namespace millrace::log
