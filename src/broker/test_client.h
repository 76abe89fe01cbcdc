// TestClient: speaks to a simulated broker in generated messages, one request at a time or several
// at once. For tests of this folder; the real client is in src/client.
#pragma once

#include <memory>
#include <string_view>

#include "base/arena.h"
#include "kafka/api_table.h"
#include "kafka/messages/header.h"
#include "kafka/wire.h"
#include "runtime/network.h"
#include "simulation/world.h"

#include "base/testing.h"

namespace millrace::broker {

class TestClient {
 public:
  TestClient(simulation::World& world, simulation::Node& machine, runtime::Address to,
             std::string_view client_id = "test")
      : world_(world), machine_(machine), client_id_(client_id) {
    auto socket = world.run(machine, machine.env().network.connect(std::move(to)));
    REQUIRE_MESSAGE(socket.has_value(), "connect");
    socket_ = *std::move(socket);
  }

  /// Sends a request and waits for its answer, which lives until the next call.
  template <class Answer, class Wanted>
  Result<Answer> call(int16_t version, const Wanted& wanted, Duration limit = seconds(30)) {
    send(version, wanted);
    return receive<Answer>(version, limit);
  }

  template <class Wanted>
  void send(int16_t version, const Wanted& wanted) {
    const kafka::ApiInfo& api = *kafka::find_api(Wanted::kKey);
    Buffer out;
    kafka::Writer writer(out);
    writer.begin_frame();
    const kafka::RequestHeader header{.request_api_key = Wanted::kKey,
                                      .request_api_version = version,
                                      .correlation_id = ++sent_,
                                      .client_id = client_id_};
    REQUIRE(header.encode(writer, kafka::request_header_version(api, version)));
    const Result<> encoded = wanted.encode(writer, version);
    REQUIRE_MESSAGE(encoded.has_value(), (encoded ? "" : encoded.error().message()));
    REQUIRE(writer.end_frame());
    const Buffer flat = writer.flatten();
    const Result<> written = world_.run(machine_, write_all(socket_.get(), flat));
    REQUIRE(written);
  }

  template <class Answer>
  Result<Answer> receive(int16_t version, Duration limit = seconds(30)) {
    const kafka::ApiInfo& api = *kafka::find_api(Answer::kKey);
    frame_.resize(4);
    TRY(world_.run(machine_, read_exactly(socket_.get(), frame_.mutable_bytes()), limit));
    frame_.resize(load_be32(frame_.data()));
    TRY(world_.run(machine_, read_exactly(socket_.get(), frame_.mutable_bytes()), limit));
    arena_.reset();
    kafka::Reader reader(frame_);
    const auto header = TRY(kafka::ResponseHeader::decode(
        reader, kafka::response_header_version(api, version), arena_));
    REQUIRE(header.correlation_id == ++received_);
    const Answer answer = TRY(Answer::decode(reader, version, arena_));
    CHECK(reader.left() == 0);
    return answer;
  }

  /// Whether the other side has ended the connection.
  bool is_closed(Duration limit = seconds(10)) {
    frame_.resize(1);
    const Result<> read =
        world_.run(machine_, read_exactly(socket_.get(), frame_.mutable_bytes()), limit);
    return !read && read.error().code() == Errc::kClosed;
  }

  Arena& arena() { return request_arena_; }
  runtime::Socket& socket() { return *socket_; }

 private:
  simulation::World& world_;
  simulation::Node& machine_;
  std::string client_id_;
  std::unique_ptr<runtime::Socket> socket_;
  int32_t sent_ = 0;
  int32_t received_ = 0;
  Buffer frame_;
  Arena arena_;
  Arena request_arena_;
};

}  // namespace millrace::broker
