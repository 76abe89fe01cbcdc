// Trace: the fingerprint of a run. All that happens in a simulated world is mixed into one hash, so
// that two runs of a seed can be compared; the events themselves are kept only when asked for.
// Not a log for people: that is log_ring.h.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/time.h"

namespace millrace::simulation {

enum class TraceKind : uint8_t {
  kTurn,      ///< a = tasks' loop had more to do
  kStart,     ///< a process began
  kKill,      ///< a process ended, its machine did not
  kCrash,     ///< power was lost
  kConnect,   ///< a = connection, b = outcome
  kDeliver,   ///< a = connection, b = hash of the bytes, or their kind
  kBreak,     ///< a = connection
  kNames,     ///< a directory changed; a = hash of the name
  kWrite,     ///< a = position, b = hash of the bytes
  kTruncate,  ///< a = inode, b = size
  kRead,      ///< a = position, b = count
  kSync,      ///< a = inode, b = outcome
  kFault,     ///< an episode of the nemesis; a = hash of its name
};

struct TraceEvent {
  MonoTime time;
  TraceKind kind;
  int32_t node = -1;
  uint64_t a = 0;
  uint64_t b = 0;

  friend bool operator==(const TraceEvent&, const TraceEvent&) = default;
  std::string to_string() const;
};

class Trace {
 public:
  void note(const TraceEvent& event);

  uint64_t hash() const { return hash_; }
  uint64_t count() const { return count_; }

  /// Keeps the first `events_max` events, to find where two runs part.
  void keep(size_t events_max) { kept_max_ = events_max; }
  const std::vector<TraceEvent>& kept() const { return kept_; }

 private:
  uint64_t hash_ = 0;
  uint64_t count_ = 0;
  size_t kept_max_ = 0;
  std::vector<TraceEvent> kept_;
};

/// Not cryptographic; the same on every machine. Bounds: about 8 bytes per step.
uint64_t hash_of(Bytes bytes);
inline uint64_t hash_of(std::string_view text) {
  return hash_of(as_bytes(text));
}

}  // namespace millrace::simulation
