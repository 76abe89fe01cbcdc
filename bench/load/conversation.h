// Conversation: asks one question at a time and waits for the answer. For what comes before and
// after a measurement; what is measured goes through connection.h.
#pragma once

#include <string>
#include <vector>

#include "bench/load/message.h"

namespace millrace::bench {

class Conversation {
 public:
  /// Errors: kUnreachable when nobody listens there.
  static Result<Conversation> open(const std::string& address);
  Conversation(Conversation&& other) noexcept;
  ~Conversation();

  /// The answer, whose views are valid until the next question.
  /// Errors: kClosed, kInvalidRequest (an answer that is none).
  template <class Response, class Request>
  Result<Response> try_ask(const Request& request, int16_t version) {
    request_.clear();
    kafka::Writer writer(request_);
    write_request(request, version, ++correlation_id_, writer);
    std::vector<Bytes> parts = writer.parts();
    TRY(exchange(parts));
    arena_.reset();
    return read_response<Response>(answer_, version, correlation_id_, arena_);
  }
  template <class Response, class Request>
  Response ask(const Request& request, int16_t version) {
    return must(try_ask<Response>(request, version));
  }

 private:
  explicit Conversation(int fd) : fd_(fd) {}
  Result<> exchange(const std::vector<Bytes>& request);
  Result<> send_all(Bytes bytes);
  Result<> receive_all(MutableBytes into);

  int fd_;
  int32_t correlation_id_ = 0;
  Buffer request_;
  Buffer answer_;
  Arena arena_;
};

}  // namespace millrace::bench
