// Connections over the simulated network: frames, order, limits and ends, with APIs of the test's
// own.
#include "broker/connection.h"

#include <string>
#include <vector>

#include "broker/server.h"
#include "kafka/messages/api_versions.h"
#include "kafka/messages/header.h"
#include "kafka/messages/heartbeat.h"
#include "kafka/messages/list_groups.h"
#include "kafka/messages/metadata.h"
#include "simulation/world.h"

#include "base/testing.h"

namespace millrace::broker {
namespace {

using kafka::ApiKey;

// What the handlers of these tests note and wait for.
struct Stage {
  std::vector<std::string> started;
  std::vector<std::string> ended;
  runtime::WaitQueue gate;
  bool open = false;
  size_t answer_bytes = 0;
  int room = 1000;  // for appends
  runtime::WaitQueue room_changed;
};
Stage* stage = nullptr;

// Waits at the gate, then answers.
runtime::Task<> handle_gated(Request* request) {
  const std::string client(request->client_id());
  stage->started.push_back(client);
  while (!stage->open) co_await stage->gate.wait();
  stage->ended.push_back(client);
  kafka::HeartbeatResponse answer;
  co_await request->answer(answer);
}
runtime::Task<> handle_at_once(Request* request) {
  stage->started.emplace_back(request->client_id());
  kafka::ListGroupsResponse answer;
  const std::string text(stage->answer_bytes, 'x');
  answer.groups = request->arena().make_array<kafka::ListGroupsResponse::Group>(1);
  std::vector<kafka::ListGroupsResponse::Group> groups(stage->answer_bytes / 1000);
  for (auto& group : groups) group.group_id = request->arena().copy(text.substr(0, 1000));
  answer.groups = request->arena().copy_array(groups);
  co_await request->answer(answer);
}
runtime::Task<> handle_silent(Request* request) {
  stage->started.emplace_back(request->client_id());
  request->answer_nothing();
  co_return;
}

runtime::Task<> handle_append(Request* request) {
  --stage->room;
  return handle_silent(request);
}

constexpr Api kTestApis[] = {
    {.key = ApiKey::kMetadata, .handle = handle_silent, .overlaps = true},
    {.key = ApiKey::kHeartbeat, .handle = handle_gated, .overlaps = true},
    {.key = ApiKey::kLeaveGroup, .handle = handle_gated, .parks = true},
    {.key = ApiKey::kSyncGroup, .handle = handle_append, .overlaps = true, .appends = true},
    {.key = ApiKey::kListGroups, .handle = handle_at_once},
};

struct ServerProcess {
  ServerProcess(runtime::Env& env, const ServerLimits& limits)
      : append_line(
            env.loop, [] { return stage->room > 0; }, stage->room_changed),
        server(env, limits) {}
  AppendLine append_line;
  Server server;
};

struct Fixture {
  explicit Fixture(ServerLimits limits = {}) {
    stage = &the_stage;
    simulation::Node& machine = world.add_node("server");
    server_machine = &machine;
    machine.start([this, limits](runtime::Env& env) {
      process = std::make_shared<ServerProcess>(env, limits);
      REQUIRE(process->server.listen({{.name = "PLAINTEXT", .bind = {"server", 9092}}}));
      process->server.start(kTestApis, nullptr, &process->append_line);
      return process;
    });
    client_machine = &world.add_node("client");
    client_machine->start([](runtime::Env&) { return nullptr; });
    socket = connect();
  }
  ~Fixture() {
    socket.reset();
    process.reset();
  }

  std::unique_ptr<runtime::Socket> connect() {
    auto made = world.run(*client_machine, client_machine->env().network.connect({"server", 9092}));
    REQUIRE(made);
    return *std::move(made);
  }
  uint64_t turns() const { return server_machine->turns(); }
  void open_gate() {
    the_stage.open = true;
    the_stage.gate.wake_all();
  }

  static Buffer frame(ApiKey key, int16_t version, std::string_view client, int32_t correlation,
                      Bytes body = {}) {
    Buffer out;
    kafka::Writer writer(out);
    writer.begin_frame();
    const kafka::RequestHeader header{.request_api_key = static_cast<int16_t>(key),
                                      .request_api_version = version,
                                      .correlation_id = correlation,
                                      .client_id = client};
    REQUIRE(header.encode(writer, 1));
    out.append(body);
    REQUIRE(writer.end_frame());
    return out;
  }
  void send(Bytes bytes) { REQUIRE(world.run(*client_machine, write_all(socket.get(), bytes))); }
  void send(ApiKey key, std::string_view client, int32_t correlation, int16_t version = 0) {
    send(frame(key, version, client, correlation));
  }
  /// The correlation id of the next answer, or the error that ended the stream.
  Result<int32_t> receive(Duration limit = seconds(10)) {
    Buffer size(4);
    size.resize(4);
    TRY(world.run(*client_machine, read_exactly(socket.get(), size.mutable_bytes()), limit));
    Buffer body;
    body.resize(load_be32(size.data()));
    TRY(world.run(*client_machine, read_exactly(socket.get(), body.mutable_bytes()), limit));
    return load_be<int32_t>(body.data());
  }
  bool closed(Duration limit = seconds(10)) {
    const Result<int32_t> answer = receive(limit);
    return !answer && answer.error().code() == Errc::kClosed;
  }
  void settle(Duration time = milliseconds(200)) { world.run_for(time); }

  Stage the_stage;  // outlives the tasks that wait in it
  simulation::World world{1};
  std::shared_ptr<ServerProcess> process;
  simulation::Node* server_machine = nullptr;
  simulation::Node* client_machine = nullptr;
  std::unique_ptr<runtime::Socket> socket;
};

TEST_CASE("answers leave in the order of the requests, even when later ones are ready first") {
  Fixture f;
  f.send(ApiKey::kHeartbeat, "a", 1);
  f.send(ApiKey::kListGroups, "b", 2);
  f.settle();
  f.open_gate();
  CHECK(f.receive().value() == 1);
  CHECK(f.receive().value() == 2);
}

TEST_CASE(
    "requests of an overlapping API run together; another API waits until they are answered") {
  Fixture f;
  f.send(ApiKey::kHeartbeat, "a", 1);
  f.send(ApiKey::kHeartbeat, "b", 2);
  f.send(ApiKey::kListGroups, "c", 3);
  f.settle();
  CHECK(f.the_stage.started == std::vector<std::string>{"a", "b"});
  f.open_gate();
  CHECK(f.receive().value() == 1);
  CHECK(f.receive().value() == 2);
  CHECK(f.receive().value() == 3);
  CHECK(f.the_stage.started.back() == "c");
}

TEST_CASE("requests that come together and need not wait are done in one turn") {
  Fixture f;
  Buffer all;
  for (int32_t i = 0; i < 20; ++i) {
    all.append(Fixture::frame(ApiKey::kListGroups, 0, std::to_string(i), i));
  }
  f.send(all);
  f.settle();
  const uint64_t before = f.turns();
  f.send(all);
  f.settle();
  CHECK(f.the_stage.started.size() == 40);
  CHECK(f.turns() - before < 10);
  for (int32_t i = 0; i < 40; ++i) CHECK(f.receive().value() == i % 20);
}

TEST_CASE("of many small requests few are taken at once, and all are answered") {
  Fixture f;
  constexpr int32_t kRequests = 3'000;
  Buffer all;
  for (int32_t i = 0; i < kRequests; ++i) {
    all.append(Fixture::frame(ApiKey::kHeartbeat, 0, "a", i));
  }
  const auto write = [](runtime::Socket* socket, Bytes bytes) -> runtime::Task<> {
    co_await write_all(socket, bytes);
  };
  f.client_machine->spawn("write", write(f.socket.get(), all));
  f.settle();
  REQUIRE(f.process->server.connection_count() == 1);
  CHECK(f.process->server.connections().begin()->second->requests_under_way() <= 200);
  f.open_gate();
  for (int32_t i = 0; i < kRequests; ++i) REQUIRE(f.receive().value() == i);
}

TEST_CASE("requests of an API that does not overlap run one at a time") {
  Fixture f;
  f.send(ApiKey::kLeaveGroup, "a", 1);
  f.send(ApiKey::kLeaveGroup, "b", 2);
  f.settle();
  CHECK(f.the_stage.started == std::vector<std::string>{"a"});
}

TEST_CASE("while there is no room for appends, connections take turns, and others go on") {
  Fixture f;
  f.the_stage.room = 0;
  const auto other = f.connect();
  for (int i = 0; i < 3; ++i) f.send(ApiKey::kSyncGroup, "busy", i);
  const auto send_other = [&](ApiKey key, std::string_view client) {
    REQUIRE(
        f.world.run(*f.client_machine, write_all(other.get(), Fixture::frame(key, 0, client, 1))));
  };
  send_other(ApiKey::kSyncGroup, "other");
  f.settle();
  CHECK(f.the_stage.started.empty());

  f.the_stage.room = 2;
  f.the_stage.room_changed.wake_all();
  f.settle();
  CHECK(f.the_stage.started == std::vector<std::string>{"busy", "other"});

  send_other(ApiKey::kListGroups, "reader");
  f.settle();
  CHECK(f.the_stage.started.back() == "reader");

  f.the_stage.room = 2;
  f.the_stage.room_changed.wake_all();
  f.settle();
  CHECK(f.the_stage.started == std::vector<std::string>{"busy", "other", "reader", "busy", "busy"});
}

TEST_CASE("a client that leaves while it waits to append is out of the line") {
  Fixture f;
  f.the_stage.room = 0;
  f.send(ApiKey::kSyncGroup, "gone", 1);
  f.settle();
  f.socket.reset();
  f.socket = f.connect();
  f.settle(seconds(10));
  f.send(ApiKey::kSyncGroup, "next", 1);
  f.the_stage.room = 1;
  f.the_stage.room_changed.wake_all();
  f.settle();
  CHECK(f.the_stage.started == std::vector<std::string>{"next"});
}

TEST_CASE("a request cut into single bytes is put together again") {
  Fixture f;
  const Buffer request = Fixture::frame(ApiKey::kListGroups, 0, "slow", 7);
  for (const uint8_t byte : request.bytes()) f.send(Bytes(&byte, 1));
  CHECK(f.receive().value() == 7);
}

TEST_CASE("a request that is larger than a slab arrives whole") {
  Fixture f;
  const std::vector<uint8_t> body(3 * SlabPool::kSlabBytes + 17, 'x');
  Buffer bytes = Fixture::frame(ApiKey::kListGroups, 0, "a", 1);
  bytes.append(Fixture::frame(ApiKey::kListGroups, 0, "large", 2, body));
  bytes.append(Fixture::frame(ApiKey::kListGroups, 0, "b", 3));
  f.send(bytes);
  CHECK(f.receive().value() == 1);
  CHECK(f.receive().value() == 2);
  CHECK(f.receive().value() == 3);
  CHECK(f.the_stage.started == std::vector<std::string>{"a", "large", "b"});
  CHECK(f.process->server.receive_budget().held() == 0);
}

TEST_CASE("peers that announce much and send little do not hold up the others' batches") {
  Fixture f;
  std::vector<std::unique_ptr<runtime::Socket>> idle;
  for (int i = 0; i < 20; ++i) {
    idle.push_back(f.connect());
    const uint8_t announced[] = {0x06, 0x40, 0x00, 0x00, 0, 0};  // 100 MiB
    REQUIRE(f.world.run(*f.client_machine, write_all(idle.back().get(), announced)));
  }
  f.settle();
  CHECK(f.process->server.receive_budget().held() == 0);
  // Even those that have sent a little of it.
  const std::vector<uint8_t> little(2 * SlabPool::kSlabBytes, 'x');
  for (const auto& socket : idle) {
    REQUIRE(f.world.run(*f.client_machine, write_all(socket.get(), little)));
  }
  f.settle();
  const std::vector<uint8_t> body(3 * 1024 * 1024, 'x');
  f.send(Fixture::frame(ApiKey::kListGroups, 0, "a", 1, body));
  CHECK(f.receive().value() == 1);
}

TEST_CASE("a frame size that no request can have closes the connection and says why") {
  for (const char* bytes : {"\xff\xff\xff\xff", "GET / HTTP/1.1\r\n\r\n", "\x16\x03\x01\x02\x00"}) {
    Fixture f;
    f.send(as_bytes(std::string_view(bytes)));
    CHECK(f.closed());
    CHECK(f.world.log_text().find("socket.request.max.bytes") != std::string::npos);
  }
}

TEST_CASE("an unknown API or version closes the connection, after what came before is answered") {
  for (const auto& [key, version] :
       {std::pair(int16_t{999}, int16_t{0}), {int16_t{16}, int16_t{99}}}) {
    Fixture f;
    f.send(ApiKey::kListGroups, "a", 1);
    f.send(ApiKey{key}, "b", 2, version);
    CHECK(f.receive().value() == 1);
    CHECK(f.closed());
  }
}

TEST_CASE("a header that cannot be read closes the connection") {
  Fixture f;
  f.send(as_bytes(std::string_view("\x00\x00\x00\x03\x00\x10\x00", 7)));
  CHECK(f.closed());
}

TEST_CASE("what a client sent before it left is still done") {
  Fixture f;
  f.send(ApiKey::kMetadata, "a", 1);
  f.send(ApiKey::kMetadata, "b", 2);
  f.socket->end_write();
  f.settle(seconds(1));
  CHECK(f.the_stage.started == std::vector<std::string>{"a", "b"});
  CHECK(f.process->server.connection_count() == 0);
}

TEST_CASE("a request without an answer leaves no gap") {
  Fixture f;
  f.send(ApiKey::kMetadata, "silent", 1);
  f.send(ApiKey::kListGroups, "b", 2);
  CHECK(f.receive().value() == 2);
}

TEST_CASE("a parked request of a client that has gone is dropped after a short while") {
  Fixture f;
  f.send(ApiKey::kLeaveGroup, "a", 1);
  f.settle();
  f.socket.reset();
  f.settle(seconds(10));
  CHECK(f.process->server.connection_count() == 0);
  CHECK(f.the_stage.gate.empty());
}

TEST_CASE("an idle connection is closed after connections.max.idle.ms, a busy one is not") {
  Fixture f({.connection = {.idle_max = seconds(10)}});
  f.send(ApiKey::kLeaveGroup, "a", 1);
  f.settle(seconds(60));
  CHECK(f.process->server.connection_count() == 1);
  f.open_gate();
  CHECK(f.receive().value() == 1);
  CHECK(f.closed(seconds(30)));
}

TEST_CASE("a client that reads nothing stops being served, and is closed in the end") {
  Fixture f;
  f.the_stage.answer_bytes = 2'000'000;
  for (int i = 0; i < 40; ++i) f.send(ApiKey::kListGroups, "greedy", i);
  f.settle(seconds(30));
  CHECK(f.the_stage.started.size() < 10);
  f.settle(seconds(60));
  CHECK(f.process->server.connection_count() == 0);
  CHECK(f.world.log_text().find("taken nothing of its answers") != std::string::npos);
}

TEST_CASE("room that is told of between a refused write and the wait for it is not missed") {
  Fixture f;
  f.the_stage.answer_bytes = 20'000;
  simulation::Faults faults;
  faults.network_buffer = 512;
  faults.turn_cost = milliseconds(2);  // far longer than the news of room takes
  f.world.set_faults(faults);
  f.socket = f.connect();
  f.send(ApiKey::kListGroups, "a", 1);
  CHECK(f.receive(seconds(5)).value() == 1);
}

TEST_CASE("a frame that trickles is given up, whatever it claims to be") {
  Fixture f;
  f.send(as_bytes(std::string_view("\x00\x10\x00\x00", 4)));
  for (int i = 0; i < 70; ++i) {
    f.settle(seconds(1));
    if (f.process->server.connection_count() == 0) break;
    const Bytes byte = as_bytes(std::string_view("x"));
    (void)f.world.run(*f.client_machine, write_all(f.socket.get(), byte));
  }
  CHECK(f.process->server.connection_count() == 0);
  CHECK(f.process->server.receive_budget().held() == 0);
}

TEST_CASE(
    "connections beyond max.connections wait for a place, beyond the limit per address they are "
    "refused") {
  Fixture f({.counts = {.all_max = 2}});
  auto second = f.connect();
  auto third = f.connect();
  f.settle();
  CHECK(f.process->server.connection_count() == 2);
  second.reset();
  f.settle(seconds(1));
  CHECK(f.process->server.connection_count() == 2);

  Fixture g({.counts = {.per_ip_max = 1}});
  auto refused = g.connect();
  g.settle();
  CHECK(g.process->server.connection_count() == 1);
}

TEST_CASE("who would take the last descriptors is refused, and the log tells why once") {
  Fixture f;
  f.server_machine->host().sockets_max = 4;
  std::vector<std::unique_ptr<runtime::Socket>> others(10);
  for (std::unique_ptr<runtime::Socket>& other : others) other = f.connect();
  f.settle(seconds(1));
  CHECK(f.process->server.connection_count() == 3);
  const std::string log = f.world.log_text();
  const size_t told = log.find("3 connections are open and others are refused");
  REQUIRE(told != std::string::npos);
  CHECK(log.find("others are refused", told + 60) == std::string::npos);
  f.send(ApiKey::kListGroups, "here", 1);
  CHECK(f.receive().value() == 1);
}

TEST_CASE("a higher limit lets in at once who waits, a lower one puts nobody out") {
  Fixture f({.counts = {.all_max = 1}});
  auto second = f.connect();
  f.settle();
  CHECK(f.process->server.connection_count() == 1);
  f.process->server.set_counts({.all_max = 2});
  f.settle();
  CHECK(f.process->server.connection_count() == 2);
  f.process->server.set_counts({.all_max = 1});
  f.settle();
  CHECK(f.process->server.connection_count() == 2);
}

TEST_CASE("a stop finishes what is under way, drops what is parked, and closes everything") {
  Fixture f;
  f.send(ApiKey::kHeartbeat, "under way", 1);
  auto parked = f.connect();
  std::swap(parked, f.socket);
  f.send(ApiKey::kLeaveGroup, "parked", 2);
  std::swap(parked, f.socket);
  f.settle();
  f.world.node(0).spawn("stop", f.process->server.stop(seconds(20)));
  f.settle(seconds(1));
  CHECK(f.process->server.connection_count() == 1);
  f.open_gate();
  CHECK(f.receive().value() == 1);
  CHECK(f.closed());
  CHECK(f.process->server.connection_count() == 0);
}

TEST_CASE("random bytes never do more than close their connection") {
  Fixture f({.connection = {.frame_bytes_max = 4096}});
  Random random(20260101);
  for (int round = 0; round < 200; ++round) {
    f.socket = f.connect();
    std::vector<uint8_t> bytes(random.below(300) + 1);
    for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random.next());
    if (random.chance(0.7)) {  // a frame of the right size around the garbage
      store_be32(bytes.data(), 0);
      if (bytes.size() > 8) {
        store_be32(bytes.data(), static_cast<uint32_t>(bytes.size() - 4));
        store_be16(bytes.data() + 4, 16);
      }
    }
    (void)f.world.run(*f.client_machine, write_all(f.socket.get(), bytes));
    f.settle(milliseconds(20));
  }
  f.open_gate();
  f.socket = f.connect();
  f.send(ApiKey::kListGroups, "still there", 1);
  CHECK(f.receive().value() == 1);
}

}  // namespace
}  // namespace millrace::broker
