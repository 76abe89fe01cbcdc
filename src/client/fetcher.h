// Fetcher: reads batches of the partitions it was given, from the offsets it was given. Knows
// nothing of groups.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <vector>

#include "client/assignor.h"
#include "client/cluster.h"
#include "kafka/messages/fetch.h"
#include "kafka/record.h"

namespace millrace::client {

/// What to do about a partition whose offset is not there (any more).
enum class OffsetReset { kEarliest, kLatest, kFail };

struct FetcherOptions {
  Duration wait_max = milliseconds(500);  ///< how long a broker may hold an answer back
  int32_t bytes_min = 1;                  ///< ... while it has less than this
  int32_t bytes_max = 50 << 20;
  int32_t partition_bytes_max = 1 << 20;
  OffsetReset reset = OffsetReset::kEarliest;
  size_t batch_decompressed_max = size_t{256} << 20;
};

/// Record batches of one partition. The bytes belong to the answer they came in, which is shared.
struct Fetched {
  TopicPartition partition;
  Offset from;  ///< records below were not asked for
  Offset next;  ///< behind the last whole batch
  Offset high_watermark;
  Offset log_start;
  Bytes batches;  ///< whole batches, then maybe part of one
  std::shared_ptr<Reply<kafka::FetchResponse>> answer;
};

class Fetcher {
 public:
  Fetcher(Cluster* cluster, FetcherOptions options);

  /// Replaces what is read. Kept positions of partitions that stay.
  void assign(const std::map<TopicPartition, Offset>& partitions);
  void seek(const TopicPartition& partition, Offset offset);
  /// A paused partition keeps its position and is not asked for.
  void pause(const TopicPartition& partition);
  /// The offset after the last record handed out. kNoOffset when the partition is not assigned.
  Offset position(const TopicPartition& partition) const;
  std::map<TopicPartition, Offset> positions() const;

  /// Waits for data of any partition, at most until `deadline`; empty then. Moves the positions
  /// behind what is returned, and only then. Moved leaders and offsets out of range are dealt with
  /// on the way.
  /// Errors: kOffsetOutOfRange with OffsetReset::kFail; errors that no retry mends, such as
  /// kTopicAuthorizationFailed; kUnknownTopicOrPartition when a topic is gone.
  runtime::Task<std::vector<Fetched>> poll(MonoTime deadline);

  const FetcherOptions& options() const { return options_; }

 private:
  struct State {
    Offset position;
    bool paused = false;
  };
  using Share = std::vector<TopicPartition>;

  runtime::Task<std::map<BrokerId, Share>> by_leader();
  runtime::Task<> fetch_from(BrokerId broker, Share share, Duration wait,
                             std::vector<Fetched>* into);
  runtime::Task<> recover(TopicPartition partition, Errc code);
  runtime::Task<bool> take(const std::shared_ptr<Reply<kafka::FetchResponse>>* answer,
                           std::vector<Fetched>* into);

  Cluster* cluster_;
  FetcherOptions options_;
  std::map<TopicPartition, State> partitions_;
  int failures_ = 0;  // in a row; how long to back off
};

/// Calls `each` for every data record of `fetched` at or above its first offset, in order; control
/// records are skipped. Records cut off at the end come with the next fetch.
/// Errors: kCorruptMessage with topic, partition and offset; kMessageTooLarge; what `each` returns.
Result<> for_each_record(const Fetched& fetched, kafka::Decompressor& decompressor,
                         size_t batch_decompressed_max,
                         const std::function<Result<>(const kafka::RecordView&)>& each);

}  // namespace millrace::client
