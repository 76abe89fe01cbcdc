// bench_load end-to-end: one process produces at a fixed rate and consumes the same, so that one
// clock tells when a record should have left and when it came. --consumers N: each reads all.
#include "bench/load/fetch_load.h"
#include "bench/load/measured.h"
#include "bench/load/produce_load.h"
#include "bench/load/topics.h"
#include "bench/load/workloads.h"

namespace millrace::bench {

int run_end_to_end(const Arguments& arguments) {
  const std::string address = arguments.text("bootstrap");
  ProducePlan produce = ProducePlan::from(arguments);
  produce.stamped = true;
  if (produce.rate <= 0) give_up("--rate is missing: end to end needs a rate that can be kept");
  if (produce.batch.codec != kafka::Codec::kNone)
    give_up("--codec: a compressed record has no stamp");
  FetchPlan fetch = FetchPlan::from(arguments);
  fetch.each_reads_all = true;
  const auto server = static_cast<pid_t>(arguments.number("watch", 0));
  auto asking = must(Conversation::open(address));
  ready_partitions(asking, produce.topic, produce.partitions, now_ns() + kDrainNs);
  const std::vector<Offset> ends = end_offsets(asking, fetch.topic, fetch.partitions);

  Poller poller;
  FetchLoad consumers(poller, address, fetch, ends, ends);
  ProduceLoad producers(poller, address, produce);
  const Phase phase = Phase::starting_now(arguments);
  arguments.check_all_used();
  // Consumers go on until what was produced in the phase has reached them all.
  Phase reading = phase;
  reading.until_ns += kDrainNs;
  Histogram arrival;
  int64_t arrived = 0;
  consumers.on_batch = [&](Bytes batch, int64_t now) {
    const int64_t intended = stamp_in(batch);
    if (intended == 0) return;
    ++arrived;
    if (phase.counts(intended)) arrival.record(now - intended);
  };
  consumers.start(reading);
  producers.start(phase);
  const int64_t batches = static_cast<int64_t>(
      static_cast<double>(phase.until_ns - phase.warm_from_ns) * 1e-9 * produce.rate);
  const Meter meter = run_phase(
      poller, phase, server,
      {.on_time = [&](int64_t now) { return producers.on_time(now); },
       .drained = [&] { return producers.drained() && arrived >= batches * fetch.consumers; }},
      0);
  Json json;
  producers.report(json);
  consumers.report(json);
  json.add("arrival", arrival);
  json.add("missing", std::max<int64_t>(batches * fetch.consumers - arrived, 0));
  meter.report(json);
  json.print();
  return producers.clean() && arrived >= batches * fetch.consumers ? 0 : 1;
}

}  // namespace millrace::bench
