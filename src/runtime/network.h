// Network: stream sockets, as readiness and non-blocking calls. One of the four doors to the world.
// Not TLS and not framing; those are byte transforms above it.
//
// Always try first and wait only after kWouldBlock: readiness is told once per change.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "runtime/disk.h"
#include "runtime/task.h"
#include "runtime/wait.h"

namespace millrace::runtime {

struct Address {
  std::string host;
  uint16_t port = 0;

  friend bool operator==(const Address&, const Address&) = default;
  std::string to_string() const;  ///< "host:port", "[::1]:port"
  /// Accepts "host:port" and "[v6]:port". Errors: kInvalidSetting.
  static Result<Address> parse(std::string_view text);
};

/// Whether more is written at once, so that a packet that is not full may wait for it. Who says so
/// and then writes nothing delays what was written by a fraction of a second.
enum class Follows : uint8_t { kNothing, kMore };

class Socket {
 public:
  virtual ~Socket() = default;

  /// Reads what is there. Returns 0 once the other side has ended its half.
  /// Errors: kWouldBlock when nothing is there, kClosed when the connection is broken.
  virtual Result<size_t> try_read(MutableBytes into) = 0;

  /// Writes as much of the pieces, in order, as fits, and returns how many bytes that was (not 0).
  /// Errors: kWouldBlock when not a byte fits, kClosed when the connection is broken.
  virtual Result<size_t> try_write(std::span<const Bytes> pieces,
                                   Follows follows = Follows::kNothing) = 0;

  /// Writes as much of a file's bytes [position, position + size) as fits, without a copy where the
  /// system can do without, and returns how many bytes that was (not 0).
  /// Requires: a file of the same Env. Whoever changes these bytes before the peer has them may
  /// change what it gets.
  /// Errors: kWouldBlock and kClosed as try_write; kIo when the file ends before or cannot be read.
  /// Runs: waits for the disk where the bytes are not resident (File::is_resident).
  virtual Result<size_t> try_send_file(File& file, int64_t position, size_t size) = 0;

  virtual WaitQueue& readable() = 0;  ///< woken when try_read may have something
  virtual WaitQueue& writable() = 0;  ///< woken when a write may take something

  /// Ends our half; the other side reads to the end and then 0.
  virtual void end_write() = 0;
  /// Ends the connection at once. Waiting tasks are woken and find kClosed.
  virtual void close() = 0;

  virtual const Address& local() const = 0;
  virtual const Address& peer() const = 0;
};

class Listener {
 public:
  virtual ~Listener() = default;
  /// Errors: kWouldBlock when nobody waits; kOverloaded when out of descriptors; kClosed.
  virtual Result<std::unique_ptr<Socket>> try_accept() = 0;
  virtual WaitQueue& acceptable() = 0;
  virtual const Address& local() const = 0;  ///< with the real port where 0 was asked for
  virtual void close() = 0;
};

/// How a listener takes connections. A negative size leaves the kernel's buffers of each connection
/// to the kernel, which fits them to the connection. Units: bytes.
struct ListenOptions {
  int backlog = 50;  ///< how many connections may wait to be accepted
  int send_buffer_bytes = -1;
  int receive_buffer_bytes = -1;
};

class Network {
 public:
  virtual ~Network() = default;
  /// Port 0 picks a free one. Errors: kAddressInUse when the port is taken, kAddressNotHere when
  /// the host is none of ours.
  virtual Result<std::unique_ptr<Listener>> listen(const Address& at,
                                                   const ListenOptions& options) = 0;
  /// Errors: kUnreachable (refused, no route, unknown host).
  virtual Task<std::unique_ptr<Socket>> connect(Address to) = 0;
  /// How many connections a server may hold open and leave enough descriptors for its files.
  virtual int64_t sockets_max() const = 0;
};

/// Waits for at least one byte; 0 at the end of the stream. `socket` outlives the task.
Task<size_t> read_some(Socket* socket, MutableBytes into);
/// Errors: kClosed when the stream ends before `into` is full.
Task<> read_exactly(Socket* socket, MutableBytes into);
/// Writes all, waiting as often as it takes.
Task<> write_all(Socket* socket, Bytes bytes);
/// Waits for the next connection.
Task<std::unique_ptr<Socket>> accept(Listener* listener);

}  // namespace millrace::runtime
