// bench_load produce: records at a fixed rate (--rate requests a second), or flat out.
#include "bench/load/measured.h"
#include "bench/load/produce_load.h"
#include "bench/load/topics.h"
#include "bench/load/workloads.h"

namespace millrace::bench {

int run_produce(const Arguments& arguments) {
  const std::string address = arguments.text("bootstrap");
  const ProducePlan plan = ProducePlan::from(arguments);
  const auto server = static_cast<pid_t>(arguments.number("watch", 0));
  auto asking = must(Conversation::open(address));
  ready_partitions(asking, plan.topic, plan.partitions, now_ns() + kDrainNs);

  Poller poller;
  ProduceLoad load(poller, address, plan);
  const Phase phase = Phase::starting_now(arguments);
  arguments.check_all_used();
  load.start(phase);
  const Meter meter = run_phase(poller, phase, server,
                                {.on_time = [&](int64_t now) { return load.on_time(now); },
                                 .drained = [&] { return load.drained(); }},
                                kSettleMs);
  Json json;
  load.report(json);
  meter.report(json);
  json.print();
  return load.clean() ? 0 : 1;
}

}  // namespace millrace::bench
