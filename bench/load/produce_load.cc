#include "bench/load/produce_load.h"

#include <algorithm>
#include <numeric>

#include "bench/load/connection.h"
#include "bench/load/message.h"
#include "bench/load/topics.h"
#include "kafka/messages/produce.h"

namespace millrace::bench {

ProducePlan ProducePlan::from(const Arguments& arguments) {
  const auto int32 = [&](const std::string& name, int64_t standard) {
    return static_cast<int32_t>(arguments.number(name, standard));
  };
  return {.topic = arguments.text("topic"),
          .partitions = int32("partitions", 1),
          .partitions_per_request = int32("partitions-per-request", 1),
          .connections = int32("connections", 1),
          .in_flight = int32("in-flight", 5),
          .rate = arguments.real("rate", 0),
          .acks = static_cast<int16_t>(arguments.number("acks", -1)),
          .keys = static_cast<uint64_t>(arguments.number("keys", 0)),
          .batch = BatchShape::from(arguments)};
}

/// One connection: requests to its partitions in turn, some of them in flight.
class ProduceLoad::Producer : Connection {
 public:
  Producer(Poller& poller, const std::string& address, ProduceLoad& load, size_t index)
      : Connection(poller, address), load_(load), index_(index) {
    const ProducePlan& plan = load.plan_;
    in_flight_.resize(static_cast<size_t>(plan.in_flight));
    // Each connection begins at another partition, so that they do not go in step.
    const int32_t step = plan.partitions_per_request;
    const int32_t requests = std::max(plan.partitions / step, 1);
    for (int32_t r = 0; r < requests; ++r) {
      std::vector<int32_t> partitions(static_cast<size_t>(step));
      std::iota(partitions.begin(), partitions.end(), (r + static_cast<int32_t>(index)) * step);
      for (int32_t& partition : partitions) partition %= plan.partitions;
      requests_.emplace_back(plan.topic, partitions, plan.batch, plan.acks);
    }
  }

  void owe(int64_t requests) { owed_ += requests; }
  bool drained() const { return owed_ == 0 && waiting_ == 0; }
  int64_t unanswered() const { return owed_ + static_cast<int64_t>(waiting_); }

  void pump() {
    while (can_send() && waiting_ < in_flight_.size() && wants_to_send()) send_next();
  }

 private:
  struct InFlight {
    int64_t intended_ns;
    size_t request;
  };

  bool wants_to_send() const {
    if (!load_.flat_out()) return owed_ > 0;
    return now_ns() < load_.phase_.until_ns;
  }

  void send_next() {
    const size_t index = static_cast<size_t>(sent_) % requests_.size();
    ProduceRequestBytes& request = requests_[index];
    const int64_t intended = load_.flat_out() ? now_ns() : load_.intended(sent_, index_);
    if (!load_.flat_out()) --owed_;
    in_flight_[(first_ + waiting_) % in_flight_.size()] = {intended, index};
    ++waiting_;
    request.set_correlation_id(static_cast<int32_t>(sent_));
    if (load_.plan_.keys > 0) request.set_keys(load_.next_key_, load_.plan_.keys);
    if (load_.plan_.stamped) request.stamp(intended);
    ++sent_;
    send(request.bytes());
  }

  void on_frame(Bytes frame) override {
    if (waiting_ == 0) give_up("an answer that nobody asked for");
    const InFlight done = in_flight_[first_];
    first_ = (first_ + 1) % in_flight_.size();
    --waiting_;
    arena_.reset();
    const auto answer = must(read_response<kafka::ProduceResponse>(
        frame, kProduceVersion, static_cast<int32_t>(answered_++), arena_));
    int32_t good = 0;
    for (const auto& topic : answer.responses) {
      for (const auto& partition : topic.partition_responses) {
        if (partition.error_code == 0) {
          ++good;
        } else {
          load_.refused(partition.error_code, partition.index.value);
        }
      }
    }
    if (good == load_.plan_.partitions_per_request) {
      load_.acknowledged(done.intended_ns, requests_[done.request], now_ns());
    }
  }

  void on_writable() override { pump(); }

  ProduceLoad& load_;
  size_t index_;
  std::vector<ProduceRequestBytes> requests_;
  std::vector<InFlight> in_flight_;  // a ring: `waiting_` from `first_` on
  size_t first_ = 0;
  size_t waiting_ = 0;
  int64_t owed_ = 0;
  int64_t sent_ = 0;
  int64_t answered_ = 0;
  Arena arena_;
};

ProduceLoad::ProduceLoad(Poller& poller, const std::string& address, const ProducePlan& plan)
    : plan_(plan) {
  if (plan.partitions_per_request > plan.partitions) {
    give_up("--partitions-per-request is more than there are");
  }
  for (int32_t i = 0; i < plan.connections; ++i) {
    producers_.push_back(
        std::make_unique<Producer>(poller, address, *this, static_cast<size_t>(i)));
  }
}

ProduceLoad::~ProduceLoad() = default;

int64_t ProduceLoad::intended(int64_t turn, size_t index) const {
  const int64_t number =
      turn * static_cast<int64_t>(producers_.size()) + static_cast<int64_t>(index);
  return phase_.warm_from_ns + static_cast<int64_t>(static_cast<double>(number) * 1e9 / plan_.rate);
}

void ProduceLoad::start(const Phase& phase) {
  phase_ = phase;
  if (flat_out()) {
    for (auto& producer : producers_) producer->pump();
  }
}

int64_t ProduceLoad::on_time(int64_t now) {
  if (flat_out()) return INT64_MAX;
  const auto count = static_cast<int64_t>(producers_.size());
  while (true) {
    const int64_t due = intended(next_ / count, static_cast<size_t>(next_ % count));
    if (due >= phase_.until_ns) return INT64_MAX;
    if (due > now) return due;
    Producer& producer = *producers_[static_cast<size_t>(next_++ % count)];
    producer.owe(1);
    producer.pump();
  }
}

bool ProduceLoad::drained() const {
  return std::all_of(producers_.begin(), producers_.end(),
                     [](const auto& producer) { return producer->drained(); });
}

void ProduceLoad::acknowledged(int64_t intended_ns, const ProduceRequestBytes& request,
                               int64_t now) {
  if (now < phase_.from_ns) return;
  ++requests_;
  records_ += request.records();
  payload_bytes_ += request.payload_bytes();
  batch_bytes_ += request.batch_bytes();
  if (phase_.counts(now)) ++requests_in_phase_;
  if (phase_.counts(intended_ns)) latency_.record(now - intended_ns);
}

void ProduceLoad::refused(int16_t code, int32_t partition) {
  ++failed_;
  if (first_error_.empty()) {
    first_error_ = describe_code(code, fmt::format("producing to {}-{}", plan_.topic, partition));
  }
}

void ProduceLoad::report(Json& json) const {
  json.add("requests", requests_);
  json.add("records", records_);
  json.add("payload_bytes", payload_bytes_);
  json.add("batch_bytes", batch_bytes_);
  json.add("seconds", phase_.seconds());
  json.add("requests_per_s", static_cast<double>(requests_in_phase_) / phase_.seconds());
  if (!flat_out()) json.add("intended_per_s", plan_.rate);
  json.add("ack", latency_);
  int64_t unanswered = 0;
  for (const auto& producer : producers_) unanswered += producer->unanswered();
  json.add("failed", failed_);
  json.add("unanswered", unanswered);
  if (failed_ > 0) json.add("first_error", first_error_);
}

}  // namespace millrace::bench
