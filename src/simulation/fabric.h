// Fabric: the cables between simulated machines: how long a packet travels, which paths are cut,
// which machine has power. It carries packets of connections (connection.h) that the machines'
// network doors (network.h) make; it does not look into them.
//
// Streams keep TCP's promise: bytes arrive in order and whole, or the connection breaks. So a lost
// packet is a delay, a cut path is silence until the sender gives up, and only a break loses bytes.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "base/time.h"
#include "simulation/faults.h"
#include "simulation/timeline.h"

namespace millrace::simulation {

class Connection;
class SimulatedListener;

/// A machine on the fabric. Its index is its node's.
struct Host {
  int32_t index = 0;
  std::string name;
  std::string ip;
  Event* turn = nullptr;  ///< brought forward when a socket has news
  bool powered = true;
  bool muted = false;  ///< what its processes write to sockets goes nowhere
  int32_t sockets = 0;
  int32_t sockets_max = 100'000;  ///< beyond that try_accept says kOverloaded
  uint16_t next_port = 32768;
  std::map<uint16_t, SimulatedListener*> listeners;

  /// Whether `text` names this machine, or every address of it.
  bool is_called(std::string_view text) const;
};

enum class Direction : uint8_t { kOneWay, kBothWays };

class Fabric {
 public:
  Fabric(Timeline& timeline, const Faults& faults, Random random);
  Fabric(const Fabric&) = delete;
  Fabric& operator=(const Fabric&) = delete;
  ~Fabric();

  /// Stays where it is. The first one has index 0.
  Host& add_host(std::string name, Event& turn);
  /// By name or address, as seen from `from`; null when nobody is called so.
  Host* find(const Host& from, std::string_view text);

  // What machines feel.
  /// Packets from one machine to the other are held until `until`; kNever: until heal().
  void cut(int32_t from, int32_t to, Direction direction, MonoTime until = kNever);
  void heal();
  /// Breaks every connection of a machine, with what is in flight.
  void break_connections(int32_t host);

  // What connections ask.
  Timeline& timeline() { return timeline_; }
  const Faults& faults() const { return faults_; }
  Random& random() { return random_; }
  bool passes(const Host& from, const Host& to) const;
  /// Draws how long the next packet takes. Never zero.
  Duration travel_time(const Host& from, const Host& to);
  void wake(const Host& host);
  uint64_t add(Connection& connection);
  void remove(uint64_t connection) { connections_.erase(connection); }
  size_t connection_count() const { return connections_.size(); }

 private:
  Timeline& timeline_;
  const Faults& faults_;
  Random random_;
  std::vector<std::unique_ptr<Host>> hosts_;
  std::map<std::pair<int32_t, int32_t>, MonoTime> cut_until_;  // only paths that were ever cut
  std::map<uint64_t, Connection*> connections_;                // by number, for a stable order
  uint64_t next_connection_ = 1;
};

}  // namespace millrace::simulation
