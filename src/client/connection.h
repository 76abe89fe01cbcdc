// One connection to one broker: sends requests, matches answers, knows which versions both sides
// speak. Not a pool and not a retry policy: those are cluster.h.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <unordered_map>

#include "base/arena.h"
#include "base/bytes.h"
#include "base/ids.h"
#include "client/answer_of.h"
#include "kafka/api_table.h"
#include "kafka/wire.h"
#include "runtime/env.h"
#include "runtime/scope.h"

namespace millrace::client {

/// A decoded answer together with the memory that its views point into. Move only.
template <class Response>
struct Reply {
  std::unique_ptr<Arena> arena = std::make_unique<Arena>();
  Buffer frame;
  Response message;

  Response* operator->() { return &message; }
  const Response* operator->() const { return &message; }
};

struct ConnectionOptions {
  std::string client_id = "millrace";
  Duration request_timeout = seconds(30);
  size_t frame_bytes_max = size_t{256} << 20;  ///< a larger answer closes the connection
};

/// Lifecycle: open(), any number of call()s at once, close() or destruction, which ends all calls
/// with kClosed. A connection that failed stays failed; open another.
class Connection {
 public:
  /// Connects and asks for the broker's versions.
  /// Errors: kUnreachable, kTimedOut, kClosed, kUnsupportedVersion (no Kafka broker of 2.1 or
  /// later).
  static runtime::Task<std::shared_ptr<Connection>> open(runtime::Env* env, runtime::Address to,
                                                         ConnectionOptions options);
  ~Connection();

  /// Sends `request` in the highest version both sides know (at most `version_max`) and waits for
  /// its answer. Calls are answered in the order in which they began.
  /// Requires: the request and what it views outlive the call.
  /// Errors: kUnsupportedVersion before anything is sent; kTimedOut, which closes the connection;
  /// kClosed; kInvalidRequest when the answer cannot be decoded. The answer's own error codes are
  /// for the caller.
  template <class Request>
  runtime::Task<Reply<typename AnswerOf<Request>::type>> call(const Request* request,
                                                              int16_t version_max = INT16_MAX);

  /// Sends without waiting: for acks=0, which is never answered.
  template <class Request>
  Result<> send_unanswered(const Request& request);

  /// The version call() would use. Errors: kUnsupportedVersion.
  Result<int16_t> version_of(kafka::ApiKey key, int16_t version_max = INT16_MAX) const;

  bool failed() const { return failed_; }
  const runtime::Address& peer() const { return peer_; }
  void close();

 private:
  struct Pending;
  struct Range {
    int16_t min;
    int16_t max;
  };

  Connection(runtime::Env* env, runtime::Address peer, std::unique_ptr<runtime::Socket> socket,
             ConnectionOptions options);

  runtime::Task<> learn_versions();
  Result<int32_t> begin_frame(kafka::Writer& writer, kafka::ApiKey key, int16_t version);
  runtime::Task<Buffer> exchange(int32_t correlation_id);
  Result<> skip_response_header(kafka::Reader& reader, kafka::ApiKey key, int16_t version,
                                Arena& arena) const;
  void send(const kafka::Writer& writer);
  runtime::Task<> write_all_queued();
  runtime::Task<> read_answers();
  void fail_with(Error error);

  runtime::Env* env_;
  runtime::Address peer_;
  std::unique_ptr<runtime::Socket> socket_;
  ConnectionOptions options_;
  std::unordered_map<int16_t, Range> versions_;
  int32_t next_correlation_id_ = 1;
  std::deque<Pending*> pending_;  // in the order sent; each lives in its call's frame
  Buffer queued_;                 // encoded, not yet being written
  runtime::WaitQueue more_to_write_;
  bool failed_ = false;
  Error failure_{Errc::kClosed};
  runtime::Scope scope_;
};

}  // namespace millrace::client

#include "client/connection_inl.h"  // IWYU pragma: export
