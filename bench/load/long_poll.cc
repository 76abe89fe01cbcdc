// bench_load long-poll: consumers that wait for records that never come; what waiting costs.
#include "bench/load/fetch_load.h"
#include "bench/load/measured.h"
#include "bench/load/topics.h"
#include "bench/load/workloads.h"

namespace millrace::bench {

int run_long_poll(const Arguments& arguments) {
  const std::string address = arguments.text("bootstrap");
  const FetchPlan plan = FetchPlan::from(arguments);
  const auto server = static_cast<pid_t>(arguments.number("watch", 0));
  auto asking = must(Conversation::open(address));
  const std::vector<Offset> ends = end_offsets(asking, plan.topic, plan.partitions);

  Poller poller;
  FetchLoad load(poller, address, plan, ends, ends);
  const Phase phase = Phase::starting_now(arguments);
  arguments.check_all_used();
  load.start(phase);
  const Meter meter = run_phase(poller, phase, server, {}, 0);
  Json json;
  load.report(json);
  json.add("seconds", phase.seconds());
  meter.report(json);
  json.print();
  return 0;
}

}  // namespace millrace::bench
