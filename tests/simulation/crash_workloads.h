// CrashWorkloads: what a server is at when it is crashed: short runs of fixed steps, each about one
// thing that a broker does to its disk. Not how it is crashed: that is crash_run.h.
#pragma once

#include <string_view>
#include <vector>

#include "tests/simulation/script_client.h"

namespace millrace::scenario {

struct CrashWorkload {
  std::string_view name;
  std::string_view sentence;
  runtime::Task<> (*script)(ScriptClient* client);
};

const std::vector<CrashWorkload>& crash_workloads();
/// Null when there is none of that name.
const CrashWorkload* find_crash_workload(std::string_view name);

}  // namespace millrace::scenario
