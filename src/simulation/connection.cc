#include "simulation/connection.h"

#include <fmt/core.h>
#include <algorithm>
#include <cstring>
#include <utility>

namespace millrace::simulation {
namespace {

constexpr size_t kSegmentBytes = 16 * 1024;  // a longer write arrives in pieces
constexpr Duration kRetryFirst = milliseconds(200);
constexpr Duration kRetryMax = seconds(5);
constexpr Duration kGiveUpAfter =
    seconds(60);  // Linux's default is minutes; the effect is the same

}  // namespace

Connection::Pipe::Pipe(Connection* c, int end)
    : Event([](Event& self) {
        auto& pipe = static_cast<Pipe&>(self);
        pipe.connection->arrive(pipe);
      }),
      connection(c),
      from(end) {}

Connection::End::End(Connection* c, Host* h)
    : Event([](Event& self) {
        auto& end = static_cast<End&>(self);
        end.connection->broke(end);
      }),
      connection(c),
      host(h) {}

Connection::Connection(Fabric& fabric, Host& from, Host& to)
    : fabric_(fabric),
      number_(fabric.add(*this)),
      buffer_bytes_(static_cast<size_t>(std::max<int64_t>(1, fabric.faults().network_buffer))),
      ends_{{this, &from}, {this, &to}},
      pipes_{{this, 0}, {this, 1}} {}

Connection::~Connection() {
  fabric_.remove(number_);
}

bool Connection::joins(int32_t host) const {
  return ends_[0].host->index == host || ends_[1].host->index == host;
}

void Connection::write(int end, Bytes bytes) {
  if (ends_[end].host->muted) return;
  Pipe& pipe = pipe_from(end);
  pipe.in_flight.push(bytes);
  pipe.buffered += bytes.size();
  for (size_t left = bytes.size(); left > 0;) {
    const size_t part = std::min(left, kSegmentBytes);
    send(pipe, PacketKind::kData, part);
    left -= part;
  }
  if (fabric_.random().chance(fabric_.faults().network_reset)) break_both();
}

void Connection::send(Pipe& pipe, PacketKind kind, size_t count) {
  const MonoTime now = fabric_.timeline().now();
  if (kind == PacketKind::kData) {
    const int64_t bandwidth = std::max<int64_t>(1, fabric_.faults().network_bandwidth);
    const Duration sending = nanoseconds(static_cast<int64_t>(count) * 1'000'000'000 / bandwidth);
    pipe.link_free = std::max(pipe.link_free, now) + sending;
  }
  const Duration travelling =
      fabric_.travel_time(*ends_[pipe.from].host, *ends_[1 - pipe.from].host);
  pipe.last_arrival = std::max(pipe.last_arrival, std::max(pipe.link_free, now) + travelling);
  pipe.packets.push_back({pipe.last_arrival, kind, count});
  if (pipe.packets.size() == 1) schedule_front(pipe);
}

void Connection::schedule_front(Pipe& pipe) {
  if (!pipe.packets.empty()) fabric_.timeline().schedule(pipe, pipe.packets.front().arrives);
}

void Connection::arrive(Pipe& pipe) {
  if (!fabric_.passes(*ends_[pipe.from].host, *ends_[1 - pipe.from].host)) return retry(pipe);
  pipe.patience = {};
  const Packet packet = pipe.packets.front();
  pipe.packets.pop_front();
  take_in(pipe, packet);
  schedule_front(pipe);
}

// As TCP does: again and again, less and less often, until the sender's patience ends.
void Connection::retry(Pipe& pipe) {
  const MonoTime now = fabric_.timeline().now();
  if (pipe.patience.ns == 0) {
    pipe.silent_since = now;
    pipe.patience = kRetryFirst;
  } else {
    pipe.patience = std::min(kRetryMax, pipe.patience * 2);
  }
  if (now - pipe.silent_since > kGiveUpAfter) {
    break_end(pipe.from, {});
  } else {
    fabric_.timeline().schedule(pipe, now + pipe.patience);
  }
}

void Connection::take_in(Pipe& pipe, const Packet& packet) {
  const int to = 1 - pipe.from;
  End& end = ends_[to];
  const Bytes bytes = pipe.in_flight.peek(packet.kind == PacketKind::kData ? packet.count : 0);
  fabric_.timeline().note(TraceKind::kDeliver, end.host->index, number_, hash_of(bytes));
  if (gone(to)) {
    pipe.in_flight.pop(bytes.size());
    if (packet.kind == PacketKind::kData) refuse(pipe.from);
    return;
  }
  switch (packet.kind) {
    case PacketKind::kData:
      pipe.unread.push(bytes);
      pipe.in_flight.pop(bytes.size());
      end.socket->readable_.wake_all();
      break;
    case PacketKind::kEnd:
      pipe.end_arrived = true;
      end.socket->readable_.wake_all();
      break;
    case PacketKind::kRoom:
      pipe_from(to).buffered -= packet.count;
      end.socket->writable_.wake_all();
      break;
  }
  fabric_.wake(*end.host);
}

// The reader of `pipe` tells its writer about room, once there is enough to be worth a packet.
void Connection::tell_room(Pipe& pipe) {
  if (pipe.room_to_tell == 0 || pipe.room_to_tell < buffer_bytes_ / 4) return;
  send(pipe_from(1 - pipe.from), PacketKind::kRoom, std::exchange(pipe.room_to_tell, 0));
}

void Connection::close(int end) {
  ends_[end].socket = nullptr;
  ends_[end].cancel();
  Pipe& out = pipe_from(end);
  if (!ends_[end].host->powered) {
    // Nothing leaves a dead machine; what it had written may never have left it.
    out.cancel();
    out.packets.clear();
    return;
  }
  if (ends_[end].broken) return;
  if (pipe_from(1 - end).unread.size() > 0) {
    refuse(1 - end);  // it will never be read, and the other one should know
  } else if (!out.end_sent) {
    out.end_sent = true;
    send(out, PacketKind::kEnd, 0);
  }
}

void Connection::refuse(int end) {
  const Host& from = *ends_[1 - end].host;
  const Host& to = *ends_[end].host;
  if (gone(end) || !fabric_.passes(from, to)) return;
  break_end(end, fabric_.travel_time(from, to));
}

void Connection::break_both() {
  break_end(0, fabric_.travel_time(*ends_[1].host, *ends_[0].host));
  break_end(1, fabric_.travel_time(*ends_[0].host, *ends_[1].host));
}

void Connection::break_end(int end, Duration after) {
  if (gone(end)) return;
  fabric_.timeline().schedule_no_later(ends_[end], fabric_.timeline().now() + after);
}

void Connection::broke(End& end) {
  if (end.broken || !end.socket) return;
  end.broken = true;
  fabric_.timeline().note(TraceKind::kBreak, end.host->index, number_);
  Pipe& out = pipe_from(index_of(end));
  out.cancel();
  out.packets.clear();
  // Some systems let the process read what had arrived, some do not.
  Pipe& in = pipe_from(1 - index_of(end));
  if (fabric_.random().chance(0.5)) in.unread.pop(in.unread.size());
  end.socket->readable_.wake_all();
  end.socket->writable_.wake_all();
  fabric_.wake(*end.host);
}

SimulatedSocket::SimulatedSocket(std::shared_ptr<Connection> connection, int end,
                                 runtime::Address local, runtime::Address peer)
    : connection_(std::move(connection)),
      end_(end),
      host_(connection_->ends_[end].host),
      local_(std::move(local)),
      peer_(std::move(peer)) {
  connection_->ends_[end].socket = this;
}

SimulatedSocket::~SimulatedSocket() {
  close();
}

void SimulatedSocket::count() {
  counted_ = true;
  ++host_->sockets;
}

size_t SimulatedSocket::shortened(size_t count) {
  Random& random = connection_->fabric_.random();
  if (!random.chance(connection_->fabric_.faults().network_short)) return count;
  return 1 + random.below(count);
}

Result<size_t> SimulatedSocket::try_read(MutableBytes into) {
  if (!connection_) return fail(Errc::kClosed);
  Connection::Pipe& in = connection_->pipe_from(1 - end_);
  if (in.unread.size() == 0) {
    if (connection_->ends_[end_].broken) return fail(Errc::kClosed, "connection reset by peer");
    if (in.end_arrived) return 0;
    return fail(Errc::kWouldBlock);
  }
  if (into.empty()) return 0;
  const size_t count = shortened(std::min(into.size(), in.unread.size()));
  std::memcpy(into.data(), in.unread.peek(count).data(), count);
  in.unread.pop(count);
  in.room_to_tell += count;
  if (!connection_->ends_[end_].broken) connection_->tell_room(in);
  return count;
}

// How much of `wanted` bytes (not 0) the next write takes.
Result<size_t> SimulatedSocket::room_for(size_t wanted) {
  if (!connection_ || connection_->ends_[end_].broken) {
    return fail(Errc::kClosed, "connection reset by peer");
  }
  const Connection::Pipe& out = connection_->pipe_from(end_);
  if (out.end_sent) return fail(Errc::kClosed, "our half has ended");
  const size_t buffer = connection_->buffer_bytes_;
  const size_t room = buffer > out.buffered ? buffer - out.buffered : 0;
  if (wanted == 0) return 0;
  if (room == 0) return fail(Errc::kWouldBlock);
  return shortened(std::min(wanted, room));
}

Result<size_t> SimulatedSocket::try_write(std::span<const Bytes> pieces,
                                          runtime::Follows /*follows*/) {
  size_t wanted = 0;
  for (const Bytes piece : pieces) wanted += piece.size();
  const size_t count = TRY(room_for(wanted));
  size_t left = count;
  for (const Bytes piece : pieces) {
    const size_t part = std::min(left, piece.size());
    if (part > 0) connection_->write(end_, piece.first(part));
    left -= part;
  }
  return count;
}

Result<size_t> SimulatedSocket::try_send_file(runtime::File& file, int64_t position, size_t size) {
  const size_t count = TRY(room_for(size));
  if (count == 0) return 0;
  Buffer bytes;
  bytes.resize(count);
  const size_t got = TRY(file.read_at(position, bytes.mutable_bytes()));
  if (got == 0) {
    return fail(Errc::kIo, fmt::format("{} ends before byte {}", file.path(), position + 1));
  }
  connection_->write(end_, bytes.bytes().first(got));
  return got;
}

void SimulatedSocket::end_write() {
  if (!connection_ || connection_->ends_[end_].broken) return;
  Connection::Pipe& out = connection_->pipe_from(end_);
  if (std::exchange(out.end_sent, true)) return;
  connection_->send(out, Connection::PacketKind::kEnd, 0);
}

void SimulatedSocket::close() {
  if (!connection_) return;
  if (counted_) --host_->sockets;
  connection_->close(end_);
  connection_.reset();
  readable_.wake_all();
  writable_.wake_all();
}

}  // namespace millrace::simulation
