#include "bench/null/server.h"

#include <arpa/inet.h>
#include <fmt/core.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>
#include <utility>

#include "base/check.h"

namespace millrace::bench {
namespace {

constexpr size_t kBufferBytes = 1 << 20;
constexpr size_t kFrameMax = 100 << 20;
constexpr size_t kBuffersKept = 64;
constexpr int kBacklog = 4096;

int64_t clock_ms() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000;
}

}  // namespace

/// One connection.
class Server::Peer {
 public:
  Peer(Server& server, int fd) : server_(server), fd_(fd) {}
  ~Peer() { ::close(fd_); }
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  bool closed() const { return closed_; }
  bool waits() const { return waits_until_ms_ > 0; }
  int64_t waits_until_ms() const { return waits_until_ms_; }
  bool has_output() const { return !out_.empty(); }

  void on_ready(uint32_t events) {
    if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) readable_ = true;
    if (readable_ && !waits()) receive();
    if (has_output()) server_.to_write_.push_back(this);
  }

  /// The fetch at the front once more. Requires: waits().
  void look_again(bool last_chance) {
    waits_until_ms_ = 0;
    take_frames(last_chance);
    if (!waits() && readable_) receive();
    if (has_output()) server_.to_write_.push_back(this);
  }

  void write() {
    while (written_ < out_.size() && !closed_) {
      Out& next = out_[written_];
      const bool last = written_ + 1 == out_.size();
      auto at = static_cast<off_t>(next.at);
      const ssize_t count = next.file >= 0 ? sendfile(fd_, next.file, &at, next.size)
                                           : ::send(fd_, bytes_.data() + next.at, next.size,
                                                    MSG_NOSIGNAL | (last ? 0 : MSG_MORE));
      if (count < 0 && errno == EINTR) continue;
      if (count < 0 && errno == EAGAIN) return;
      if (count <= 0) return close();
      next.at += static_cast<size_t>(count);
      next.size -= static_cast<size_t>(count);
      if (next.size == 0) ++written_;
    }
    out_.clear();
    bytes_.clear();
    written_ = 0;
  }

 private:
  /// A stretch of bytes_, or of a file, on its way out.
  struct Out {
    int file;
    size_t at;
    size_t size;
  };

  void close() {
    closed_ = true;
    server_.any_closed_ = true;
  }

  void receive() {
    while (!waits() && !closed_) {
      make_room();
      const size_t room = in_.size() - end_;
      const ssize_t count = recv(fd_, in_.data() + end_, room, 0);
      if (count < 0 && errno == EINTR) continue;
      if (count < 0 && errno == EAGAIN) {
        readable_ = false;
        break;
      }
      if (count <= 0) return close();
      end_ += static_cast<size_t>(count);
      take_frames(false);
      if (static_cast<size_t>(count) < room) {
        readable_ = false;
        break;
      }
    }
    if (begin_ == end_ && !in_.empty()) {
      server_.take_back(std::move(in_));
      in_ = {};
      begin_ = end_ = 0;
    }
  }

  void make_room() {
    if (in_.empty()) in_ = server_.lend_buffer();
    if (begin_ == end_) begin_ = end_ = 0;
    const size_t had = end_ - begin_;
    const size_t wanted = had >= 4 ? size_t{load_be32(in_.data() + begin_)} + 4 : 4;
    if (begin_ + wanted <= in_.size() && end_ < in_.size()) return;
    std::memmove(in_.data(), in_.data() + begin_, had);
    begin_ = 0;
    end_ = had;
    if (in_.size() < wanted) in_.resize(wanted);
  }

  void take_frames(bool last_chance) {
    while (end_ - begin_ >= 4 && !waits() && !closed_) {
      const size_t size = load_be32(in_.data() + begin_);
      if (size > kFrameMax) return close();
      if (end_ - begin_ < size + 4) return;
      if (!answer({in_.data() + begin_ + 4, size}, last_chance)) return;
      begin_ += size + 4;
      last_chance = false;
    }
  }

  /// Whether it was answered. If not, the frame stays, and the connection with it.
  bool answer(MutableBytes frame, bool last_chance) {
    const size_t before = bytes_.size();
    kafka::Writer writer(bytes_);
    Answer answer;
    const Result<> done = server_.answers_->give(frame, last_chance, writer, answer);
    if (!done.has_value()) {
      fmt::print(stderr, "null_broker: {}\n", done.error().message());
      close();
      return false;
    }
    if (!answer.complete) {
      bytes_.resize(before);
      waits_until_ms_ = clock_ms() + answer.wait_ms;
      server_.waiting_.push_back(this);
      return false;
    }
    queue(before, writer.pieces(), answer.files);
    return true;
  }

  void queue(size_t from, std::span<const kafka::Piece> pieces,
             const std::vector<FileRange>& files) {
    for (size_t i = 0; i < pieces.size(); ++i) {
      add({-1, from, pieces[i].at - from});
      add({files[i].fd, static_cast<size_t>(files[i].at), files[i].size});
      from = pieces[i].at;
    }
    add({-1, from, bytes_.size() - from});
  }

  void add(const Out& piece) {
    if (piece.size == 0) return;
    const bool joins = !out_.empty() && piece.file < 0 && out_.back().file < 0 &&
                       out_.back().at + out_.back().size == piece.at;
    if (joins) {
      out_.back().size += piece.size;
    } else {
      out_.push_back(piece);
    }
  }

  Server& server_;
  int fd_;
  bool closed_ = false;
  bool readable_ = false;
  int64_t waits_until_ms_ = 0;
  std::vector<uint8_t> in_;  // frames lie in [begin_, end_)
  size_t begin_ = 0;
  size_t end_ = 0;
  Buffer bytes_;
  std::vector<Out> out_;
  size_t written_ = 0;
};

Server::Server(Store& store, uint16_t port)
    : store_(store),
      listener_(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)),
      epoll_(epoll_create1(EPOLL_CLOEXEC)) {
  const int on = 1;
  setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in at{.sin_family = AF_INET, .sin_port = htons(port)};
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof at;
  CHECK(bind(listener_, reinterpret_cast<sockaddr*>(&at), size) == 0);
  CHECK(listen(listener_, kBacklog) == 0);
  CHECK(getsockname(listener_, reinterpret_cast<sockaddr*>(&at), &size) == 0);
  port_ = ntohs(at.sin_port);
  answers_ = std::make_unique<Answers>(store, port_);
  epoll_event event{.events = EPOLLIN, .data = {.ptr = nullptr}};
  CHECK(epoll_ctl(epoll_, EPOLL_CTL_ADD, listener_, &event) == 0);
}

Server::~Server() {
  ::close(listener_);
  ::close(epoll_);
}

void Server::accept_all() {
  while (true) {
    const int fd = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) return;
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    peers_.push_back(std::make_unique<Peer>(*this, fd));
    epoll_event event{.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
                      .data = {.ptr = peers_.back().get()}};
    CHECK(epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) == 0);
  }
}

void Server::look_again(int64_t now_ms) {
  const bool changed = store_.appended() != looked_at_;
  looked_at_ = store_.appended();
  std::vector<Peer*> before;
  before.swap(waiting_);
  for (Peer* peer : before) {
    const bool last_chance = peer->waits_until_ms() <= now_ms;
    if (changed || last_chance) {
      peer->look_again(last_chance);  // joins waiting_ again when it must
    } else {
      waiting_.push_back(peer);
    }
  }
}

int Server::wait_ms(int64_t now_ms) const {
  int64_t until = INT_MAX;
  for (const Peer* peer : waiting_) until = std::min(until, peer->waits_until_ms() - now_ms);
  return waiting_.empty() ? -1 : static_cast<int>(std::max<int64_t>(until, 0));
}

void Server::write_all() {
  for (Peer* peer : std::exchange(to_write_, {})) peer->write();
}

void Server::drop_closed() {
  if (!std::exchange(any_closed_, false)) return;
  const auto is_closed = [](const auto& peer) { return peer->closed(); };
  std::erase_if(waiting_, [](const Peer* peer) { return peer->closed(); });
  std::erase_if(peers_, is_closed);
}

void Server::run() {
  epoll_event events[512];
  while (true) {
    const int count = epoll_wait(epoll_, events, 512, wait_ms(clock_ms()));
    for (int i = 0; i < count; ++i) {
      if (auto* peer = static_cast<Peer*>(events[i].data.ptr)) {
        peer->on_ready(events[i].events);
      } else {
        accept_all();
      }
    }
    if (!waiting_.empty()) look_again(clock_ms());
    store_.sync();
    write_all();
    drop_closed();
  }
}

std::vector<uint8_t> Server::lend_buffer() {
  if (buffers_.empty()) return std::vector<uint8_t>(kBufferBytes);
  std::vector<uint8_t> buffer = std::move(buffers_.back());
  buffers_.pop_back();
  return buffer;
}

void Server::take_back(std::vector<uint8_t> buffer) {
  if (buffers_.size() < kBuffersKept) buffers_.push_back(std::move(buffer));
}

}  // namespace millrace::bench
