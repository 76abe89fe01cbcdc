// Produce, v3 to v13: appends one batch to each partition.
//
// Promises: batches of one connection are appended in the order in which they came, however many
// requests are under way. With acks=1 and acks=-1 the answer comes when the records are on stable
// storage (durability=sync), all of a turn together. With acks=0 there is no answer, and an error
// closes the connection. A partition that is named twice gets both batches.
// Differences: timeout.ms is not used: with one replica there is nobody to wait for but the disk,
// which answers or fails. Transactions are not offered: a transactional id or batch gets
// TRANSACTIONAL_ID_AUTHORIZATION_FAILED, which clients treat as final. Compressed records are
// unpacked only where the topic demands it (compaction, another codec); Kafka unpacks them always,
// so it refuses garbage under a right CRC, which only a broken producer makes, and we pass it on.
#include <fmt/core.h>

#include <array>
#include <cstddef>
#include <memory_resource>
#include <vector>

#include "broker/api/handlers.h"
#include "broker/leader_hint.h"
#include "broker/topics.h"
#include "kafka/messages/produce.h"
#include "log/partition_log.h"
#include "metadata/topic_name.h"

namespace millrace::broker {
namespace {

using kafka::ProduceRequest;
using kafka::ProduceResponse;

constexpr std::string_view kAdminClientId = "__admin_client";
constexpr int16_t kFirstVersionWithZstd = 7;
constexpr int16_t kFirstVersionWithErrorTexts = 8;
constexpr int16_t kFirstVersionWithHints = 10;
constexpr int16_t kFirstVersionWithTopicIds = 13;

// What was appended and is not known to be stable yet.
struct Pending {
  std::shared_ptr<Partition> partition;
  Offset end;
  ProduceResponse::Partition* answer;
};

class Produce {
 public:
  Produce(Request& request, const ProduceRequest& wanted)
      : request_(request), node_(request.node()), wanted_(wanted) {
    pending_.reserve(kPendingHere);
  }

  void append_all() {
    Arena& arena = request_.arena();
    answer_.responses = arena.make_array<ProduceResponse::Topic>(wanted_.topic_data.size());
    for (size_t i = 0; i < wanted_.topic_data.size(); ++i) {
      const ProduceRequest::Topic& topic = wanted_.topic_data[i];
      ProduceResponse::Topic& answer = answer_.responses[i];
      answer.name = arena.copy(topic.name);  // outlives the frame
      answer.topic_id = topic.topic_id;
      answer.partition_responses =
          arena.make_array<ProduceResponse::Partition>(topic.partition_data.size());
      for (size_t p = 0; p < topic.partition_data.size(); ++p) {
        append(topic, topic.partition_data[p], answer.partition_responses[p]);
      }
    }
    if (hinted_) hint_endpoints(request_, answer_);
  }

  // Each append is known by its end, so one after the other takes no longer than all at once.
  runtime::Task<> wait_durable() {
    for (const Pending& pending : pending_) {
      const std::shared_ptr<log::PartitionLog> log = pending.partition->shared_log();
      const Result<> stable = co_await as_result(log->durable(pending.end));
      if (stable) continue;
      const bool deleted = !pending.partition->is_open();
      *pending.answer = {.index = pending.answer->index, .base_offset = kNoOffset};
      refuse(*pending.answer,
             deleted ? Error(Errc::kUnknownTopicOrPartition, "the topic was deleted meanwhile")
                     : stable.error());
    }
  }

  const ProduceResponse& answer() const { return answer_; }
  /// The first thing that went wrong, if any: what a connection without acks is closed for.
  const std::string& first_error() const { return first_error_; }

 private:
  static constexpr size_t kPendingHere = 8;

  void append(const ProduceRequest::Topic& topic, const ProduceRequest::Partition& wanted,
              ProduceResponse::Partition& answer) {
    answer.index = wanted.index;
    answer.base_offset = kNoOffset;
    Result<std::shared_ptr<Partition>> partition = find(topic, wanted.index);
    if (!partition) return refuse(answer, partition.error());
    const Bytes records = wanted.records ? wanted.records->bytes : Bytes();
    if (is_transactional(records)) {
      return refuse(answer, Error(Errc::kTransactionalIdAuthorizationFailed,
                                  "transactions are not offered by this broker"));
    }
    log::PartitionLog& log = (*partition)->log();
    log::PartitionLog::ProduceOptions options;
    options.leader_epoch = (*partition)->leader_epoch();
    options.zstd_allowed = request_.version() >= kFirstVersionWithZstd;
    const log::ProduceResult appended = log.append_produced(request_.in_place(records), options);
    if (!appended) {
      refuse(answer, appended.error().error);
      return add_record_errors(answer, appended.error().record_errors);
    }
    answer.base_offset = appended->first_offset;
    answer.log_append_time_ms = appended->log_append_time;
    answer.log_start_offset = appended->log_start_offset;
    pending_.push_back({*std::move(partition), appended->last_offset.next(), &answer});
  }

  Result<std::shared_ptr<Partition>> find(const ProduceRequest::Topic& topic,
                                          PartitionIndex index) const {
    if (wanted_.acks < -1 || wanted_.acks > 1) {
      return fail(Errc::kInvalidRequiredAcks, fmt::format("acks={}", wanted_.acks));
    }
    if (wanted_.transactional_id) {
      return fail(Errc::kTransactionalIdAuthorizationFailed,
                  "transactions are not offered by this broker");
    }
    const bool by_id = request_.version() >= kFirstVersionWithTopicIds;
    Topic* found = by_id ? node_.topics.find(topic.topic_id) : node_.topics.find(topic.name);
    if (!found) return fail(by_id ? Errc::kUnknownTopicId : Errc::kUnknownTopicOrPartition);
    if (metadata::is_internal_topic(found->name()) && request_.client_id() != kAdminClientId) {
      return fail(Errc::kInvalidTopicException,
                  fmt::format("{} is written by brokers only", found->name()));
    }
    return found->partition(index);
  }

  static bool is_transactional(Bytes records) {
    const auto header = kafka::parse_batch_header(records);
    return header && header->is_transactional();
  }

  void refuse(ProduceResponse::Partition& answer, const Error& error) {
    answer.error_code = error.kafka_code();
    if (first_error_.empty()) first_error_ = error.message();
    if (request_.version() >= kFirstVersionWithErrorTexts && !error.detail().empty()) {
      answer.error_message = request_.arena().copy(error.detail());
    }
    if (has_leader_hint(error.code()) && request_.version() >= kFirstVersionWithHints) {
      answer.current_leader.leader_id = node_.id;
      hinted_ = true;
    }
  }

  void add_record_errors(ProduceResponse::Partition& answer,
                         const std::vector<kafka::RecordError>& errors) {
    if (request_.version() < kFirstVersionWithErrorTexts) return;
    Arena& arena = request_.arena();
    answer.record_errors = arena.make_array<ProduceResponse::RecordError>(errors.size());
    for (size_t i = 0; i < errors.size(); ++i) {
      answer.record_errors[i].batch_index = errors[i].batch_index;
      answer.record_errors[i].batch_index_error_message = arena.copy(errors[i].message);
    }
  }

  Request& request_;
  Node& node_;
  const ProduceRequest& wanted_;
  ProduceResponse answer_;
  // Most requests have few partitions: room for those is here.
  std::array<std::byte, kPendingHere * sizeof(Pending)> pending_room_;
  std::pmr::monotonic_buffer_resource pending_memory_{pending_room_.data(), pending_room_.size()};
  std::pmr::vector<Pending> pending_{&pending_memory_};
  std::string first_error_;
  bool hinted_ = false;
};

}  // namespace

runtime::Task<> handle_produce(Request* request) {
  const auto wanted = co_await request->decode<ProduceRequest>();
  Produce produce(*request, wanted);
  produce.append_all();
  const bool acknowledged = wanted.acks != 0;
  if (!acknowledged) {
    if (!produce.first_error().empty()) {
      co_await fail(Errc::kInvalidRequest, "acks=0: " + produce.first_error());
    }
    request->answer_nothing();
    co_return;
  }
  // The records are in the log; the memory they came in can serve the next request meanwhile.
  request->drop_frame();
  co_await produce.wait_durable();
  co_await request->answer(produce.answer());
}

}  // namespace millrace::broker
