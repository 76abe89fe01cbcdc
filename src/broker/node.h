// Node: the parts one broker consists of, as API handlers see them. Borrowed; broker.cc makes the
// parts and ties them together.
#pragma once

#include "runtime/env.h"

namespace millrace::broker {

class Server;

struct Node {
  runtime::Env& env;
  Server& server;
};

}  // namespace millrace::broker
