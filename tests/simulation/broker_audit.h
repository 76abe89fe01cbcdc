// Audit: what is asked of the server at the end of a run, when all is well: every record of every
// partition, every committed offset, and whether what operators were told is so.
#pragma once

#include "client/cluster.h"
#include "runtime/task.h"
#include "tests/simulation/workload.h"

namespace millrace::scenario {

/// Creates the workload's topics, however often it takes.
runtime::Task<> create_topics(runtime::Env* env, Workload* workload);

/// Adds to the workload's history; what contradicts it by itself goes to Workload::noticed().
/// Errors: the first thing that cannot be read.
runtime::Task<> audit(runtime::Env* env, Workload* workload);

}  // namespace millrace::scenario
