#include "client/producer.h"

#include <fmt/core.h>

#include "kafka/crc32c.h"
#include "kafka/messages/init_producer_id.h"
#include "kafka/messages/produce.h"
#include "kafka/partition_hash.h"
#include "kafka/record_batch.h"

namespace millrace::client {

using runtime::Task;

namespace {

constexpr Duration kTopicAppears = seconds(15);  // how long an auto-created topic may take

// After these the broker may or may not have the batch: its sequence numbers are neither used nor
// free, and nothing after it could be sent safely.
bool is_ambiguous(Errc code) {
  return code == Errc::kTimedOut || code == Errc::kClosed || code == Errc::kUnreachable ||
         code == Errc::kRequestTimedOut || code == Errc::kNotEnoughReplicasAfterAppend ||
         code == Errc::kOutOfOrderSequenceNumber || code == Errc::kInvalidProducerEpoch ||
         code == Errc::kUnknownProducerId || code == Errc::kKafkaStorageError;
}

}  // namespace

struct Producer::Batch {
  Buffer bytes;
  int32_t records = 0;
  MonoTime begun;
};

struct Producer::TopicState {
  int32_t partition_count = 0;
  PartitionIndex sticky{0};  // for records without a key
};

// One partition. Filling and sending overlap; sending is strictly one after the other.
struct Producer::Lane {
  Lane(std::string t, PartitionIndex p, kafka::Compressor& compressor)
      : topic(std::move(t)), partition(p), filling(compressor) {}

  bool has_nothing() const { return filling.empty() && sealed.empty(); }

  std::string topic;
  PartitionIndex partition;
  kafka::RecordBatchBuilder filling;
  bool begun = false;  // filling.begin() was called
  MonoTime filling_since{};
  std::deque<Batch> sealed;
  int32_t next_sequence = 0;
  runtime::WaitQueue changed;
};

Producer::Producer(Cluster* cluster, ProducerOptions options, OnDelivery on_delivery)
    : cluster_(cluster),
      options_(options),
      on_delivery_(std::move(on_delivery)),
      scope_(cluster->env().loop) {}

Producer::~Producer() = default;

Task<> Producer::start() {
  if (options_.acks < -1 || options_.acks > 1) {
    co_await fail(Errc::kInvalidSetting,
                  fmt::format("acks={}: -1 (all), 0 or 1 wanted", options_.acks));
  }
  if (!options_.idempotent) co_return;
  if (options_.acks != -1) {
    co_await fail(Errc::kInvalidSetting, "an idempotent producer needs acks=all");
  }
  const MonoTime deadline = cluster_->env().loop.now() + options_.delivery_timeout;
  for (int attempt = 0;; ++attempt) {
    const std::shared_ptr<Connection> connection = co_await cluster_->to_any();
    kafka::InitProducerIdRequest request;
    request.transactional_id = std::nullopt;
    const auto reply = co_await connection->call(&request);
    if (reply->error_code == 0) {
      producer_id_ = reply->producer_id;
      producer_epoch_ = reply->producer_epoch;
      co_return;
    }
    const Error error(errc_from_kafka(reply->error_code), "ask for a producer id");
    if (!error.info().retriable || cluster_->env().loop.now() >= deadline) co_await fail(error);
    co_await cluster_->back_off(attempt);
  }
}

Task<Producer::TopicState*> Producer::topic_state(std::string topic) {
  const auto known = topics_.find(topic);
  if (known != topics_.end()) co_return &known->second;
  const MonoTime deadline = cluster_->env().loop.now() + kTopicAppears;
  for (int attempt = 0;; ++attempt) {
    Result<> asked =
        co_await as_result(cluster_->refresh_topic(topic, options_.auto_create_topics));
    const TopicInfo* info = cluster_->find_topic(topic);
    if (asked && info && !info->partitions.empty()) {
      TopicState& state = topics_[topic];
      state.partition_count = static_cast<int32_t>(info->partitions.size());
      state.sticky = PartitionIndex(static_cast<int32_t>(
          cluster_->env().random.below(static_cast<uint64_t>(state.partition_count))));
      co_return &state;
    }
    const bool may_be_told = !asked && asked.error().info().retriable &&
                             asked.error().code() != Errc::kUnknownTopicOrPartition;
    const bool may_appear =
        options_.auto_create_topics && (asked || asked.error().info().retriable);
    if (!(may_be_told || may_appear) || cluster_->env().loop.now() >= deadline) {
      co_await std::move(asked);
      co_await fail(Errc::kUnknownTopicOrPartition, fmt::format("topic {}", topic));
    }
    co_await cluster_->back_off(attempt);
  }
}

PartitionIndex Producer::choose_partition(const TopicState& topic, const kafka::Record& record) {
  if (record.key) return kafka::partition_for_key(*record.key, topic.partition_count);
  return topic.sticky;
}

Producer::Lane& Producer::lane(const std::string& topic, PartitionIndex partition) {
  std::unique_ptr<Lane>& slot = lanes_[{topic, partition}];
  if (!slot) {
    slot = std::make_unique<Lane>(topic, partition, compressor_);
    scope_.spawn("producer lane", run_lane(slot.get()));
  }
  return *slot;
}

Task<> Producer::send(std::string topic, std::optional<PartitionIndex> partition,
                      kafka::Record record) {
  while (unsent_bytes_ >= options_.buffer_bytes_max && !broken_) co_await room_.wait();
  if (broken_) co_await fail(*broken_);
  TopicState* state = co_await topic_state(topic);
  if (partition && (partition->value < 0 || partition->value >= state->partition_count)) {
    co_await fail(Errc::kUnknownTopicOrPartition,
                  fmt::format("topic {} has {} partitions, no partition {}", topic,
                              state->partition_count, partition->value));
  }
  Lane& to = lane(topic, partition ? *partition : choose_partition(*state, record));
  const size_t record_size = kafka::RecordBatchBuilder::record_size_max(record);
  if (!to.filling.empty() && to.filling.size_estimate() + record_size > options_.batch_bytes) {
    co_await seal(to);
    // The batch is full: records without a key go on elsewhere.
    if (!partition && !record.key) {
      state->sticky = PartitionIndex((state->sticky.value + 1) % state->partition_count);
    }
  }
  if (!to.begun) {
    to.filling.begin({.codec = options_.codec, .level = options_.level});
    to.begun = true;
    to.filling_since = cluster_->env().loop.now();
  }
  const size_t before = to.filling.size_uncompressed();
  co_await to.filling.append(record);
  unsent_bytes_ += to.filling.size_uncompressed() - before;
  if (to.filling.record_count() == 1 || to.filling.size_estimate() >= options_.batch_bytes) {
    to.changed.wake_all();
  }
}

// Moves what is being filled behind the batches that wait to be sent.
Result<> Producer::seal(Lane& lane) {
  const size_t uncompressed = lane.filling.size_uncompressed() - kafka::kBatchHeaderSize;
  const int32_t records = lane.filling.record_count();
  const Bytes finished = TRY(lane.filling.finish());
  lane.sealed.push_back(
      {.bytes = Buffer(finished), .records = records, .begun = lane.filling_since});
  // From here on what counts is what is held: the compressed batch.
  unsent_bytes_ -= std::min(unsent_bytes_, uncompressed);
  unsent_bytes_ += lane.sealed.back().bytes.size();
  lane.filling.begin({.codec = options_.codec, .level = options_.level});
  lane.begun = false;
  lane.changed.wake_all();
  return {};
}

Task<> Producer::run_lane(Lane* lane) {
  while (true) {
    if (lane->has_nothing()) {
      idle_.wake_all();
      co_await lane->changed.wait();
      continue;
    }
    if (lane->sealed.empty()) {
      const MonoTime linger_end = lane->filling_since + options_.linger;
      const bool full = lane->filling.size_estimate() >= options_.batch_bytes;
      if (!full && flushing_ == 0 && cluster_->env().loop.now() < linger_end) {
        co_await lane->changed.wait_until(linger_end);
        continue;
      }
      co_await seal(*lane);
    }
    co_await deliver(lane);
  }
}

Task<> Producer::deliver(Lane* lane) {
  Batch* batch = &lane->sealed.front();
  const MonoTime deadline = batch->begun + options_.delivery_timeout;
  stamp(*lane, *batch);
  bool may_be_written = false;
  for (int attempt = 0;; ++attempt) {
    if (broken_) {
      finish(*lane, fail(*broken_));
      co_return;
    }
    Result<Offset> result = co_await as_result(try_once(lane, batch));
    if (!result && is_ambiguous(result.error().code())) may_be_written = true;
    const bool again =
        !result && result.error().info().retriable && cluster_->env().loop.now() < deadline;
    if (!again) {
      if (!result && may_be_written && producer_id_ != kNoProducerId) {
        broken_ = result.error().within("a batch was lost or may be");
      }
      finish(*lane, std::move(result));
      co_return;
    }
    co_await cluster_->back_off(attempt);
    // The leader may have moved; whether asking works is seen at the next try.
    (void)co_await as_result(cluster_->refresh_topic(lane->topic));
  }
}

Task<Offset> Producer::try_once(Lane* lane, Batch* batch) {
  const std::shared_ptr<Connection> connection =
      co_await cluster_->to_leader(lane->topic, lane->partition);
  const TopicInfo* info = cluster_->find_topic(lane->topic);
  kafka::ProduceRequest::Partition partition{.index = lane->partition,
                                             .records = kafka::Records(batch->bytes)};
  kafka::ProduceRequest::Topic topic;
  // Up to version 12 topics go by name, from 13 on by id.
  const bool by_id = co_await connection->version_of(kafka::ApiKey::kProduce) >= 13;
  if (by_id) {
    topic.topic_id = info ? info->id : TopicId{};
  } else {
    topic.name = lane->topic;
  }
  topic.partition_data = std::span(&partition, 1);
  kafka::ProduceRequest request;
  request.transactional_id = std::nullopt;
  request.acks = options_.acks;
  request.timeout_ms = static_cast<int32_t>(cluster_->options().connection.request_timeout.ms());
  request.topic_data = std::span(&topic, 1);
  if (options_.acks == 0) {
    co_await connection->send_unanswered(request);
    co_return kNoOffset;
  }
  const Reply<kafka::ProduceResponse> reply = co_await connection->call(&request);
  if (reply->responses.size() != 1 || reply->responses[0].partition_responses.size() != 1) {
    co_await fail(Errc::kInvalidRequest, "a Produce answer for other partitions than asked");
  }
  const auto& answer = reply->responses[0].partition_responses[0];
  const Errc code = errc_from_kafka(answer.error_code);
  if (code == Errc::kDuplicateSequenceNumber) co_return kNoOffset;
  if (code != Errc::kNone) {
    co_await fail(code,
                  fmt::format("topic {} partition {}{}{}", lane->topic, lane->partition.value,
                              answer.error_message ? ": " : "", answer.error_message.value_or("")));
  }
  co_return answer.base_offset;
}

// Sequence numbers are given when a batch is about to be sent: one that the broker refused for good
// has used none.
void Producer::stamp(const Lane& lane, Batch& batch) const {
  if (producer_id_ == kNoProducerId) return;
  uint8_t* start = batch.bytes.data();
  store_be<int64_t>(start + kafka::batch_layout::kProducerId, producer_id_.value);
  store_be<int16_t>(start + kafka::batch_layout::kProducerEpoch, producer_epoch_.value);
  store_be<int32_t>(start + kafka::batch_layout::kBaseSequence, lane.next_sequence);
  const Bytes covered = batch.bytes.bytes().subspan(kafka::batch_layout::kAttributes);
  store_be<uint32_t>(start + kafka::batch_layout::kCrc, kafka::crc32c(covered));
}

void Producer::finish(Lane& lane, Result<Offset> result) {
  const Batch batch = std::move(lane.sealed.front());
  lane.sealed.pop_front();
  unsent_bytes_ -= std::min(unsent_bytes_, batch.bytes.size());
  if (result) lane.next_sequence = kafka::sequence_after(lane.next_sequence, batch.records);
  room_.wake_all();
  on_delivery_({.topic = lane.topic,
                .partition = lane.partition,
                .records = batch.records,
                .bytes = batch.bytes.size(),
                .base_offset = std::move(result),
                .waited = cluster_->env().loop.now() - batch.begun});
}

Task<> Producer::flush() {
  ++flushing_;
  struct Done {
    int* count;
    ~Done() { --*count; }
  } done{&flushing_};
  for (auto& [key, lane] : lanes_) lane->changed.wake_all();
  const auto unsent = [this] {
    return std::any_of(lanes_.begin(), lanes_.end(),
                       [](const auto& entry) { return !entry.second->has_nothing(); });
  };
  while (unsent()) co_await idle_.wait();
}

}  // namespace millrace::client
