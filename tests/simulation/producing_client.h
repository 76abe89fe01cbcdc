// ProducingClient: a process that sends records to all topics of a workload and writes down what it
// was told about each. A producer that has lost its way is replaced, as its contract says.
#pragma once

#include <deque>
#include <map>
#include <memory>

#include "client/producer.h"
#include "tests/simulation/workload.h"

namespace millrace::scenario {

class ProducingClient {
 public:
  /// Borrows both. Begins at once and ends after Workload::stop().
  ProducingClient(runtime::Env& env, Workload& workload, bool idempotent);

 private:
  struct Record;

  static runtime::Task<> run(ProducingClient* self);
  runtime::Task<> produce(int32_t number);
  runtime::Task<> send_one(int32_t number);
  client::ProducerOptions options();
  Record draw_record(int32_t number);
  void delivered(const client::Delivery& delivery);

  runtime::Env& env_;
  Workload& workload_;
  bool idempotent_;
  client::Cluster cluster_;
  std::unique_ptr<client::Producer> producer_;
  // Handed to the producer and not told about yet, in order.
  std::map<client::TopicPartition, std::deque<SendNumber>> sent_;
  runtime::Scope scope_;
};

}  // namespace millrace::scenario
