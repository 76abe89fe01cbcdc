#include "simulation/trace.h"

#include <fmt/core.h>

namespace millrace::simulation {
namespace {

// Folds 64 bits into a state by one wide multiplication (the step of wyhash).
uint64_t mix(uint64_t state, uint64_t word) {
  const auto product = static_cast<unsigned __int128>(state ^ 0x9e3779b97f4a7c15ULL) *
                       (word ^ 0xd6e8feb86659fd93ULL);
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

constexpr const char* kKindNames[] = {"turn",    "start", "kill",  "crash", "connect",
                                      "deliver", "break", "names", "write", "truncate",
                                      "read",    "sync",  "fault"};

}  // namespace

void Trace::note(const TraceEvent& event) {
  const uint64_t who = static_cast<uint64_t>(event.kind) << 32 | static_cast<uint32_t>(event.node);
  hash_ = mix(mix(mix(mix(hash_, static_cast<uint64_t>(event.time.ns)), who), event.a), event.b);
  ++count_;
  if (kept_.size() < kept_max_) kept_.push_back(event);
}

std::string TraceEvent::to_string() const {
  return fmt::format("{:.6f}s node {} {} {:x} {:x}", static_cast<double>(time.ns) / 1e9, node,
                     kKindNames[static_cast<size_t>(kind)], a, b);
}

uint64_t hash_of(Bytes bytes) {
  uint64_t state = bytes.size();
  while (bytes.size() >= sizeof(uint64_t)) {
    state = mix(state, load_be64(bytes.data()));
    bytes = bytes.subspan(sizeof(uint64_t));
  }
  uint64_t rest = 0;
  for (const uint8_t byte : bytes) rest = rest << 8 | byte;
  return mix(state, rest);
}

}  // namespace millrace::simulation
