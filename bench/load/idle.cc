// bench_load idle: --connections N that say who they are and then nothing. Prints {"connected": N}
// and holds them until its standard input ends.
#include <unistd.h>

#include <vector>

#include "bench/load/json.h"
#include "bench/load/topics.h"
#include "bench/load/workloads.h"
#include "kafka/messages/api_versions.h"

namespace millrace::bench {

int run_idle(const Arguments& arguments) {
  const std::string address = arguments.text("bootstrap");
  const auto count = static_cast<size_t>(arguments.number("connections"));
  arguments.check_all_used();
  std::vector<Conversation> held;
  held.reserve(count);
  const kafka::ApiVersionsRequest request{.client_software_name = "bench",
                                          .client_software_version = "1"};
  for (size_t i = 0; i < count; ++i) {
    held.push_back(must(Conversation::open(address)));
    const auto answer = held.back().ask<kafka::ApiVersionsResponse>(request, kApiVersionsVersion);
    if (answer.error_code != 0) give_up(describe_code(answer.error_code, "ApiVersions"));
  }
  Json json;
  json.add("connected", static_cast<int64_t>(held.size()));
  json.print();
  char nothing[64];
  while (read(STDIN_FILENO, nothing, sizeof nothing) > 0) continue;
  return 0;
}

}  // namespace millrace::bench
