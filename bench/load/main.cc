// bench_load WORKLOAD --name value ...: the client side of the bench. bench/run calls it.
#include <fmt/core.h>
#include <sys/resource.h>

#include <string>
#include <string_view>

#include "bench/load/workloads.h"

namespace millrace::bench {
namespace {

struct Row {
  std::string_view name;
  int (*run)(const Arguments&);
};

constexpr Row kWorkloads[] = {
    {"produce", run_produce},         {"consume", run_consume}, {"end-to-end", run_end_to_end},
    {"long-poll", run_long_poll},     {"idle", run_idle},       {"group", run_group},
    {"create", run_create},           {"delete", run_delete},   {"first-ack", run_first_ack},
    {"device-sync", run_device_sync},
};

/// Ten thousand connections are one workload.
void allow_many_descriptors() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

int run(int count, char** words) {
  std::string names;
  for (const Row& row : kWorkloads) {
    names += fmt::format(" {}", row.name);
    if (count < 2 || row.name != words[1]) continue;
    allow_many_descriptors();
    return row.run(Arguments(count - 2, words + 2));
  }
  give_up(fmt::format("want one of{}", names));
}

}  // namespace
}  // namespace millrace::bench

int main(int count, char** words) {
  return millrace::bench::run(count, words);
}
