// ProduceLoad: connections that produce, at a fixed rate or as fast as the broker answers.
//
// At a fixed rate the load is open: request i should leave at start + i / rate, whatever became of
// those before it, and its latency counts from that moment. A broker that stalls for a second thus
// has a second in its percentiles, and not one slow request (coordinated omission).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "bench/load/histogram.h"
#include "bench/load/json.h"
#include "bench/load/phase.h"
#include "bench/load/poller.h"
#include "bench/load/produce_request.h"

namespace millrace::bench {

struct ProducePlan {
  std::string topic;
  int32_t partitions = 1;
  int32_t partitions_per_request = 1;
  int32_t connections = 1;
  int32_t in_flight = 5;  ///< requests of one connection that wait for their answer
  double rate = 0;        ///< requests a second, of all connections together; 0: flat out
  int16_t acks = -1;
  uint64_t keys = 0;  ///< how many different keys; 0: records have none
  bool stamped = false;
  BatchShape batch;

  /// --topic, --partitions, --partitions-per-request, --connections, --in-flight, --rate, --acks,
  /// --keys, and those of the batch.
  static ProducePlan from(const Arguments& arguments);
};

class ProduceLoad {
 public:
  /// Connects; nothing is sent before start().
  ProduceLoad(Poller& poller, const std::string& address, const ProducePlan& plan);
  ~ProduceLoad();

  void start(const Phase& phase);
  /// Sends what is due. Returns when something is due again; INT64_MAX when flat out.
  int64_t on_time(int64_t now);
  /// From the phase's end on: whether all that left has been answered.
  bool drained() const;

  /// Adds what was acknowledged since the phase began: requests, records, payload_bytes,
  /// batch_bytes; requests_per_s in the phase; of a fixed rate intended_per_s; ack_* latencies;
  /// failed, unanswered and first_error.
  void report(Json& json) const;
  /// Whether every request was answered, and every answer was good.
  bool clean() const { return failed_ == 0 && drained(); }

 private:
  class Producer;

  bool flat_out() const { return plan_.rate <= 0; }
  /// When request `turn` of connection `index` should leave.
  int64_t intended(int64_t turn, size_t index) const;
  void acknowledged(int64_t intended_ns, const ProduceRequestBytes& request, int64_t now);
  void refused(int16_t code, int32_t partition);

  ProducePlan plan_;
  Phase phase_;
  std::vector<std::unique_ptr<Producer>> producers_;
  int64_t next_ = 0;  // the next request to leave, counted over all connections
  uint64_t next_key_ = 0;
  Histogram latency_;
  int64_t requests_ = 0;
  int64_t records_ = 0;
  int64_t payload_bytes_ = 0;
  int64_t batch_bytes_ = 0;
  int64_t requests_in_phase_ = 0;
  int64_t failed_ = 0;
  std::string first_error_;
};

}  // namespace millrace::bench
