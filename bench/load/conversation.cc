#include "bench/load/conversation.h"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "bench/load/connection.h"

namespace millrace::bench {

Result<Conversation> Conversation::open(const std::string& address) {
  const int fd = connect_to(address);
  if (fd < 0) return fail(Errc::kUnreachable, address);
  return Conversation(fd);
}

Conversation::Conversation(Conversation&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), correlation_id_(other.correlation_id_) {}

Conversation::~Conversation() {
  if (fd_ >= 0) ::close(fd_);
}

Result<> Conversation::send_all(Bytes bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return fail(Errc::kClosed, std::strerror(errno));
    bytes = bytes.subspan(static_cast<size_t>(count));
  }
  return {};
}

Result<> Conversation::receive_all(MutableBytes into) {
  while (!into.empty()) {
    const ssize_t count = recv(fd_, into.data(), into.size(), 0);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return fail(Errc::kClosed, "while an answer was awaited");
    into = into.subspan(static_cast<size_t>(count));
  }
  return {};
}

Result<> Conversation::exchange(const std::vector<Bytes>& request) {
  for (const Bytes part : request) TRY(send_all(part));
  uint8_t size[4];
  TRY(receive_all(size));
  answer_.resize(load_be32(size));
  return receive_all(answer_.mutable_bytes());
}

}  // namespace millrace::bench
