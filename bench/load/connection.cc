#include "bench/load/connection.h"

#include <arpa/inet.h>
#include <fmt/core.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "bench/load/arguments.h"

namespace millrace::bench {
namespace {

constexpr size_t kFirstRoom = 4096;  // ten thousand idle connections are one workload
constexpr size_t kFrameMax = 128 << 20;

}  // namespace

int connect_to(const std::string& address) {
  const size_t colon = address.rfind(':');
  sockaddr_in to{.sin_family = AF_INET};
  if (colon == std::string::npos ||
      inet_pton(AF_INET, address.substr(0, colon).c_str(), &to.sin_addr) != 1) {
    give_up(address + " is not IPv4:PORT");
  }
  to.sin_port = htons(static_cast<uint16_t>(std::atoi(address.c_str() + colon + 1)));
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) give_up(fmt::format("no more sockets: {}", std::strerror(errno)));
  if (connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0) {
    ::close(fd);
    return -1;
  }
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return fd;
}

Connection::Connection(Poller& poller, const std::string& address) : fd_(connect_to(address)) {
  if (fd_ < 0) give_up(fmt::format("nobody listens at {}", address));
  const int nonblocking = 1;
  ioctl(fd_, FIONBIO, &nonblocking);
  poller.add(fd_, *this);
}

Connection::~Connection() {
  ::close(fd_);
}

void Connection::send(Bytes frame) {
  unsent_ = frame;
  flush();
}

void Connection::flush() {
  while (!unsent_.empty()) {
    const ssize_t count = ::send(fd_, unsent_.data(), unsent_.size(), MSG_NOSIGNAL);
    if (count < 0) {
      if (errno == EAGAIN || errno == EINTR) return;
      give_up(fmt::format("the broker closed a connection: {}", std::strerror(errno)));
    }
    bytes_sent_ += count;
    unsent_ = unsent_.subspan(static_cast<size_t>(count));
  }
}

void Connection::on_ready(uint32_t epoll_events) {
  if (epoll_events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) receive();
  if (!can_send()) flush();
  if (can_send()) on_writable();
}

void Connection::make_room() {
  if (begin_ == end_) begin_ = end_ = 0;
  const size_t had = end_ - begin_;
  size_t wanted = kFirstRoom;
  if (had >= 4) wanted = size_t{load_be32(received_.data() + begin_)} + 4;
  if (wanted > kFrameMax) give_up(fmt::format("an answer of {} bytes", wanted));
  if (received_.size() - begin_ >= wanted && received_.size() > end_) return;
  if (begin_ > 0) std::memmove(received_.data(), received_.data() + begin_, had);
  begin_ = 0;
  end_ = had;
  if (received_.size() < wanted || received_.size() == end_) received_.resize(wanted + kFirstRoom);
}

void Connection::receive() {
  while (true) {
    make_room();
    const size_t room = received_.size() - end_;
    const ssize_t count = recv(fd_, received_.data() + end_, room, 0);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EAGAIN) return;
    if (count < 0) give_up(fmt::format("a connection broke: {}", std::strerror(errno)));
    if (count == 0) give_up("the broker closed a connection");
    bytes_received_ += count;
    end_ += static_cast<size_t>(count);
    take_frames();
    // Less than there was room for: the socket is empty, and readiness will be told again.
    if (static_cast<size_t>(count) < room) return;
  }
}

void Connection::take_frames() {
  while (end_ - begin_ >= 4) {
    const size_t size = load_be32(received_.data() + begin_);
    if (end_ - begin_ < size + 4) return;
    const Bytes frame(received_.data() + begin_ + 4, size);
    begin_ += size + 4;
    on_frame(frame);
  }
}

}  // namespace millrace::bench
