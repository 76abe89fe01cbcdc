#include "broker/server.h"

#include <fmt/core.h>

#include "base/logging.h"

namespace millrace::broker {
namespace {

// Out of file descriptors: try again soon, for connections end all the time.
constexpr Duration kAcceptRetry = milliseconds(100);

}  // namespace

// A connection and its places in the server's tables.
class Server::Client {
 public:
  Client(Server& server, std::unique_ptr<runtime::Socket> socket, ConnectionFacts facts)
      : server_(server), connection_(server.shared_, std::move(socket), std::move(facts)) {
    server_.connections_.emplace(connection_.facts().id, &connection_);
    ++server_.connections_per_ip_[connection_.facts().peer.host];
  }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  ~Client() {
    server_.connections_.erase(connection_.facts().id);
    const auto found = server_.connections_per_ip_.find(connection_.facts().peer.host);
    if (--found->second == 0) server_.connections_per_ip_.erase(found);
    server_.left_.wake_all();
  }

  // Owns the client for as long as it is served.
  static runtime::Task<> serve(std::unique_ptr<Client> client) {
    co_await client->connection_.run();
  }

 private:
  Server& server_;
  Connection connection_;
};

bool is_loopback(std::string_view host) {
  return host == "localhost" || host == "::1" || host.starts_with("127.");
}

Server::Server(runtime::Env& env, ServerLimits limits)
    : shared_{.env = env,
              .limits = limits.connection,
              .receive_budget = ReceiveBudget(limits.receive_bytes_max)},
      limits_(std::move(limits)),
      acceptors_(env.loop),
      serving_(env.loop) {}

Server::~Server() = default;

Result<> Server::listen(std::vector<ListenerSpec> listeners) {
  std::vector<std::unique_ptr<runtime::Listener>> bound;
  for (ListenerSpec& spec : listeners) {
    bound.push_back(TRY(shared_.env.network.listen(spec.bind, limits_.listen)));
    spec.bind.port = bound.back()->local().port;
    if (spec.advertised.port == 0) spec.advertised.port = spec.bind.port;
    if (!is_loopback(spec.bind.host)) {
      LOG_WARNING(
          "broker",
          "LISTENER {} ON {} IS OPEN TO EVERYBODY WHO CAN REACH IT: it has no encryption and "
          "no authentication. Bind it to 127.0.0.1 unless the network is yours alone.",
          spec.name, spec.bind.to_string());
    }
  }
  specs_ = std::move(listeners);
  listeners_ = std::move(bound);
  return {};
}

void Server::start(std::span<const Api> apis, Node* node, AppendLine* append_line) {
  shared_.apis = apis;
  shared_.node = node;
  shared_.append_line = append_line;
  for (size_t i = 0; i < listeners_.size(); ++i) acceptors_.spawn("accept", accept_all(i));
}

runtime::Address Server::advertised_to(const ConnectionFacts& connection) const {
  for (const ListenerSpec& spec : specs_) {
    if (spec.name != connection.listener) continue;
    if (!spec.advertised.host.empty()) return spec.advertised;
    std::string_view host = connection.local.host;
    // An IPv6 socket that takes IPv4 too calls its IPv4 peers so.
    if (host.starts_with("::ffff:") && host.find('.') != host.npos) host.remove_prefix(7);
    return {std::string(host), spec.advertised.port};
  }
  return connection.local;
}

runtime::Task<> Server::accept_all(size_t listener) {
  while (true) {
    std::unique_ptr<runtime::Socket> socket = co_await accept_one(listener);
    // Looked at only now, for meanwhile the limit or the other listeners moved.
    co_await wait_for_place();
    if (!admit(socket->peer())) continue;
    ConnectionFacts facts{.id = next_id_++,
                          .listener = specs_[listener].name,
                          .local = socket->local(),
                          .peer = socket->peer()};
    serving_.spawn("connection", Client::serve(std::make_unique<Client>(*this, std::move(socket),
                                                                        std::move(facts))));
  }
}

runtime::Task<std::unique_ptr<runtime::Socket>> Server::accept_one(size_t listener) {
  while (true) {
    Result<std::unique_ptr<runtime::Socket>> socket =
        co_await as_result(runtime::accept(listeners_[listener].get()));
    if (socket) co_return *std::move(socket);
    if (socket.error().code() != Errc::kOverloaded) co_return fail(std::move(socket).error());
    const std::string line = fmt::format("cannot accept: {}", socket.error().message());
    if (crowded_.is_news(line, shared_.env.loop.now())) LOG_WARNING("broker", "{}", line);
    co_await runtime::sleep_until(shared_.env.loop.now() + kAcceptRetry);
  }
}

// Beyond max.connections nobody is turned away: one waits here, the others in the backlog, until
// somebody leaves. So does Kafka.
runtime::Task<> Server::wait_for_place() {
  while (static_cast<int64_t>(connections_.size()) >= limits_.counts.all_max) {
    const std::string line = fmt::format(
        "{} connections are open, the most that max.connections allows: others wait "
        "until one of them ends",
        limits_.counts.all_max);
    if (crowded_.is_news(line, shared_.env.loop.now())) LOG_WARNING("broker", "{}", line);
    co_await left_.wait();
  }
}

bool Server::admit(const runtime::Address& peer) {
  // Without this the files of partitions could not be opened, and those who are here would suffer.
  const int64_t sockets_max = shared_.env.network.sockets_max();
  if (static_cast<int64_t>(connections_.size()) >= sockets_max) {
    const std::string line = fmt::format(
        "{} connections are open and others are refused: the rest of the process's "
        "descriptors is for files. Raise the limit (ulimit -n, LimitNOFILE)",
        sockets_max);
    if (crowded_.is_news(line, shared_.env.loop.now())) LOG_WARNING("broker", "{}", line);
    return false;
  }
  const auto found = connections_per_ip_.find(peer.host);
  const int64_t open = found == connections_per_ip_.end() ? 0 : found->second;
  if (open < limit_of(peer.host)) return true;
  LOG_INFO("broker",
           "refused {}: {} connections from that address are open "
           "(max.connections.per.ip)",
           peer.to_string(), open);
  return false;
}

int64_t Server::limit_of(const std::string& host) const {
  const auto found = limits_.counts.per_ip_overrides.find(host);
  return found == limits_.counts.per_ip_overrides.end() ? limits_.counts.per_ip_max : found->second;
}

void Server::set_counts(ConnectionCounts counts) {
  limits_.counts = std::move(counts);
  left_.wake_all();
}

runtime::Task<> Server::stop(Duration limit) {
  if (stopping_) co_return;
  stopping_ = true;
  co_await acceptors_.close();
  for (const std::unique_ptr<runtime::Listener>& listener : listeners_) listener->close();
  for (const auto& [id, connection] : connections_) connection->drain();
  const MonoTime deadline = shared_.env.loop.now() + limit;
  while (serving_.size() > 0 && co_await left_.wait_until(deadline)) {
  }
  co_await serving_.close();
}

}  // namespace millrace::broker
