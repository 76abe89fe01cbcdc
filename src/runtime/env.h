// Env: the whole world as seen from inside. Built once, in app or by the simulator, and handed down
// by constructor; nobody reads time, randomness, files or sockets in any other way.
#pragma once

#include "base/random.h"
#include "runtime/clock.h"
#include "runtime/disk.h"
#include "runtime/loop.h"
#include "runtime/network.h"

namespace millrace::runtime {

/// Borrowed; outlives everything it is given to. One per loop.
struct Env {
  Loop& loop;
  Clock& clock;
  Network& network;
  Disk& disk;
  Random& random;
};

}  // namespace millrace::runtime
