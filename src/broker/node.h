// Node: the parts one broker consists of, as API handlers see them. Borrowed; broker.cc makes the
// parts and ties them together.
#pragma once

#include <string>

#include "base/ids.h"
#include "base/setting_values.h"
#include "runtime/env.h"

namespace millrace::broker {

class AnswerCache;
class FetchSessions;
class FetchWaits;
class GroupHost;
class MemoryBudget;
class ProducerIds;
class Quorum;
class Server;
class Topics;

struct Node {
  runtime::Env& env;
  BrokerId id;
  std::string cluster_id;
  const Settings& settings;  ///< in force; changes while running
  Server& server;
  Quorum& quorum;
  Topics& topics;
  GroupHost& groups;
  ProducerIds& producer_ids;
  FetchSessions& fetch_sessions;
  FetchWaits& fetch_waits;
  /// For records on their way out; what is above it waits.
  MemoryBudget& answer_budget;
  AnswerCache& answer_cache;
};

}  // namespace millrace::broker
