// Which APIs this broker serves: one row each, in api.cc, and one file each beside it. Not what the
// protocol says of them (versions, flexible, listeners): that is kafka/api_table.h.
#pragma once

#include <cstdint>
#include <span>

#include "kafka/api_table.h"
#include "runtime/task.h"

namespace millrace::broker {

class Request;

struct Api {
  kafka::ApiKey key;

  /// Answers the request, or not at all (answer_nothing). An error closes the connection; whatever
  /// a client can do about it belongs into the answer instead. Shape: `request` outlives the task.
  /// Runs: cancelled when the client has gone or we stop.
  runtime::Task<> (*handle)(Request* request);

  /// Several requests of this API may be under way on one connection: each does what must be in
  /// order before its first wait. All others run one at a time.
  bool overlaps = false;
  /// The answer may take minutes without anything being wrong (long polls, rebalances): such a
  /// request does not hold up a shutdown.
  bool parks = false;
  /// It writes what clients send, so it does not begin while the disk does not keep up.
  bool appends = false;
};

/// By rising key.
std::span<const Api> served_apis();

/// nullptr when `apis` has no such key. Bounds: O(log rows).
const Api* find_api(std::span<const Api> apis, int16_t key);

}  // namespace millrace::broker
