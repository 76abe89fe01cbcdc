// Every API in every version, with requests drawn from the schema: each is answered in its own
// version, or its connection is closed; the broker lives on and can be restarted.
#include <fmt/core.h>

#include "broker/api/api.h"
#include "broker/broker.h"
#include "kafka/message_table.h"
#include "kafka/messages/metadata.h"
#include "tests/wire/random_message.h"

#include "base/testing.h"
#include "broker/test_broker.h"

namespace millrace::broker {
namespace {

constexpr uint64_t kSeed = 20261121;
constexpr int kRequestsPerVersion = 6;
constexpr Duration kPatience = milliseconds(200);

// One connection that has sent one request.
enum class Outcome { kAnswered, kClosed, kSilent };

class Attempt {
 public:
  explicit Attempt(TestBroker& t) : t_(t) {
    auto socket =
        t.world.run(*t.client_machine, t.client_machine->env().network.connect({"broker", 9092}));
    REQUIRE(socket.has_value());
    socket_ = *std::move(socket);
  }

  // What still waits for an answer ends with the socket.
  ~Attempt() {
    socket_->close();
    t_.world.run_for(milliseconds(1));
  }

  Outcome send(const kafka::ApiInfo& api, int16_t version, Bytes body) {
    Buffer frame;
    kafka::Writer writer(frame);
    writer.begin_frame();
    const kafka::RequestHeader header{.request_api_key = static_cast<int16_t>(api.key),
                                      .request_api_version = version,
                                      .correlation_id = 77,
                                      .client_id = "random"};
    REQUIRE(header.encode(writer, kafka::request_header_version(api, version)));
    frame.append(body);
    REQUIRE(writer.end_frame());
    if (!t_.world.run(*t_.client_machine, write_all(socket_.get(), frame))) return Outcome::kClosed;
    return receive(api, version);
  }

 private:
  Outcome receive(const kafka::ApiInfo& api, int16_t version) {
    size_.resize(4);
    const Result<> got = t_.world.run(
        *t_.client_machine, read_exactly(socket_.get(), size_.mutable_bytes()), kPatience);
    if (!got) return got.error().code() == Errc::kClosed ? Outcome::kClosed : Outcome::kSilent;
    Buffer answer;
    answer.resize(load_be32(size_.data()));
    REQUIRE(t_.world.run(*t_.client_machine, read_exactly(socket_.get(), answer.mutable_bytes())));
    check(api, version, answer);
    return Outcome::kAnswered;
  }

  static void check(const kafka::ApiInfo& api, int16_t version, Bytes answer) {
    Arena arena;
    kafka::Reader reader(answer);
    const auto header =
        kafka::ResponseHeader::decode(reader, kafka::response_header_version(api, version), arena);
    REQUIRE(header);
    CHECK(header->correlation_id == 77);
    std::string text;
    const Result<> read =
        kafka::find_response(static_cast<int16_t>(api.key))->dump(reader, version, arena, text);
    CHECK_MESSAGE(read.has_value(), (read ? "" : read.error().message()));
    CHECK(reader.left() == 0);
  }

  TestBroker& t_;
  std::unique_ptr<runtime::Socket> socket_;
  Buffer size_;
};

void check_alive(TestBroker& t) {
  TestClient client = t.connect();
  kafka::MetadataRequest request;
  request.topics = std::nullopt;
  CHECK(client.call<kafka::MetadataResponse>(12, request));
}

template <class Visit>
void for_each_request(Random& random, Visit visit) {
  for (const Api& row : served_apis()) {
    const kafka::ApiInfo& api = *kafka::find_api(static_cast<int16_t>(row.key));
    const kafka::MessageInfo& message = *kafka::find_request(static_cast<int16_t>(row.key));
    for (int16_t version = api.version_min; version <= api.version_max_stable; ++version) {
      for (int i = 0; i < kRequestsPerVersion; ++i) {
        visit(api, version, kafka::random_message(message.name, version, random));
      }
    }
  }
}

TEST_CASE("a valid request of any API and version is answered in that version") {
  TestBroker t({{"num.partitions", "2"}});
  Random random(kSeed);
  size_t answered = 0;
  size_t all = 0;
  for_each_request(random, [&](const kafka::ApiInfo& api, int16_t version, const Buffer& body) {
    CAPTURE(api.name);
    CAPTURE(version);
    ++all;
    const Outcome outcome = Attempt(t).send(api, version, body);
    // Only what can be wrong with well-formed requests ends without an answer: acks=0, a cursor
    // that is none, and what waits for somebody.
    if (outcome == Outcome::kAnswered) ++answered;
  });
  CHECK(answered * 10 > all * 9);
  check_alive(t);
  t.crash();
  t.start();
  check_alive(t);
}

TEST_CASE("a damaged request is answered or its connection closed, and nothing else") {
  TestBroker t({{"num.partitions", "2"}});
  Random random(kSeed + 1);
  for_each_request(random, [&](const kafka::ApiInfo& api, int16_t version, Buffer body) {
    CAPTURE(api.name);
    CAPTURE(version);
    if (body.empty()) return;
    switch (random.below(3)) {
      case 0:
        body.resize(random.below(body.size()));
        break;
      case 1:
        body.mutable_bytes()[random.below(body.size())] = static_cast<uint8_t>(random.next());
        break;
      default:
        for (uint8_t& byte : body.mutable_bytes()) {
          if (random.chance(0.2)) byte = static_cast<uint8_t>(random.next());
        }
    }
    Attempt(t).send(api, version, body);
  });
  check_alive(t);
  t.stop();
  t.start();
  check_alive(t);
}

}  // namespace
}  // namespace millrace::broker
