// Node: the parts one broker consists of, as API handlers see them. Borrowed; broker.cc makes the
// parts and ties them together.
#pragma once

#include <string>

#include "base/ids.h"
#include "base/setting_values.h"
#include "runtime/env.h"

namespace millrace::broker {

class FetchSessions;
class FetchWaits;
class MemoryBudget;
class Server;
class Topics;

struct Node {
  runtime::Env& env;
  const Settings& settings;
  Server& server;
  Topics& topics;
  FetchSessions& fetch_sessions;
  FetchWaits& fetch_waits;
  /// For records on their way out; what is above it waits.
  MemoryBudget& answer_budget;
  BrokerId id;
  std::string cluster_id;
};

}  // namespace millrace::broker
