// Server: sockets of the null broker. One thread, epoll; each turn reads what came, answers it,
// syncs once if that is asked for, and then writes once to each connection.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "bench/null/answers.h"
#include "bench/null/store.h"

namespace millrace::bench {

class Server {
 public:
  /// Listens on 127.0.0.1; port 0 picks a free one.
  Server(Store& store, uint16_t port);
  ~Server();

  uint16_t port() const { return port_; }
  /// Until the process is told to end.
  void run();

 private:
  class Peer;

  void accept_all();
  /// Fetches that wait: again when something was appended, for the last time when their time is up.
  void look_again(int64_t now_ms);
  int wait_ms(int64_t now_ms) const;
  void write_all();
  void drop_closed();

  std::vector<uint8_t> lend_buffer();
  void take_back(std::vector<uint8_t> buffer);

  Store& store_;
  int listener_;
  int epoll_;
  uint16_t port_ = 0;
  std::unique_ptr<Answers> answers_;
  std::vector<std::unique_ptr<Peer>> peers_;
  std::vector<Peer*> waiting_;
  std::vector<Peer*> to_write_;
  bool any_closed_ = false;
  int64_t looked_at_ = 0;  // Store::appended() when waiting fetches were last looked at
  // Receive buffers, the one used last on top: it is the one in the cache. An idle connection has
  // none.
  std::vector<std::vector<uint8_t>> buffers_;
};

}  // namespace millrace::bench
