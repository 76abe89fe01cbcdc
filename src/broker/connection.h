// Connection: one client's socket, from accept to close. Reads frames, starts requests in order,
// sends answers in order. Not for what requests mean: that is api/.
//
//   socket -> ReceiveBuffer -> pipeline:  [answered][running][running][queued][queued] -> socket
//                                          in order of arrival, sent from the front
//
// Promises: answers leave in the order of the requests, those to requests that came together in one
// write if they need not wait; a request that must not overlap runs alone. What lies in files is
// sent from the page cache, after it was brought there without the loop. An answer that cannot be
// sent whole (its file has ended, or was cut) ends the connection. Bounds: kQueuedMax requests read
// ahead, kRunningMax at once, and no new one starts while kUnsentBytesMax of answers have not been
// taken by the other side; kBytesPerTurnMax are sent in a turn.
#pragma once

#include <memory>

#include "base/logging.h"
#include "base/ring_queue.h"
#include "broker/append_line.h"
#include "broker/cold_reads.h"
#include "broker/memory_budget.h"
#include "broker/receive_buffer.h"
#include "broker/request_pool.h"
#include "broker/slab.h"
#include "runtime/env.h"
#include "runtime/scope.h"
#include "runtime/timers.h"

namespace millrace::broker {

struct ConnectionLimits {
  int64_t frame_bytes_max = 100 * 1024 * 1024;  ///< socket.request.max.bytes
  Duration idle_max = seconds(600);             ///< connections.max.idle.ms
  /// A peer that takes nothing of its answers for so long is given up.
  Duration write_stall_max = seconds(60);
};

/// What all connections of a server share. Borrowed; outlives them.
struct ConnectionShared {
  runtime::Env& env;
  Node* node = nullptr;  ///< what handlers work with; connections only hand it on
  std::span<const Api> apis;
  AppendLine* append_line = nullptr;  ///< nullptr: there is always room
  ConnectionLimits limits;
  SlabPool slabs;
  ReceiveBudget receive_budget;  ///< queued.max.request.bytes
  ColdReads cold_reads{};        ///< before records are sent or copied
  RequestPool requests{};
};

class Connection {
 public:
  Connection(ConnectionShared& shared, std::unique_ptr<runtime::Socket> socket,
             ConnectionFacts facts);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Serves the client until it leaves, breaks the protocol, idles too long or is drained.
  runtime::Task<> run();

  /// Reads no further request and ends once those under way are answered; at once when all that is
  /// under way is parked.
  void drain();

  const ConnectionFacts& facts() const { return facts_; }
  MonoTime opened_at() const { return opened_at_; }
  size_t requests_under_way() const { return pipeline_.size(); }
  /// What the request in front waits in, for `status`; empty when there is none.
  std::string describe_front() const;

 private:
  // Requests: that wait for those before them, that run, and that are answered and not sent yet.
  static constexpr size_t kQueuedMax = 64;
  static constexpr size_t kRunningMax = 128;
  static constexpr size_t kUnsentMax = 64;
  static constexpr size_t kUnsentBytesMax = 1024 * 1024;
  /// Fairness among sockets: a fast reader of large answers comes back in the next turn.
  static constexpr size_t kBytesPerTurnMax = 256 * 1024;
  /// Fairness again: requests that are answered at once, one after the other, and the bytes of it.
  static constexpr size_t kAnsweredAtOnceMax = 32;
  /// How long what a client sent before it left may take to be done.
  static constexpr Duration kLinger = seconds(5);
  /// A frame that has begun must arrive at a gigabyte per hour or so, lest trickles hold the
  /// budget.
  static constexpr Duration kFrameTimeBase = seconds(60);
  static constexpr int64_t kFrameBytesPerSecondMin = 256 * 1024;

  struct FlushHook : runtime::Runnable {
    explicit FlushHook(Connection* c);
    Connection* connection;
  };
  struct IdleTimer : runtime::Timer {
    explicit IdleTimer(Connection* c);
    Connection* connection;
  };
  struct AppendPlace : AppendLine::Place {
    explicit AppendPlace(Connection* c);
    Connection* connection;
  };

  runtime::Task<> read_requests();
  Result<bool> take_frames();
  void discount(MonoTime since);
  MonoTime frame_deadline() const;
  bool must_pause() const;

  void start_requests();
  bool may_start(const Request& request) const;
  bool may_append(const Request& request);
  runtime::Task<> handle(Request* request);
  void finish(Request& request, const Result<>& done);

  struct Next;
  void flush();
  Next gather(size_t bytes_max) const;
  Result<size_t> write_some(size_t bytes_max);
  Result<size_t> send_file(RecordsInFile& records, size_t bytes_max);
  void note_sent(size_t bytes);
  void drop_sent();
  RecordsInFile* cold_file();
  bool is_ready(const RecordsInFile& records);
  runtime::Task<> bring(RecordsInFile* records);
  runtime::Task<> wait_writable();

  void on_idle_timer();
  void touch() { last_active_ = shared_.env.loop.now(); }
  /// Ends the connection; the first reason is the one that is told.
  void end(LogLevel level, std::string why);
  void tell_end() const;

  ConnectionShared& shared_;
  std::unique_ptr<runtime::Socket> socket_;
  ConnectionFacts facts_;
  MonoTime opened_at_;
  MonoTime last_active_;
  MonoTime frame_began_;  // means something while the buffer is in a frame
  ReceiveBuffer buffer_;
  RingQueue<RequestPool::Ptr> pipeline_;
  size_t started_ = 0;  // requests at the front of the pipeline that run or have run
  size_t running_ = 0;
  size_t unsent_bytes_ = 0;  // of answered requests
  bool draining_ = false;
  bool ended_ = false;
  bool starting_ = false;        // inside start_requests()
  bool append_turn_ = false;     // one request may append, though there is a line
  bool waits_to_write_ = false;  // for room in the socket, or for the disk
  bool file_ready_ = false;      // the next bytes of the file that comes next can be sent at once
  LogLevel end_level_ = LogLevel::kDebug;
  std::string end_reason_;
  runtime::WaitQueue resumed_;   // the reader, paused because too much is under way
  runtime::WaitQueue progress_;  // run(), waiting for the pipeline to empty
  FlushHook flush_hook_;
  IdleTimer idle_timer_;
  AppendPlace append_place_;
  runtime::Scope writes_;
  runtime::Scope requests_;
};

}  // namespace millrace::broker
