#include "runtime/network.h"

#include <fmt/core.h>
#include <charconv>

namespace millrace::runtime {

std::string Address::to_string() const {
  const bool v6 = host.find(':') != std::string::npos;
  return v6 ? fmt::format("[{}]:{}", host, port) : fmt::format("{}:{}", host, port);
}

Result<Address> Address::parse(std::string_view text) {
  const auto bad = [&] {
    return fail(Errc::kInvalidSetting,
                fmt::format("\"{}\" is no address: HOST:PORT or [IPV6]:PORT wanted", text));
  };
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return bad();
  std::string_view host = text.substr(0, colon);
  const std::string_view digits = text.substr(colon + 1);
  uint16_t port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (error != std::errc() || end != digits.data() + digits.size()) return bad();
  if (host.starts_with('[')) {
    if (!host.ends_with(']')) return bad();
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    return bad();
  }
  if (host.find_first_of("[]") != std::string_view::npos) return bad();
  return Address{std::string(host), port};
}

Task<size_t> read_some(Socket* socket, MutableBytes into) {
  while (true) {
    Result<size_t> count = socket->try_read(into);
    if (count || count.error().code() != Errc::kWouldBlock) co_return co_await std::move(count);
    co_await socket->readable().wait();
  }
}

Task<> read_exactly(Socket* socket, MutableBytes into) {
  while (!into.empty()) {
    const size_t count = co_await read_some(socket, into);
    if (count == 0) co_await fail(Errc::kClosed, "the stream ended early");
    into = into.subspan(count);
  }
}

Task<> write_all(Socket* socket, Bytes bytes) {
  while (!bytes.empty()) {
    Result<size_t> count = socket->try_write({&bytes, 1});
    if (count) {
      bytes = bytes.subspan(*count);
    } else if (count.error().code() == Errc::kWouldBlock) {
      co_await socket->writable().wait();
    } else {
      co_await std::move(count);
    }
  }
}

Task<std::unique_ptr<Socket>> accept(Listener* listener) {
  while (true) {
    Result<std::unique_ptr<Socket>> socket = listener->try_accept();
    if (socket || socket.error().code() != Errc::kWouldBlock) co_return co_await std::move(socket);
    co_await listener->acceptable().wait();
  }
}

}  // namespace millrace::runtime
