// Producer: sends records in batches, idempotently, and tells what became of each batch. Not
// transactions.
//
//   send() -> the batch being filled of (topic, partition) -> a lane sends one batch after the
//   other
//
// A lane has one request on its way, so order holds and a retry can never overtake.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "client/cluster.h"
#include "kafka/record_batch_builder.h"
#include "runtime/scope.h"

namespace millrace::client {

struct ProducerOptions {
  kafka::Codec codec = kafka::Codec::kNone;
  int level = kafka::kStandardLevel;
  int16_t acks = -1;                           ///< -1 all, 1 leader, 0 none (never answered)
  bool idempotent = true;                      ///< needs acks = -1 (KIP-98)
  Duration linger = milliseconds(5);           ///< how long a batch may wait for more
  size_t batch_bytes = size_t{256} << 10;      ///< a batch is sent once it has this much
  size_t buffer_bytes_max = size_t{64} << 20;  ///< send() waits while more than this is unsent
  Duration delivery_timeout = seconds(120);    ///< a batch is tried for this long
  bool auto_create_topics = true;              ///< as the broker allows
};

/// What became of one batch.
struct Delivery {
  std::string_view topic;
  PartitionIndex partition;
  int32_t records = 0;
  size_t bytes = 0;            ///< of the batch, compressed
  Result<Offset> base_offset;  ///< kNoOffset when acks = 0 or the broker has forgotten it
  Duration waited;             ///< from the batch's first record on
};

/// Lifecycle: start(), any number of send(), flush(); destruction drops what is unsent.
class Producer {
 public:
  using OnDelivery = std::function<void(const Delivery&)>;

  /// `on_delivery` runs once per batch, on the loop. `cluster` outlives the producer.
  Producer(Cluster* cluster, ProducerOptions options, OnDelivery on_delivery);
  ~Producer();

  /// Asks for a producer id when idempotent. Errors: as the cluster's; kInvalidSetting.
  runtime::Task<> start();

  /// Adds a record to the batch of its partition: the one given, else by murmur2 of the key as
  /// Kafka's clients do, else one after another as batches fill (KIP-480). Waits while the buffer
  /// is full. Requires: what the record views outlives the call. Errors: kUnknownTopicOrPartition;
  /// kMessageTooLarge; the first delivery error after which idempotence cannot be kept: create a
  /// new producer then.
  runtime::Task<> send(std::string topic, std::optional<PartitionIndex> partition,
                       kafka::Record record);

  /// Sends what is waiting without lingering and returns once every batch was delivered or has
  /// failed.
  runtime::Task<> flush();

  size_t unsent_bytes() const { return unsent_bytes_; }

 private:
  struct Batch;
  struct Lane;
  struct TopicState;

  runtime::Task<TopicState*> topic_state(std::string topic);
  PartitionIndex choose_partition(const TopicState& topic, const kafka::Record& record);
  Lane& lane(const std::string& topic, PartitionIndex partition);
  runtime::Task<> run_lane(Lane* lane);
  Result<> seal(Lane& lane);
  runtime::Task<> deliver(Lane* lane);
  runtime::Task<Offset> try_once(Lane* lane, Batch* batch);
  void stamp(const Lane& lane, Batch& batch) const;
  void finish(Lane& lane, Result<Offset> result);

  Cluster* cluster_;
  ProducerOptions options_;
  OnDelivery on_delivery_;
  kafka::Compressor compressor_;
  ProducerId producer_id_ = kNoProducerId;
  ProducerEpoch producer_epoch_ = kNoProducerEpoch;
  std::map<std::string, TopicState> topics_;
  std::map<std::pair<std::string, PartitionIndex>, std::unique_ptr<Lane>> lanes_;
  size_t unsent_bytes_ = 0;
  int flushing_ = 0;
  std::optional<Error> broken_;
  runtime::WaitQueue room_;
  runtime::WaitQueue idle_;
  runtime::Scope scope_;
};

}  // namespace millrace::client
