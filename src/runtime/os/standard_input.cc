#include "runtime/os/standard_input.h"

#include <poll.h>
#include <unistd.h>

#include <cerrno>

#include "runtime/os/system_error.h"

namespace millrace::runtime::os {
namespace {

constexpr size_t kChunkBytes = size_t{1} << 20;
constexpr int kLookMs = 100;

// False when the end was asked for first. Where poll() cannot tell, read() says what is wrong.
bool wait_for_input(const std::atomic<bool>& ended) {
  pollfd input{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0};
  while (!ended) {
    if (::poll(&input, 1, kLookMs) != 0) return true;
  }
  return false;
}

}  // namespace

Task<std::string> StandardInput::read() {
  auto chunk = std::make_shared<std::string>(kChunkBytes, '\0');
  co_await threads_.run([chunk, ended = ended_]() -> Result<> {
    ssize_t got = 0;
    if (wait_for_input(*ended)) got = ::read(STDIN_FILENO, chunk->data(), chunk->size());
    if (got < 0) return fail(system_error(errno, "read", "standard input"));
    chunk->resize(static_cast<size_t>(got));
    return {};
  });
  co_return std::move(*chunk);
}

}  // namespace millrace::runtime::os
