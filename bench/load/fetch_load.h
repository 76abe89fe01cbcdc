// FetchLoad: consumers that read partitions in fetch sessions (KIP-227), as the Java client does:
// one request at a time, sent when the answer to the one before has come.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/ids.h"
#include "bench/load/json.h"
#include "bench/load/phase.h"
#include "bench/load/poller.h"

namespace millrace::bench {

struct FetchPlan {
  std::string topic;
  int32_t partitions = 1;
  int32_t consumers = 1;
  /// Every consumer reads all partitions (as groups of one member do); else they share them out.
  bool each_reads_all = false;
  int32_t max_wait_ms = 500;
  int32_t min_bytes = 1;
  int32_t max_bytes = 50 << 20;           // of a whole answer; the standards of the Java client
  int32_t partition_max_bytes = 1 << 20;  // of one partition
  /// What a consumer does at a partition's end.
  enum class AtEnd : uint8_t { kWait, kRewind, kStop } at_end = AtEnd::kWait;

  /// --topic, --partitions, --consumers, --max-wait-ms, --min-bytes.
  static FetchPlan from(const Arguments& arguments);
};

class FetchLoad {
 public:
  /// Reads from `starts` on; `ends` is where each partition is to end, with kRewind and kStop.
  FetchLoad(Poller& poller, const std::string& address, const FetchPlan& plan,
            std::vector<Offset> starts, std::vector<Offset> ends);
  ~FetchLoad();

  /// Called with each whole batch as it comes. Set before start().
  std::function<void(Bytes batch, int64_t now)> on_batch;

  void start(const Phase& phase);
  /// With kStop: whether every partition was read to its end.
  bool finished() const;
  int64_t finished_at_ns() const { return finished_at_ns_; }
  int64_t records() const { return records_; }

  /// Adds what came in the phase: fetches, records, fetched_bytes (of batches), fetched_per_s.
  void report(Json& json) const;

 private:
  class Consumer;

  void came(int64_t now, int32_t records, size_t bytes);

  FetchPlan plan_;
  Phase phase_;
  std::vector<Offset> starts_;
  std::vector<Offset> ends_;
  std::vector<std::unique_ptr<Consumer>> consumers_;
  int64_t fetches_ = 0;
  int64_t records_ = 0;
  int64_t bytes_ = 0;
  int64_t finished_at_ns_ = 0;
};

}  // namespace millrace::bench
