#include "runtime/os/network.h"

#include <arpa/inet.h>
#include <fmt/core.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "runtime/os/descriptor_limit.h"
#include "runtime/os/disk.h"
#include "runtime/os/system_error.h"

namespace millrace::runtime::os {
namespace {

constexpr size_t kPiecesPerWrite = 64;  // of one writev; the caller comes again for the rest

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = sizeof(sockaddr_storage);

  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
  int family() const { return storage.ss_family; }

  Address to_address() const {
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (family() == AF_INET6) {
      const auto* v6 = reinterpret_cast<const sockaddr_in6*>(&storage);
      inet_ntop(AF_INET6, &v6->sin6_addr, text.data(), text.size());
      return {text.data(), ntohs(v6->sin6_port)};
    }
    const auto* v4 = reinterpret_cast<const sockaddr_in*>(&storage);
    inet_ntop(AF_INET, &v4->sin_addr, text.data(), text.size());
    return {text.data(), ntohs(v4->sin_port)};
  }
};

// Blocks while a name server is asked. An empty host is every local address.
Result<std::vector<SocketAddress>> look_up(const Address& address, bool passive) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV | (passive ? AI_PASSIVE : 0);
  addrinfo* found = nullptr;
  const std::string port = std::to_string(address.port);
  const int error = getaddrinfo(address.host.empty() ? nullptr : address.host.c_str(), port.c_str(),
                                &hints, &found);
  if (error != 0) {
    return fail(Errc::kUnreachable,
                fmt::format("look up {}: {}", address.to_string(), gai_strerror(error)));
  }
  std::vector<SocketAddress> addresses;
  for (const addrinfo* entry = found; entry; entry = entry->ai_next) {
    SocketAddress& a = addresses.emplace_back();
    std::memcpy(&a.storage, entry->ai_addr, entry->ai_addrlen);
    a.size = entry->ai_addrlen;
  }
  freeaddrinfo(found);
  return addresses;
}

Address local_address(int fd) {
  SocketAddress a;
  getsockname(fd, a.get(), &a.size);
  return a.to_address();
}

void set_option(int fd, int level, int name, int value) {
  setsockopt(fd, level, name, &value, sizeof value);
}

class SystemSocket : public Socket, private EventHandler {
 public:
  SystemSocket(Driver& driver, FileDescriptor fd, Address peer)
      : driver_(driver),
        fd_(std::move(fd)),
        local_(local_address(fd_.get())),
        peer_(std::move(peer)) {
    set_option(fd_.get(), IPPROTO_TCP, TCP_NODELAY, 1);
  }
  ~SystemSocket() override { close(); }

  Result<> watch() { return driver_.add(fd_.get(), *this); }

  Result<size_t> try_read(MutableBytes into) override {
    if (!fd_.valid()) return fail(Errc::kClosed);
    while (true) {
      const ssize_t count = ::recv(fd_.get(), into.data(), into.size(), 0);
      if (count >= 0) return static_cast<size_t>(count);
      if (errno == EAGAIN) return fail(Errc::kWouldBlock);
      if (errno != EINTR) return fail(Errc::kClosed, strerror(errno));
    }
  }

  Result<size_t> try_write(std::span<const Bytes> pieces, Follows follows) override {
    if (!fd_.valid()) return fail(Errc::kClosed);
    std::array<iovec, kPiecesPerWrite> vectors;
    const size_t count = std::min(pieces.size(), vectors.size());
    for (size_t i = 0; i < count; ++i) {
      vectors[i] = {const_cast<uint8_t*>(pieces[i].data()), pieces[i].size()};
    }
    msghdr message{};
    message.msg_iov = vectors.data();
    message.msg_iovlen = count;
    const int flags = MSG_NOSIGNAL | (follows == Follows::kMore ? MSG_MORE : 0);
    while (true) {
      const ssize_t written = ::sendmsg(fd_.get(), &message, flags);
      if (written >= 0) return static_cast<size_t>(written);
      if (errno == EAGAIN) return fail(Errc::kWouldBlock);
      if (errno != EINTR) return fail(Errc::kClosed, strerror(errno));
    }
  }

  Result<size_t> try_send_file(File& file, int64_t position, size_t size) override {
    if (!fd_.valid()) return fail(Errc::kClosed);
    const int from = static_cast<OpenFile&>(file).descriptor();
    while (true) {
      off_t at = position;
      const ssize_t sent = ::sendfile(fd_.get(), from, &at, size);
      if (sent > 0) return static_cast<size_t>(sent);
      if (sent == 0) {
        return fail(Errc::kIo, fmt::format("{} ends before byte {}", file.path(), position + 1));
      }
      switch (errno) {
        case EAGAIN:
          return fail(Errc::kWouldBlock);
        case EINTR:
          continue;
        case EPIPE:
        case ECONNRESET:
        case ECONNABORTED:
        case ENOTCONN:
        case ETIMEDOUT:
        case EHOSTUNREACH:
        case ENETUNREACH:
          return fail(Errc::kClosed, strerror(errno));
        default:
          return fail(system_error(errno, "send from", file.path()));
      }
    }
  }

  WaitQueue& readable() override { return readable_; }
  WaitQueue& writable() override { return writable_; }

  void end_write() override {
    if (fd_.valid()) ::shutdown(fd_.get(), SHUT_WR);
  }

  void close() override {
    if (!fd_.valid()) return;
    driver_.remove(fd_.get(), *this);
    fd_.close();
    readable_.wake_all();
    writable_.wake_all();
  }

  const Address& local() const override { return local_; }
  const Address& peer() const override { return peer_; }

  int descriptor() const { return fd_.get(); }

 private:
  void on_events(uint32_t events) override {
    if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) readable_.wake_all();
    if (events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) writable_.wake_all();
  }

  Driver& driver_;
  FileDescriptor fd_;
  Address local_;
  Address peer_;
  WaitQueue readable_;
  WaitQueue writable_;
};

class SystemListener : public Listener, private EventHandler {
 public:
  SystemListener(Driver& driver, FileDescriptor fd)
      : driver_(driver), fd_(std::move(fd)), local_(local_address(fd_.get())) {}
  ~SystemListener() override { close(); }

  Result<> watch() { return driver_.add(fd_.get(), *this); }

  Result<std::unique_ptr<Socket>> try_accept() override {
    if (!fd_.valid()) return fail(Errc::kClosed);
    SocketAddress peer;
    FileDescriptor fd(::accept4(fd_.get(), peer.get(), &peer.size, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!fd.valid()) {
      // A connection that ended before it was accepted is nobody's business.
      if (errno == EAGAIN || errno == ECONNABORTED || errno == EINTR) {
        return fail(Errc::kWouldBlock);
      }
      return fail(system_error(errno, "accept on", local_.to_string()));
    }
    auto socket = std::make_unique<SystemSocket>(driver_, std::move(fd), peer.to_address());
    TRY(socket->watch());
    return socket;
  }

  WaitQueue& acceptable() override { return acceptable_; }
  const Address& local() const override { return local_; }

  void close() override {
    if (!fd_.valid()) return;
    driver_.remove(fd_.get(), *this);
    fd_.close();
    acceptable_.wake_all();
  }

 private:
  void on_events(uint32_t /*events*/) override { acceptable_.wake_all(); }

  Driver& driver_;
  FileDescriptor fd_;
  Address local_;
  WaitQueue acceptable_;
};

Result<FileDescriptor> open_listener(SocketAddress& at, const Address& named,
                                     const ListenOptions& options) {
  FileDescriptor fd(::socket(at.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return fail(system_error(errno, "listen on", named.to_string()));
  set_option(fd.get(), SOL_SOCKET, SO_REUSEADDR, 1);
  if (at.family() == AF_INET6) set_option(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, 0);
  // What it accepts has its buffers; only before listen() do they count in the handshake.
  if (options.send_buffer_bytes >= 0) {
    set_option(fd.get(), SOL_SOCKET, SO_SNDBUF, options.send_buffer_bytes);
  }
  if (options.receive_buffer_bytes >= 0) {
    set_option(fd.get(), SOL_SOCKET, SO_RCVBUF, options.receive_buffer_bytes);
  }
  if (::bind(fd.get(), at.get(), at.size) != 0 || ::listen(fd.get(), options.backlog) != 0) {
    return fail(system_error(errno, "listen on", named.to_string()));
  }
  return fd;
}

Task<std::unique_ptr<Socket>> connect_to(Driver* driver, SocketAddress to) {
  FileDescriptor fd(::socket(to.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const Address named = to.to_address();
  if (!fd.valid()) co_await fail(system_error(errno, "connect to", named.to_string()));
  const bool pending = ::connect(fd.get(), to.get(), to.size) != 0;
  if (pending && errno != EINPROGRESS) {
    co_await fail(Errc::kUnreachable, fmt::format("{}: {}", named.to_string(), strerror(errno)));
  }
  auto socket = std::make_unique<SystemSocket>(*driver, std::move(fd), named);
  co_await socket->watch();
  if (pending) {
    co_await socket->writable().wait();
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(socket->descriptor(), SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) {
      co_await fail(Errc::kUnreachable, fmt::format("{}: {}", named.to_string(), strerror(error)));
    }
  }
  co_return socket;
}

bool is_numeric(const std::string& host) {
  std::array<uint8_t, sizeof(in6_addr)> ignored;
  return inet_pton(AF_INET, host.c_str(), ignored.data()) == 1 ||
         inet_pton(AF_INET6, host.c_str(), ignored.data()) == 1;
}

}  // namespace

SystemNetwork::SystemNetwork(Driver& driver, HelperThreads& threads)
    : driver_(driver), threads_(threads), sockets_max_(descriptor_shares().sockets) {}

Result<std::unique_ptr<Listener>> SystemNetwork::listen(const Address& at,
                                                        const ListenOptions& options) {
  std::vector<SocketAddress> addresses = TRY(look_up(at, /*passive=*/true));
  // "Every address": the one IPv6 socket that takes IPv4 too, where there is IPv6.
  if (at.host.empty()) {
    for (SocketAddress& a : addresses) {
      if (a.family() == AF_INET6) std::swap(addresses.front(), a);
    }
  }
  Result<FileDescriptor> fd = open_listener(addresses.front(), at, options);
  for (size_t i = 1; !fd && i < addresses.size(); ++i)
    fd = open_listener(addresses[i], at, options);
  auto listener = std::make_unique<SystemListener>(driver_, TRY(std::move(fd)));
  TRY(listener->watch());
  return listener;
}

Task<std::unique_ptr<Socket>> SystemNetwork::connect(Address to) {
  auto addresses = std::make_shared<std::vector<SocketAddress>>();
  auto find = [addresses, to]() -> Result<> {
    *addresses = TRY(look_up(to, /*passive=*/false));
    return {};
  };
  if (is_numeric(to.host)) {
    co_await find();
  } else {
    co_await threads_.run(std::move(find));
  }
  Error last(Errc::kUnreachable, to.to_string());
  for (const SocketAddress& address : *addresses) {
    Result<std::unique_ptr<Socket>> socket = co_await as_result(connect_to(&driver_, address));
    if (socket) co_return *std::move(socket);
    last = std::move(socket).error();
  }
  co_return fail(std::move(last));
}

}  // namespace millrace::runtime::os
