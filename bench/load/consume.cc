// bench_load consume: reads a topic flat out; again and again from its start, or once to its end.
#include "bench/load/fetch_load.h"
#include "bench/load/measured.h"
#include "bench/load/topics.h"
#include "bench/load/workloads.h"

namespace millrace::bench {

int run_consume(const Arguments& arguments) {
  const std::string address = arguments.text("bootstrap");
  FetchPlan plan = FetchPlan::from(arguments);
  const bool once = arguments.number("once", 0) != 0;
  plan.at_end = once ? FetchPlan::AtEnd::kStop : FetchPlan::AtEnd::kRewind;
  const auto server = static_cast<pid_t>(arguments.number("watch", 0));
  auto asking = must(Conversation::open(address));
  const std::vector<Offset> ends = end_offsets(asking, plan.topic, plan.partitions);
  const std::vector<Offset> starts(ends.size(), Offset(0));

  Poller poller;
  FetchLoad load(poller, address, plan, starts, ends);
  const Phase phase = Phase::starting_now(arguments);
  arguments.check_all_used();
  load.start(phase);
  Meter meter(server);
  const auto never_due = [](int64_t) { return INT64_MAX; };
  poller.run(phase.from_ns, never_due, [] { return false; });
  meter.begin();
  poller.run(phase.until_ns, never_due, [&] { return once && load.finished(); });
  meter.end(0);

  Json json;
  load.report(json);
  const int64_t ended = once && load.finished() ? load.finished_at_ns() : phase.until_ns;
  json.add("seconds", static_cast<double>(ended - phase.from_ns) * 1e-9);
  json.add("finished", int64_t{!once || load.finished()});
  meter.report(json);
  json.print();
  return load.records() > 0 && (!once || load.finished()) ? 0 : 1;
}

}  // namespace millrace::bench
