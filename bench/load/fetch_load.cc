#include "bench/load/fetch_load.h"

#include <algorithm>

#include "bench/load/connection.h"
#include "bench/load/message.h"
#include "bench/load/topics.h"
#include "kafka/messages/fetch.h"
#include "kafka/record_batch.h"

namespace millrace::bench {

FetchPlan FetchPlan::from(const Arguments& arguments) {
  const auto int32 = [&](const std::string& name, int64_t standard) {
    return static_cast<int32_t>(arguments.number(name, standard));
  };
  return {.topic = arguments.text("topic"),
          .partitions = int32("partitions", 1),
          .consumers = int32("consumers", 1),
          .max_wait_ms = int32("max-wait-ms", 500),
          .min_bytes = int32("min-bytes", 1)};
}

/// One consumer: one connection, one session, one request under way.
class FetchLoad::Consumer : Connection {
 public:
  Consumer(Poller& poller, const std::string& address, FetchLoad& load,
           const std::vector<int32_t>& partitions)
      : Connection(poller, address), load_(load) {
    for (const int32_t p : partitions) {
      const auto index = static_cast<size_t>(p);
      wanted_.push_back({.partition = PartitionIndex(p),
                         .fetch_offset = load.starts_[index],
                         .partition_max_bytes = load.plan_.partition_max_bytes});
      position_of_.resize(std::max(position_of_.size(), index + 1), SIZE_MAX);
      position_of_[index] = wanted_.size() - 1;
    }
    at_end_.resize(wanted_.size());
  }

  void ask() {
    if (finished()) return;
    request_.clear();
    kafka::Writer writer(request_);
    kafka::FetchRequest::Topic topic{.topic = load_.plan_.topic};
    topic.partitions = session_id_ == 0 ? wanted_ : changed_;
    const std::span<kafka::FetchRequest::Topic> topics(&topic, topic.partitions.empty() ? 0 : 1);
    const kafka::FetchRequest request{.max_wait_ms = load_.plan_.max_wait_ms,
                                      .min_bytes = load_.plan_.min_bytes,
                                      .max_bytes = load_.plan_.max_bytes,
                                      .session_id = session_id_,
                                      .session_epoch = session_epoch_,
                                      .topics = topics};
    write_request(request, kFetchVersion, ++correlation_id_, writer);
    changed_.clear();
    if (!can_send()) give_up("a fetch before the one before had left");
    send(request_);
  }

  bool finished() const {
    return !wanted_.empty() &&
           std::all_of(at_end_.begin(), at_end_.end(), [](bool b) { return b; });
  }

 private:
  void on_writable() override {}

  void on_frame(Bytes frame) override {
    arena_.reset();
    const auto answer =
        must(read_response<kafka::FetchResponse>(frame, kFetchVersion, correlation_id_, arena_));
    if (answer.error_code != 0) give_up(describe_code(answer.error_code, "fetching"));
    // Epochs of a session run from 1 on; a broker that opened none wants everything each time.
    session_epoch_ = answer.session_id == 0 ? 0 : session_epoch_ + 1;
    session_id_ = answer.session_id;
    const int64_t now = now_ns();
    if (load_.phase_.counts(now)) ++load_.fetches_;
    for (const auto& topic : answer.responses) {
      for (const auto& partition : topic.partitions) take(partition, now);
    }
    if (load_.plan_.at_end == FetchPlan::AtEnd::kStop && finished()) {
      if (load_.finished()) load_.finished_at_ns_ = now;
      return;
    }
    if (now < load_.phase_.until_ns) ask();
  }

  void take(const kafka::FetchResponse::Partition& partition, int64_t now) {
    const auto index = static_cast<size_t>(partition.partition_index.value);
    const size_t position = index < position_of_.size() ? position_of_[index] : SIZE_MAX;
    if (position == SIZE_MAX) give_up("records of a partition that nobody asked for");
    const auto where = [&] { return fmt::format("fetching {}-{}", load_.plan_.topic, index); };
    if (partition.error_code != 0) give_up(describe_code(partition.error_code, where()));
    if (!partition.records || partition.records->empty()) return;
    Offset& next = wanted_[position].fetch_offset;
    kafka::BatchCursor batches(partition.records->bytes, kafka::CrcCheck::kSkip);
    bool any = false;
    while (const kafka::RecordBatchView* batch = batches.next()) {
      any = true;
      if (batch->next_offset() <= next) continue;
      if (batch->base_offset() > next) {
        give_up(fmt::format("{}: records {} to {} are missing", where(), next.value,
                            batch->base_offset().value - 1));
      }
      next = batch->next_offset();
      load_.came(now, batch->record_count(), batch->size());
      if (load_.on_batch) load_.on_batch(batch->bytes(), now);
    }
    if (batches.end() == kafka::BatchEnd::kCorrupt) give_up(batches.problem().message());
    if (!any)
      give_up(fmt::format("{}: {} bytes that hold no batch", where(), partition.records->size()));
    arrive(position, index);
    changed_.push_back(wanted_[position]);
  }

  void arrive(size_t position, size_t index) {
    Offset& next = wanted_[position].fetch_offset;
    if (load_.plan_.at_end == FetchPlan::AtEnd::kWait || next < load_.ends_[index]) return;
    if (load_.plan_.at_end == FetchPlan::AtEnd::kRewind) {
      next = load_.starts_[index];
    } else {
      at_end_[position] = true;
    }
  }

  FetchLoad& load_;
  std::vector<kafka::FetchRequest::Partition> wanted_;
  std::vector<kafka::FetchRequest::Partition> changed_;  // since the last request
  std::vector<size_t> position_of_;                      // in wanted_, by partition
  std::vector<bool> at_end_;
  int32_t session_id_ = 0;
  int32_t session_epoch_ = 0;
  int32_t correlation_id_ = 0;
  Buffer request_;
  Arena arena_;
};

FetchLoad::FetchLoad(Poller& poller, const std::string& address, const FetchPlan& plan,
                     std::vector<Offset> starts, std::vector<Offset> ends)
    : plan_(plan), starts_(std::move(starts)), ends_(std::move(ends)) {
  for (int32_t c = 0; c < plan.consumers; ++c) {
    std::vector<int32_t> partitions;
    for (int32_t p = 0; p < plan.partitions; ++p) {
      if (plan.each_reads_all || p % plan.consumers == c) partitions.push_back(p);
    }
    if (partitions.empty()) give_up("more consumers than partitions");
    consumers_.push_back(std::make_unique<Consumer>(poller, address, *this, partitions));
  }
}

FetchLoad::~FetchLoad() = default;

void FetchLoad::start(const Phase& phase) {
  phase_ = phase;
  for (auto& consumer : consumers_) consumer->ask();
}

bool FetchLoad::finished() const {
  return std::all_of(consumers_.begin(), consumers_.end(),
                     [](const auto& consumer) { return consumer->finished(); });
}

void FetchLoad::came(int64_t now, int32_t records, size_t bytes) {
  if (!phase_.counts(now)) return;
  records_ += records;
  bytes_ += static_cast<int64_t>(bytes);
}

void FetchLoad::report(Json& json) const {
  json.add("fetches", fetches_);
  json.add("fetched_records", records_);
  json.add("fetched_bytes", bytes_);
}

}  // namespace millrace::bench
