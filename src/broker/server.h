// Server: the listeners, and who may connect. Not for what happens on a connection (connection.h)
// and not for TLS or SASL, which come as wrappers around sockets.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/recent_line.h"
#include "broker/connection.h"
#include "runtime/env.h"
#include "runtime/scope.h"

namespace millrace::broker {

/// One entry of `listeners` with its entry of `advertised.listeners`.
struct ListenerSpec {
  std::string name;       ///< "PLAINTEXT"
  runtime::Address bind;  ///< an empty host is every address; port 0 picks one
  /// Port 0 becomes the one bound. An empty host is whichever of our addresses a client used to
  /// reach us: it is right for that client, whatever this machine is called.
  runtime::Address advertised;
};

/// How many may be connected; may change while the server runs.
struct ConnectionCounts {
  int64_t all_max = INT32_MAX;                      ///< max.connections
  int64_t per_ip_max = INT32_MAX;                   ///< max.connections.per.ip
  std::map<std::string, int64_t> per_ip_overrides;  ///< max.connections.per.ip.overrides
};

struct ServerLimits {
  ConnectionLimits connection;
  ConnectionCounts counts;
  int64_t receive_bytes_max = 256 * 1024 * 1024;  ///< queued.max.request.bytes
  /// socket.listen.backlog.size, socket.send.buffer.bytes, socket.receive.buffer.bytes
  runtime::ListenOptions listen;
};

class Server {
 public:
  /// Borrows `env`.
  Server(runtime::Env& env, ServerLimits limits);
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  ~Server();

  /// Binds every listener. Clients may connect from now on and wait until start().
  /// Errors: kAddressInUse, kAddressNotHere, with the address; nothing stays bound then.
  Result<> listen(std::vector<ListenerSpec> listeners);
  /// Begins to accept and to serve `apis`, whose handlers work with `node`. Borrows all three.
  void start(std::span<const Api> apis, Node* node, AppendLine* append_line = nullptr);

  /// Accepts nobody any more, lets requests under way finish for at most `limit`, and closes all.
  runtime::Task<> stop(Duration limit);

  /// From now on. Whoever is connected stays, and whoever waits may have a place at once.
  void set_counts(ConnectionCounts counts);

  /// With real ports and hosts, in the order given.
  const std::vector<ListenerSpec>& listeners() const { return specs_; }
  /// What a client on that connection is told to connect to. Source: KIP-103.
  runtime::Address advertised_to(const ConnectionFacts& connection) const;

  size_t connection_count() const { return connections_.size(); }
  /// In the order they were opened.
  const std::map<uint64_t, Connection*>& connections() const { return connections_; }
  const ReceiveBudget& receive_budget() const { return shared_.receive_budget; }
  /// For whoever reads records on the way to an answer.
  ColdReads& cold_reads() { return shared_.cold_reads; }

 private:
  class Client;

  runtime::Task<> accept_all(size_t listener);
  runtime::Task<std::unique_ptr<runtime::Socket>> accept_one(size_t listener);
  runtime::Task<> wait_for_place();
  bool admit(const runtime::Address& peer);
  int64_t limit_of(const std::string& host) const;

  ConnectionShared shared_;
  ServerLimits limits_;
  std::vector<ListenerSpec> specs_;
  std::vector<std::unique_ptr<runtime::Listener>> listeners_;
  std::map<uint64_t, Connection*> connections_;
  std::map<std::string, int64_t> connections_per_ip_;
  uint64_t next_id_ = 1;
  bool stopping_ = false;
  RecentLine crowded_;
  runtime::WaitQueue left_;  // woken when a connection has ended
  runtime::Scope acceptors_;
  runtime::Scope serving_;
};

/// Whether a host is reachable from this machine only.
bool is_loopback(std::string_view host);

}  // namespace millrace::broker
