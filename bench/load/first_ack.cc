// bench_load first-ack: knocks until somebody opens, and then produces one record until it is
// acknowledged. Prints when that was, on the machine's monotonic clock: whoever started the broker
// knows when that was.
#include <unistd.h>

#include "bench/load/json.h"
#include "bench/load/meter.h"
#include "bench/load/topics.h"
#include "bench/load/workloads.h"

namespace millrace::bench {
namespace {

constexpr useconds_t kKnockEveryUs = 200;

/// One try. Errors that say "not yet" are nothing yet; others end the program.
bool acknowledged(const std::string& address, const std::string& topic, int32_t partition) {
  auto open = Conversation::open(address);
  if (!open.has_value()) return false;
  while (true) {
    const Result<> done = produce_one(*open, topic, partition);
    if (done.has_value()) return true;
    if (done.error().code() == Errc::kClosed) return false;
    if (!done.error().info().retriable) give_up(done.error().message());
    usleep(kKnockEveryUs);
  }
}

}  // namespace

int run_first_ack(const Arguments& arguments) {
  const std::string address = arguments.text("bootstrap");
  const std::string topic = arguments.text("topic");
  const auto partition = static_cast<int32_t>(arguments.number("partition", 0));
  const int64_t give_up_at = now_ns() + arguments.number("give-up-s", 60) * 1'000'000'000;
  arguments.check_all_used();
  while (!acknowledged(address, topic, partition)) {
    if (now_ns() > give_up_at) give_up("nothing was acknowledged in time");
    usleep(kKnockEveryUs);
  }
  Json json;
  json.add("acknowledged_at_s", static_cast<double>(now_ns()) * 1e-9);
  json.print();
  return 0;
}

}  // namespace millrace::bench
