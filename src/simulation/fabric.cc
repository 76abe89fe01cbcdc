#include "simulation/fabric.h"

#include <fmt/core.h>

#include "base/check.h"
#include "simulation/connection.h"

namespace millrace::simulation {
namespace {

constexpr Duration kLoopbackTime = microseconds(10);
constexpr Duration kSpikeMax = milliseconds(500);
constexpr Duration kRetransmitAfter = milliseconds(200);  // Linux's least

Duration up_to(Random& random, Duration most) {
  return nanoseconds(static_cast<int64_t>(random.below(static_cast<uint64_t>(most.ns) + 1)));
}

}  // namespace

bool Host::is_called(std::string_view text) const {
  return text.empty() || text == "0.0.0.0" || text == "::" || text == "localhost" ||
         text == "127.0.0.1" || text == "::1" || text == name || text == ip;
}

Fabric::Fabric(Timeline& timeline, const Faults& faults, Random random)
    : timeline_(timeline), faults_(faults), random_(random) {}

Fabric::~Fabric() {
  CHECK(connections_.empty(), "a process outlives its network");
}

Host& Fabric::add_host(std::string name, Event& turn) {
  const auto index = static_cast<int32_t>(hosts_.size());
  hosts_.push_back(std::make_unique<Host>());
  Host& host = *hosts_.back();
  host.index = index;
  host.name = std::move(name);
  host.ip = fmt::format("10.0.{}.{}", index / 250, index % 250 + 1);
  host.turn = &turn;
  return host;
}

Host* Fabric::find(const Host& from, std::string_view text) {
  if (from.is_called(text)) return hosts_[static_cast<size_t>(from.index)].get();
  for (const auto& host : hosts_) {
    if (text == host->name || text == host->ip) return host.get();
  }
  return nullptr;
}

void Fabric::cut(int32_t from, int32_t to, Direction direction, MonoTime until) {
  cut_until_[{from, to}] = until;
  if (direction == Direction::kBothWays) cut_until_[{to, from}] = until;
}

void Fabric::heal() {
  cut_until_.clear();
}

void Fabric::break_connections(int32_t host) {
  for (const auto& [number, connection] : connections_) {
    if (connection->joins(host)) connection->break_both();
  }
}

bool Fabric::passes(const Host& from, const Host& to) const {
  if (!to.powered) return false;
  const auto cut = cut_until_.find({from.index, to.index});
  return cut == cut_until_.end() || cut->second <= timeline_.now();
}

Duration Fabric::travel_time(const Host& from, const Host& to) {
  if (&from == &to) return kLoopbackTime + up_to(random_, kLoopbackTime);
  Duration time =
      nanoseconds(1) + faults_.network_delay_min + up_to(random_, faults_.network_delay_jitter);
  if (random_.chance(faults_.network_spike)) time = time + up_to(random_, kSpikeMax);
  for (Duration pause = kRetransmitAfter; random_.chance(faults_.network_loss); pause = pause * 2) {
    time = time + pause;
  }
  return time;
}

void Fabric::wake(const Host& host) {
  timeline_.schedule_no_later(*host.turn, timeline_.now());
}

uint64_t Fabric::add(Connection& connection) {
  connections_[next_connection_] = &connection;
  return next_connection_++;
}

}  // namespace millrace::simulation
