// Connection: a non-blocking socket that carries Kafka's frames. What a frame means is its user's
// business; to ask one question and wait for the answer: conversation.h.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "bench/load/poller.h"

namespace millrace::bench {

/// A connected TCP socket without Nagle's delay. Units: none; -1 when nobody listens there.
/// Gives up on an address that is not IPv4:PORT.
int connect_to(const std::string& address);

class Connection : Readiness {
 public:
  /// Connects; gives up when it cannot. The Poller outlives the connection.
  Connection(Poller& poller, const std::string& address);
  virtual ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  int64_t bytes_sent() const { return bytes_sent_; }
  int64_t bytes_received() const { return bytes_received_; }

 protected:
  /// Whether a frame can be begun: the one before has left.
  bool can_send() const { return unsent_.empty(); }
  /// Sends a frame, or remembers it until the socket takes the rest; the bytes then stay valid and
  /// unchanged until can_send(). Requires: can_send().
  void send(Bytes frame);

  /// Without its size. Valid during the call.
  virtual void on_frame(Bytes frame) = 0;
  /// The socket may take a frame, and all that had come has been told.
  virtual void on_writable() = 0;

 private:
  void on_ready(uint32_t epoll_events) override;
  void flush();
  void receive();
  void take_frames();
  void make_room();

  int fd_;
  Bytes unsent_;
  std::vector<uint8_t> received_;  // frames lie in [begin_, end_)
  size_t begin_ = 0;
  size_t end_ = 0;
  int64_t bytes_sent_ = 0;
  int64_t bytes_received_ = 0;
};

}  // namespace millrace::bench
