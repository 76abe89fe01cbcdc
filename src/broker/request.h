// Request: one request as its handler sees it, and where the handler puts the answer. Not for
// reading sockets and not for order among requests: that is connection.h.
//
//   Task<> handle_heartbeat(Request* request) {
//     const auto wanted = co_await request->decode<kafka::HeartbeatRequest>();
//     kafka::HeartbeatResponse answer;
//     ...
//     co_await request->answer(answer);
//   }
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/arena.h"
#include "broker/api/api.h"
#include "broker/receive_buffer.h"
#include "broker/response.h"
#include "kafka/api_table.h"
#include "kafka/wire.h"
#include "runtime/network.h"

namespace millrace::broker {

struct Node;

/// What is known of the other side of a connection.
struct ConnectionFacts {
  uint64_t id = 0;
  std::string listener;  ///< by name: what it advertises is what this client can reach
  runtime::Address local;
  runtime::Address peer;
  std::string principal = "User:ANONYMOUS";
  std::string client_software;  ///< "name version" from ApiVersions v3+, or empty
};

class Request {
 public:
  Request() = default;
  Request(const Request&) = delete;
  Request& operator=(const Request&) = delete;

  /// Begins with a frame. Shape: borrows all but the frame. Requires: new, or reset.
  /// Errors: kInvalidRequest for a header that cannot be read, kUnsupportedVersion for an API or
  /// version that is not served; both close the connection, as in Kafka.
  Result<> parse(Frame frame, std::span<const Api> apis, Node* node, ConnectionFacts& connection);
  /// As new, with memory for the next one.
  void reset();

  const Api& api() const { return *api_; }
  const kafka::ApiInfo& info() const { return *info_; }
  int16_t version() const { return version_; }
  /// Whether the version is one we have. False only for ApiVersions, which must answer all the
  /// same.
  bool known_version() const { return info_->has_version(version_); }
  int32_t correlation_id() const { return correlation_id_; }
  std::string_view client_id() const { return client_id_; }  ///< empty when null
  ConnectionFacts& connection() { return *connection_; }
  Node& node() { return *node_; }

  /// Memory that lives until the answer has been sent.
  Arena& arena() { return arena_; }
  Response& response() { return response_; }

  /// The body; its strings and bytes are views of the frame.
  /// Errors: kInvalidRequest, which is to end the handler and so the connection.
  template <class Message>
  Result<Message> decode() {
    kafka::Reader reader(body_);
    return Message::decode(reader, version_, arena_);
  }

  /// Encodes the answer. Records in it are not copied: response().keep() owns them.
  /// Errors: of encode; the connection is closed then.
  template <class Message>
  Result<> answer(const Message& message) {
    return answer(message, version_);
  }
  template <class Message>
  Result<> answer(const Message& message, int16_t version) {
    TRY(begin_answer());
    TRY(message.encode(response_.writer(), version));
    return end_answer();
  }
  /// The same with a message that was encoded before, in this version. Keeps it until it is sent.
  Result<> answer_encoded(std::shared_ptr<const Buffer> message);
  /// For a produce request with acks=0.
  void answer_nothing() { response_.finish(); }

  /// What decode() reads.
  Bytes body() const { return body_; }
  /// The same bytes of the frame, to be patched in place on their way to a log.
  /// Requires: a view that decode() gave.
  MutableBytes in_place(Bytes view);
  /// Keeps memory that the answer points into until it is encoded.
  void keep(std::shared_ptr<Arena> memory) { kept_.push_back(std::move(memory)); }
  /// Lets go of the received bytes; decoded views of them are dead from here on.
  void drop_frame() { frame_ = {}; }

  /// "Fetch v12 from client "rdkafka"", for logs.
  std::string describe() const;

 private:
  friend class Connection;
  enum class State : uint8_t { kQueued, kRunning, kAnswered, kFailed };

  Result<> parse_header(std::span<const Api> apis);
  Result<> begin_answer();
  Result<> end_answer();

  Frame frame_;
  Bytes body_;
  Node* node_ = nullptr;
  ConnectionFacts* connection_ = nullptr;
  const Api* api_ = nullptr;
  const kafka::ApiInfo* info_ = nullptr;
  int16_t version_ = 0;
  int32_t correlation_id_ = 0;
  std::string_view client_id_;
  State state_ = State::kQueued;
  Arena arena_;
  std::vector<std::shared_ptr<Arena>> kept_;
  Response response_;
};

/// An error as it goes on the wire.
inline int16_t wire_code(Errc code) {
  return error_info(code).kafka_code;
}

}  // namespace millrace::broker
