// One member of a classic group: who it is, what it can speak, what it was assigned, and the
// requests of it that are parked. Not what it may do: that depends on its group (group.h).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/time.h"
#include "group/actions.h"
#include "group/timers.h"

namespace millrace::group {

/// A request whose reply is given later. `version` decides how that reply looks.
struct Parked {
  Token token;
  int16_t version = 0;
};

/// One way of sharing the work that a member offers ("range", "cooperative-sticky") and what it
/// tells the leader in that case.
struct Protocol {
  std::string name;
  std::string metadata;  ///< bytes, the clients' own; looked into only by subscription.h
  friend bool operator==(const Protocol&, const Protocol&) = default;
};

struct Member {
  std::string id;
  std::optional<std::string> group_instance_id;  ///< static members only (KIP-345)
  std::string client_id;
  std::string client_host;
  int32_t rebalance_timeout_ms = 0;
  int32_t session_timeout_ms = 0;
  std::vector<Protocol> protocols;  ///< the one it prefers first; no name twice
  std::string assignment;           ///< bytes from the leader

  bool is_new = false;        ///< has not been in a generation yet
  bool sync_missing = false;  ///< is in this generation and has not asked for its assignment
  std::optional<Parked> join;
  std::optional<Parked> sync;
  Timer session;

  bool is_static() const { return group_instance_id.has_value(); }
  Duration session_timeout() const { return milliseconds(session_timeout_ms); }
  /// Counts as alive without heartbeats: its client waits for us, not the other way round.
  /// A new member may wait only so long, for nobody knows whether its client still lives.
  bool is_waiting() const { return !is_new && (join || sync); }

  /// Null when it does not offer `protocol`.
  const Protocol* find(std::string_view protocol) const {
    for (const Protocol& offered : protocols) {
      if (offered.name == protocol) return &offered;
    }
    return nullptr;
  }
};

}  // namespace millrace::group
