#include "simulation/network.h"

#include <fmt/core.h>
#include <algorithm>
#include <utility>

#include "base/check.h"
#include "runtime/wait.h"

namespace millrace::simulation {
namespace {

using runtime::Address;
using runtime::Socket;
using runtime::Task;

constexpr Duration kSynRetryFirst = seconds(1);
constexpr Duration kSynGiveUpAfter = seconds(30);

uint16_t free_port(Host& host) {
  do {
    host.next_port = host.next_port == 60999 ? 32768 : static_cast<uint16_t>(host.next_port + 1);
  } while (host.listeners.contains(host.next_port));
  return host.next_port;
}

bool is_loopback(std::string_view host) {
  return host == "localhost" || host == "127.0.0.1" || host == "::1";
}

// One attempt to connect. Lives in the frame of the task that waits for it.
class Dial : Event {
 public:
  Dial(Fabric& fabric, Host& from, Address to)
      : Event([](Event& self) {
          auto& dial = static_cast<Dial&>(self);
          (dial.*dial.next_)();
        }),
        fabric_(fabric),
        from_(from),
        to_(std::move(to)),
        host_(fabric.find(from, to_.host)),
        started_(fabric.timeline().now()) {
    if (host_) {
      then(&Dial::knock, fabric_.travel_time(from_, *host_));
    } else {
      error_ = "no such host";
      then(&Dial::end, microseconds(1));
    }
  }

  Task<std::unique_ptr<Socket>> finish() {
    while (!ended_) co_await changed_.wait();
    if (!socket_) {
      co_await fail(Errc::kUnreachable, fmt::format("{}: {}", to_.to_string(), error_));
    }
    co_return std::move(socket_);
  }

 private:
  void then(void (Dial::*step)(), Duration after) {
    next_ = step;
    fabric_.timeline().schedule(*this, fabric_.timeline().now() + after);
  }

  // The first packet arrives.
  void knock() {
    if (!fabric_.passes(from_, *host_)) return knock_again();
    const auto found = host_->listeners.find(to_.port);
    const bool open = found != host_->listeners.end() && found->second->is_reachable_from(from_) &&
                      !fabric_.random().chance(fabric_.faults().network_refuse);
    if (open && found->second->is_full()) return knock_again();
    if (open) {
      enter(*found->second);
    } else {
      error_ = "connection refused";
    }
    then(&Dial::hear, fabric_.travel_time(*host_, from_));
  }

  void enter(SimulatedListener& listener) {
    auto connection = std::make_shared<Connection>(fabric_, from_, *host_);
    const Address client{from_.ip, free_port(from_)};
    socket_ = std::make_unique<SimulatedSocket>(connection, 0, client, to_);
    socket_->count();
    listener.offer(std::make_unique<SimulatedSocket>(std::move(connection), 1,
                                                     Address{host_->ip, to_.port}, client));
  }

  // The answer arrives, once the way back is open.
  void hear() {
    if (fabric_.passes(*host_, from_)) return end();
    if (gave_up()) return;
    then(&Dial::hear, patience_);
    patience_ = patience_ * 2;
  }

  void knock_again() {
    if (gave_up()) return;
    then(&Dial::knock, patience_);
    patience_ = patience_ * 2;
  }

  bool gave_up() {
    if (fabric_.timeline().now() - started_ < kSynGiveUpAfter) return false;
    socket_.reset();
    error_ = "connection timed out";
    end();
    return true;
  }

  void end() {
    fabric_.timeline().note(TraceKind::kConnect, from_.index, to_.port, socket_ != nullptr);
    ended_ = true;
    changed_.wake_all();
    fabric_.wake(from_);
  }

  Fabric& fabric_;
  Host& from_;
  Address to_;
  Host* host_;
  MonoTime started_;
  Duration patience_ = kSynRetryFirst;
  void (Dial::*next_)() = nullptr;
  const char* error_ = "";
  std::unique_ptr<SimulatedSocket> socket_;
  bool ended_ = false;
  runtime::WaitQueue changed_;
};

}  // namespace

SimulatedListener::SimulatedListener(Fabric& fabric, Host& host, Address local, int backlog)
    : fabric_(fabric),
      host_(host),
      local_(std::move(local)),
      backlog_(static_cast<size_t>(std::clamp(backlog, 1, 4096))) {
  host_.listeners[local_.port] = this;
}

SimulatedListener::~SimulatedListener() {
  close();
}

void SimulatedListener::close() {
  if (!std::exchange(open_, false)) return;
  host_.listeners.erase(local_.port);
  waiting_.clear();
  acceptable_.wake_all();
}

bool SimulatedListener::is_reachable_from(const Host& host) const {
  return &host == &host_ || !is_loopback(local_.host);
}

void SimulatedListener::offer(std::unique_ptr<SimulatedSocket> socket) {
  CHECK(!is_full());
  waiting_.push_back(std::move(socket));
  acceptable_.wake_one();
  fabric_.wake(host_);
}

Result<std::unique_ptr<Socket>> SimulatedListener::try_accept() {
  if (!open_) return fail(Errc::kClosed);
  if (waiting_.empty()) return fail(Errc::kWouldBlock);
  if (host_.sockets >= host_.sockets_max) return fail(Errc::kOverloaded, "too many open files");
  std::unique_ptr<SimulatedSocket> socket = std::move(waiting_.front());
  waiting_.pop_front();
  socket->count();
  return socket;
}

Result<std::unique_ptr<runtime::Listener>> SimulatedNetwork::listen(
    const Address& at, const runtime::ListenOptions& options) {
  if (!host_.is_called(at.host)) {
    return fail(Errc::kAddressNotHere, fmt::format("{}: not an address of this machine", at.host));
  }
  Address local = at;
  if (local.port == 0) local.port = free_port(host_);
  if (host_.listeners.contains(local.port)) {
    return fail(Errc::kAddressInUse, fmt::format("{}: address in use", local.to_string()));
  }
  return std::make_unique<SimulatedListener>(fabric_, host_, std::move(local), options.backlog);
}

Task<std::unique_ptr<Socket>> SimulatedNetwork::connect(Address to) {
  Dial dial(fabric_, host_, std::move(to));
  co_return co_await dial.finish();
}

}  // namespace millrace::simulation
