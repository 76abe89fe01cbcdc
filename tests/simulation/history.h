// History: what clients asked for and were told in one run, and when, as plain data. Checkers
// (checkers.h) judge it; they know nothing of brokers, so the same ones judge any implementation.
// Not a log and not the trace: only what somebody outside the server could know.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/time.h"

namespace millrace::scenario {

/// Names of things within one history. Indexes into it.
using PartitionNumber = size_t;
using SendNumber = size_t;
using CommitNumber = size_t;

/// What the server was told about a partition, as far as it may remove records.
struct PartitionRules {
  std::string topic;
  int32_t partition = 0;
  bool compacts = false;
  Duration delete_retention{};             ///< how long tombstones stay
  std::optional<Duration> retention;       ///< none: records do not grow old
  std::optional<int64_t> retention_bytes;  ///< none: any number of bytes
};

enum class Outcome : uint8_t {
  kUnknown,       ///< no answer, or one that leaves it open: it may still take effect
  kAcknowledged,  ///< done, and durable
  kRefused,       ///< it has not happened and never will
};

/// A record that a producer handed over. One per record, however often the client sent it.
struct Send {
  uint64_t record = 0;  ///< unique in the history; the value carries it
  int32_t producer = 0;
  bool idempotent = true;
  PartitionNumber partition = 0;
  std::optional<std::string> key;
  bool tombstone = false;
  uint64_t content = 0;  ///< hash of key, value and headers
  int64_t size_max = 0;  ///< at least as many bytes as it takes in the log
  Timestamp timestamp;
  MonoTime began{};
  MonoTime ended = kNever;
  Outcome outcome = Outcome::kUnknown;
  Offset offset;  ///< when acknowledged
};

struct ReadRecord {
  Offset offset;
  uint64_t record = 0;  ///< 0 when the value does not tell
  uint64_t content = 0;
  Timestamp timestamp;
};

/// An answer to a fetch, or to a question for offsets (then without records).
struct Read {
  int32_t reader = -1;               ///< -1: nobody's sequence
  std::optional<std::string> group;  ///< on whose behalf
  PartitionNumber partition = 0;
  Offset from;  ///< where it was to begin
  Offset to;    ///< where the reader goes on
  Offset log_start;
  Offset high_watermark;
  std::vector<ReadRecord> records;
  MonoTime began{};
  MonoTime ended{};
  Timestamp server_wall;  ///< the latest that the server's clock has shown by then
};

/// A request to forget what lies before an offset (DeleteRecords).
struct Trim {
  PartitionNumber partition = 0;
  Offset before;
  MonoTime began{};
  MonoTime acknowledged = kNever;
};

struct Commit {
  std::string group;
  std::string member;
  GenerationId generation;
  PartitionNumber partition = 0;
  Offset offset;
  MonoTime began{};
  MonoTime ended = kNever;
  Outcome outcome = Outcome::kUnknown;
};

/// What a group's committed offset was said to be.
struct CommittedRead {
  std::string group;
  PartitionNumber partition = 0;
  Offset offset;  ///< -1: none
  MonoTime began{};
  MonoTime ended{};
};

/// A member was told which partitions are its own.
struct Assignment {
  std::string group;
  std::string member;
  GenerationId generation;
  std::vector<PartitionNumber> partitions;
  MonoTime at{};
};

/// Something measured that has a limit.
struct Sample {
  std::string what;
  int64_t value = 0;
  int64_t limit = 0;
  MonoTime at{};
};

/// What happened to the world, for whoever reads a failure.
struct Mark {
  MonoTime at{};
  std::string what;
};

struct History {
  std::vector<PartitionRules> partitions;
  std::vector<Send> sends;
  std::vector<Read> reads;
  std::map<PartitionNumber, Read> final_logs;  ///< each whole, after everything was calm
  std::vector<Trim> trims;
  std::vector<Commit> commits;
  std::vector<CommittedRead> committed_reads;
  std::vector<Assignment> assignments;
  std::vector<Sample> samples;
  std::vector<MonoTime> restarts;  ///< when the server was started again
  std::vector<Mark> marks;

  PartitionNumber add_partition(PartitionRules rules);
  SendNumber begin_send(Send send);
  void end_send(SendNumber send, Outcome outcome, Offset offset, MonoTime now);
  CommitNumber begin_commit(Commit commit);
  void end_commit(CommitNumber commit, Outcome outcome, MonoTime now);

  /// "orders-3".
  std::string name_of(PartitionNumber partition) const;
};

}  // namespace millrace::scenario
