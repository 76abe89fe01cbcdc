// Connection: two ends and a pipe in each direction, with TCP's manners:
//
//   writer --> [ in flight ][ arrived, unread ] --> reader      at most network_buffer bytes, so a
//          <-- room again, once it was read                     slow reader makes the writer wait
//
// An end learns of the other's fate only by packets that reach it: an end, a refusal for bytes sent
// to somebody who is gone, or its own patience running out. Not a listener: that is network.h.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <span>

#include "runtime/network.h"
#include "simulation/byte_fifo.h"
#include "simulation/fabric.h"

namespace millrace::simulation {

class SimulatedSocket;

/// Lives as long as one of its two sockets. Ends are 0 (who connected) and 1 (who accepted).
class Connection {
 public:
  Connection(Fabric& fabric, Host& from, Host& to);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection();

  bool joins(int32_t host) const;
  /// Each end finds out by itself, soon; what is in flight arrives or not.
  void break_both();

 private:
  friend class SimulatedSocket;

  enum class PacketKind : uint8_t { kData, kEnd, kRoom };
  struct Packet {
    MonoTime arrives;
    PacketKind kind;
    size_t count = 0;  // bytes
  };

  // From one end to the other.
  struct Pipe : Event {
    Pipe(Connection* c, int end);
    Connection* connection;
    int from;
    std::deque<Packet> packets;
    ByteFifo in_flight;       // what the data packets carry
    ByteFifo unread;          // arrived
    size_t buffered = 0;      // written and not yet read, as far as the writer knows
    size_t room_to_tell = 0;  // read, but the writer does not know yet
    bool end_sent = false;
    bool end_arrived = false;
    MonoTime link_free{};  // when the last byte has left the writer's machine
    MonoTime last_arrival{};
    MonoTime silent_since{};  // of the packet at the front, when it did not get through
    Duration patience{};      // until it is tried again
  };

  struct End : Event {
    End(Connection* c, Host* h);
    Connection* connection;
    Host* host;
    SimulatedSocket* socket = nullptr;  // null once closed: then nobody reads what arrives
    bool broken = false;
  };

  Pipe& pipe_from(int end) { return pipes_[end]; }
  bool gone(int end) const { return !ends_[end].socket || ends_[end].broken; }

  void write(int end, Bytes bytes);
  void send(Pipe& pipe, PacketKind kind, size_t count);
  void schedule_front(Pipe& pipe);
  void arrive(Pipe& pipe);
  void retry(Pipe& pipe);
  void take_in(Pipe& pipe, const Packet& packet);
  void tell_room(Pipe& pipe);
  void close(int end);
  void refuse(int end);  // tells `end` that the other one is gone
  void break_end(int end, Duration after);
  void broke(End& end);
  int index_of(const End& end) const { return &end == &ends_[1]; }

  Fabric& fabric_;
  uint64_t number_;
  size_t buffer_bytes_;
  End ends_[2];
  Pipe pipes_[2];
};

class SimulatedSocket final : public runtime::Socket {
 public:
  SimulatedSocket(std::shared_ptr<Connection> connection, int end, runtime::Address local,
                  runtime::Address peer);
  ~SimulatedSocket() override;

  Result<size_t> try_read(MutableBytes into) override;
  Result<size_t> try_write(std::span<const Bytes> pieces,
                           runtime::Follows follows = runtime::Follows::kNothing) override;
  Result<size_t> try_send_file(runtime::File& file, int64_t position, size_t size) override;
  runtime::WaitQueue& readable() override { return readable_; }
  runtime::WaitQueue& writable() override { return writable_; }
  void end_write() override;
  void close() override;
  const runtime::Address& local() const override { return local_; }
  const runtime::Address& peer() const override { return peer_; }

  /// Counts against the limit of its machine from now on.
  void count();

 private:
  friend class Connection;
  Result<size_t> room_for(size_t wanted);
  size_t shortened(size_t count);

  std::shared_ptr<Connection> connection_;  // null once closed
  int end_;
  bool counted_ = false;
  Host* host_;
  runtime::Address local_;
  runtime::Address peer_;
  runtime::WaitQueue readable_;
  runtime::WaitQueue writable_;
};

}  // namespace millrace::simulation
