// ReadingClient: a process that reads all partitions of a workload, from some offset on and now and
// then again from an earlier one, and writes down what it got.
#pragma once

#include "client/fetcher.h"
#include "tests/simulation/workload.h"

namespace millrace::scenario {

class ReadingClient {
 public:
  /// Borrows both. Begins at once and ends after Workload::stop().
  ReadingClient(runtime::Env& env, Workload& workload);

 private:
  static runtime::Task<> run(ReadingClient* self);
  runtime::Task<> read(int32_t number);
  client::FetcherOptions options();

  runtime::Env& env_;
  Workload& workload_;
  client::Cluster cluster_;
  kafka::Decompressor decompressor_;
  runtime::Scope scope_;
};

/// Where a partition begins and ends, as an answer without records.
runtime::Task<Read> offsets_of(client::Cluster* cluster, Workload* workload,
                               client::TopicPartition partition);

}  // namespace millrace::scenario
