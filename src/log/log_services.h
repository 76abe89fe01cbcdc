// LogServices: what all logs of one data directory share. Made and owned by LogDirectory.
#pragma once

#include <functional>
#include <string>

#include "base/bytes.h"
#include "base/time.h"
#include "kafka/compression.h"
#include "log/log_config.h"
#include "runtime/env.h"
#include "runtime/task.h"

namespace millrace::log {

class CheckpointPlan;
class Cleaner;
class Committer;
class DueTimes;
class Journal;
class PartitionLog;
class Removals;
class SegmentCache;
class WriteTrouble;

/// Memory that appends and searches reuse.
struct Scratch {
  kafka::Compressor compressor;
  kafka::Decompressor decompressor;
  Buffer records;
  Buffer batch;
};

/// Borrowed; outlives every log.
struct LogServices {
  runtime::Env& env;
  std::string directory;  ///< the data directory
  Durability durability;
  Duration producer_id_expiration;
  Duration retention_check_interval;
  bool recovery_checks_crc;  ///< see log_directory.h
  /// Writes the checkpoint of recovery points as they are.
  std::function<runtime::Task<>()> write_recovery_points;
  SegmentCache& cache;
  Committer& committer;
  Journal& journal;
  Cleaner& cleaner;
  Removals& removals;
  DueTimes& due_times;
  CheckpointPlan& checkpoints;
  WriteTrouble& write_trouble;
  Scratch& scratch;
};

}  // namespace millrace::log
