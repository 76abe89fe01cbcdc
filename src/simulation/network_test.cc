#include "simulation/network.h"

#include <optional>
#include <string>

#include "runtime/scope.h"
#include "simulation/world.h"

#include "base/testing.h"

namespace millrace::simulation {
namespace {

using runtime::Address;
using runtime::Env;
using runtime::Listener;
using runtime::Socket;
using runtime::Task;

constexpr uint16_t kPort = 9092;

// A server that hands the test what it accepted, and a client node.
struct Pair {
  explicit Pair(const Faults& faults = {}, uint64_t seed = 1) : world(seed, faults) {
    server.start([this](Env& env) {
      auto objects = std::make_shared<Objects>();
      objects->listener = env.network.listen({"0.0.0.0", kPort}, {.backlog = 2}).value();
      there = objects.get();
      return objects;
    });
    client.start([this](Env&) {
      auto objects = std::make_shared<Objects>();
      here = objects.get();
      return objects;
    });
  }

  struct Objects {
    std::unique_ptr<Listener> listener;
    std::unique_ptr<Socket> socket;
  };

  Result<> connect() {
    Result<> connected = world.run(client, dial(&client.env(), here));
    if (connected) connected = world.run(server, take(there));
    return connected;
  }
  static Task<> dial(Env* env, Objects* objects) {
    objects->socket = co_await env->network.connect({"server", kPort});
  }
  static Task<> take(Objects* objects) {
    objects->socket = co_await runtime::accept(objects->listener.get());
  }
  Socket* near() { return here->socket.get(); }
  Socket* far() { return there->socket.get(); }

  World world;
  Node& server = world.add_node("server");
  Node& client = world.add_node("client");
  Objects* there = nullptr;
  Objects* here = nullptr;
};

Task<> write(Socket* socket, std::string text) {
  co_await runtime::write_all(socket, as_bytes(text));
}

Task<std::string> read(Socket* socket, size_t count) {
  std::string text(count, '\0');
  co_await runtime::read_exactly(socket, {reinterpret_cast<uint8_t*>(text.data()), text.size()});
  co_return text;
}

Task<std::string> read_to_end(Socket* socket) {
  std::string text;
  std::string piece(1000, '\0');
  while (true) {
    const size_t count = co_await runtime::read_some(
        socket, {reinterpret_cast<uint8_t*>(piece.data()), piece.size()});
    if (count == 0) co_return text;
    text.append(piece, 0, count);
  }
}

Result<size_t> try_write(Socket* socket, std::string_view text) {
  const Bytes bytes = as_bytes(text);
  return socket->try_write({&bytes, 1});
}

Result<size_t> try_read(Socket* socket) {
  uint8_t byte = 0;
  return socket->try_read({&byte, 1});
}

Task<> echo(Socket* socket) {
  std::string piece(100, '\0');
  while (true) {
    const size_t count = co_await runtime::read_some(
        socket, {reinterpret_cast<uint8_t*>(piece.data()), piece.size()});
    if (count == 0) co_return;
    co_await runtime::write_all(socket, as_bytes(std::string_view(piece).substr(0, count)));
  }
}

TEST_CASE("bytes travel both ways, take time, and both sides know each other's address") {
  Pair pair;
  REQUIRE(pair.connect());
  CHECK(pair.near()->peer().to_string() == "server:9092");
  CHECK(pair.far()->peer() == pair.near()->local());
  const MonoTime before = pair.world.now();
  pair.server.spawn("echo", echo(pair.far()));
  pair.client.spawn("write", write(pair.near(), "hello"));
  CHECK(pair.world.run(pair.client, read(pair.near(), 5)) == "hello");
  CHECK(pair.world.now() - before >= pair.world.faults().network_delay_min * 2);
}

TEST_CASE("under loss, jitter, short transfers and small buffers a stream keeps its order") {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    CAPTURE(seed);
    Faults faults;
    faults.network_loss = 0.1;
    faults.network_spike = 0.1;
    faults.network_short = 0.5;
    faults.network_buffer = 700;
    faults.network_delay_jitter = milliseconds(5);
    Pair pair(faults, seed);
    REQUIRE(pair.connect());
    std::string text;
    for (int i = 0; i < 2'000; ++i) text += std::to_string(i) + ",";
    pair.client.spawn("write", write(pair.near(), text));
    CHECK(pair.world.run(pair.server, read(pair.far(), text.size()), seconds(3600)) == text);
  }
}

Task<> send_file(Env* env, Socket* socket, std::string text) {
  const std::unique_ptr<runtime::File> file = co_await env->disk.open("f", {.create = true});
  const Bytes bytes = as_bytes(text);
  co_await file->write_at(0, {&bytes, 1});
  for (size_t done = 0; done < text.size();) {
    const Result<size_t> sent =
        socket->try_send_file(*file, static_cast<int64_t>(done), text.size() - done);
    if (!sent && sent.error().code() == Errc::kWouldBlock) {
      co_await socket->writable().wait();
    } else {
      done += co_await sent;
    }
  }
}

TEST_CASE("a file goes through short transfers and small buffers as it is") {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    CAPTURE(seed);
    Faults faults;
    faults.network_short = 0.5;
    faults.network_buffer = 700;
    Pair pair(faults, seed);
    REQUIRE(pair.connect());
    std::string text;
    for (int i = 0; i < 2'000; ++i) text += std::to_string(i) + ",";
    pair.client.spawn("send", send_file(&pair.client.env(), pair.near(), text));
    CHECK(pair.world.run(pair.server, read(pair.far(), text.size()), seconds(3600)) == text);
  }
}

TEST_CASE("a file that ends before what is to be sent is kIo, with its path and where") {
  Pair pair;
  REQUIRE(pair.connect());
  const auto file = pair.client.disk().open("f", {.create = true}).value();
  REQUIRE(file->truncate(100));
  CHECK(pair.near()->try_send_file(*file, 90, 100) == 10);
  const Result<size_t> sent = pair.near()->try_send_file(*file, 100, 90);
  REQUIRE(!sent);
  CHECK(sent.error().code() == Errc::kIo);
  CHECK(sent.error().detail() == "f ends before byte 101");
}

TEST_CASE("a reader that does not read makes the writer wait, and goes on where it stopped") {
  Faults faults;
  faults.network_buffer = 1'000;
  Pair pair(faults);
  REQUIRE(pair.connect());
  CHECK(try_write(pair.near(), std::string(600, 'a')) == 600);
  CHECK(try_write(pair.near(), std::string(600, 'b')) == 400);
  CHECK(try_write(pair.near(), "c").error().code() == Errc::kWouldBlock);
  pair.world.run_for(seconds(10));
  CHECK(try_write(pair.near(), "c").error().code() == Errc::kWouldBlock);
  pair.client.spawn("write", write(pair.near(), std::string(5'000, 'd')));
  CHECK(pair.world.run(pair.server, read(pair.far(), 6'000)) ==
        std::string(600, 'a') + std::string(400, 'b') + std::string(5'000, 'd'));
}

TEST_CASE("a slow path delivers no faster than its bandwidth") {
  Faults faults;
  faults.network_bandwidth = 10'000;
  Pair pair(faults);
  REQUIRE(pair.connect());
  const MonoTime before = pair.world.now();
  pair.client.spawn("write", write(pair.near(), std::string(50'000, 'x')));
  REQUIRE(pair.world.run(pair.server, read(pair.far(), 50'000)));
  CHECK(pair.world.now() - before > milliseconds(4'900));
}

TEST_CASE("a half that ended is read to its end while the other half goes on") {
  Pair pair;
  REQUIRE(pair.connect());
  REQUIRE(try_write(pair.near(), "request"));
  pair.near()->end_write();
  CHECK(pair.world.run(pair.server, read_to_end(pair.far())) == "request");
  pair.server.spawn("write", write(pair.far(), "answer"));
  CHECK(pair.world.run(pair.client, read(pair.near(), 6)) == "answer");
  CHECK(try_write(pair.near(), "x").error().code() == Errc::kClosed);
}

TEST_CASE("close wakes our own waiters with kClosed and ends the other side's reading") {
  Pair pair;
  REQUIRE(pair.connect());
  std::optional<Errc> outcome;
  const auto wait = [](Socket* socket, std::optional<Errc>* into) -> Task<> {
    const Result<std::string> text = co_await runtime::as_result(read(socket, 1));
    *into = text ? Errc::kNone : text.error().code();
  };
  pair.client.spawn("wait", wait(pair.near(), &outcome));
  pair.world.run_for(milliseconds(1));
  pair.near()->close();
  pair.world.run_for(milliseconds(10));
  CHECK(outcome == Errc::kClosed);
  CHECK(try_read(pair.far()) == 0);
  // Writing to somebody who is gone is answered by a reset.
  REQUIRE(try_write(pair.far(), "x"));
  pair.world.run_for(milliseconds(10));
  CHECK(try_write(pair.far(), "x").error().code() == Errc::kClosed);
}

TEST_CASE("closing with unread bytes resets the connection") {
  Pair pair;
  REQUIRE(pair.connect());
  REQUIRE(try_write(pair.near(), "never read"));
  pair.world.run_for(milliseconds(10));
  pair.far()->close();
  pair.world.run_for(milliseconds(10));
  CHECK(try_read(pair.near()).error().code() == Errc::kClosed);
}

TEST_CASE("nobody listening, nobody there, nobody of that name: each is kUnreachable") {
  Pair pair;
  const auto dial = [](Env* env, Address to) -> Task<> { co_await env->network.connect(to); };
  Env* env = &pair.client.env();
  const MonoTime before = pair.world.now();
  CHECK(pair.world.run(pair.client, dial(env, {"server", 1})).error().code() == Errc::kUnreachable);
  CHECK(pair.world.run(pair.client, dial(env, {"nobody", 1})).error().code() == Errc::kUnreachable);
  CHECK(pair.world.now() - before < seconds(1));
  pair.server.crash();
  CHECK(pair.world.run(pair.client, dial(env, {"server", kPort})).error().code() ==
        Errc::kUnreachable);
  CHECK(pair.world.now() - before > seconds(20));
}

TEST_CASE("a full backlog makes a connection wait until somebody accepts") {
  Pair pair;
  const auto dial = [](Env* env, int* connected) -> Task<> {
    const std::unique_ptr<Socket> socket = co_await env->network.connect({"server", kPort});
    ++*connected;
    co_await socket->readable().wait();
  };
  int connected = 0;
  for (int i = 0; i < 3; ++i) pair.client.spawn("dial", dial(&pair.client.env(), &connected));
  pair.world.run_for(seconds(2));
  CHECK(connected == 2);
  REQUIRE(pair.world.run(pair.server, Pair::take(pair.there)));
  pair.world.run_for(seconds(10));
  CHECK(connected == 3);
}

TEST_CASE("out of descriptors, accept says kOverloaded until a socket is closed") {
  Pair pair;
  REQUIRE(pair.connect());
  pair.server.host().sockets_max = 1;
  REQUIRE(pair.world.run(pair.client, Pair::dial(&pair.client.env(), pair.here)));
  CHECK(pair.there->listener->try_accept().error().code() == Errc::kOverloaded);
  pair.far()->close();
  CHECK(pair.there->listener->try_accept());
}

TEST_CASE("listening: taken ports, strange hosts, a free port, and loopback only for oneself") {
  Pair pair;
  Env& env = pair.server.env();
  CHECK(env.network.listen({"server", kPort}, {.backlog = 1}).error().code() ==
        Errc::kAddressInUse);
  CHECK(env.network.listen({"client", 1}, {.backlog = 1}).error().code() == Errc::kAddressNotHere);
  const auto own = env.network.listen({"127.0.0.1", 0}, {.backlog = 1}).value();
  REQUIRE(own->local().port != 0);
  const auto dial = [](Env* from, Address to) -> Task<> { co_await from->network.connect(to); };
  const uint16_t port = own->local().port;
  CHECK(pair.world.run(pair.server, dial(&env, {"localhost", port})));
  CHECK(!pair.world.run(pair.client, dial(&pair.client.env(), {"server", port})));
}

TEST_CASE("a one-way cut holds what goes that way and lets the other way pass") {
  Pair pair;
  REQUIRE(pair.connect());
  pair.world.fabric().cut(pair.client.index(), pair.server.index(), Direction::kOneWay);
  REQUIRE(try_write(pair.near(), "held"));
  REQUIRE(try_write(pair.far(), "passes"));
  CHECK(pair.world.run(pair.client, read(pair.near(), 6)) == "passes");
  pair.world.run_for(seconds(5));
  CHECK(try_read(pair.far()).error().code() == Errc::kWouldBlock);
  pair.world.fabric().heal();
  CHECK(pair.world.run(pair.server, read(pair.far(), 4)) == "held");
}

TEST_CASE("a sender that hears nothing for a minute gives up") {
  Pair pair;
  REQUIRE(pair.connect());
  pair.world.fabric().cut(pair.client.index(), pair.server.index(), Direction::kBothWays);
  REQUIRE(try_write(pair.near(), "lost"));
  pair.world.run_for(seconds(30));
  CHECK(try_write(pair.near(), "x"));
  pair.world.run_for(seconds(60));
  CHECK(try_write(pair.near(), "x").error().code() == Errc::kClosed);
  CHECK(try_read(pair.far()).error().code() == Errc::kWouldBlock);  // the idle side knows nothing
}

TEST_CASE("a killed process closes its connections; a machine without power just falls silent") {
  Pair killed;
  REQUIRE(killed.connect());
  killed.server.kill();
  killed.world.run_for(milliseconds(10));
  CHECK(try_read(killed.near()) == 0);

  Pair crashed;
  REQUIRE(crashed.connect());
  crashed.server.crash();
  crashed.world.run_for(seconds(10));
  CHECK(try_read(crashed.near()).error().code() == Errc::kWouldBlock);
  REQUIRE(try_write(crashed.near(), "anybody?"));
  crashed.server.start();  // and knows nothing of the connection
  crashed.world.run_for(seconds(10));
  CHECK(try_read(crashed.near()).error().code() == Errc::kClosed);
}

TEST_CASE("a broken connection gives its reader a prefix of what was sent, then kClosed") {
  for (uint64_t seed = 0; seed < 30; ++seed) {
    CAPTURE(seed);
    Faults faults;
    faults.network_delay_jitter = milliseconds(20);
    Pair pair(faults, seed);
    REQUIRE(pair.connect());
    std::string text;
    for (int i = 0; i < 5'000; ++i) text += static_cast<char>('a' + i % 26);
    REQUIRE(try_write(pair.near(), text));
    pair.world.fabric().break_connections(pair.server.index());
    pair.world.run_for(seconds(1));
    std::string got(text.size(), '\0');
    const MutableBytes into{reinterpret_cast<uint8_t*>(got.data()), got.size()};
    const Result<size_t> count = pair.far()->try_read(into);
    if (count) CHECK(got.substr(0, *count) == text.substr(0, *count));
    CHECK(pair.far()->try_read(into).error().code() == Errc::kClosed);
    CHECK(try_write(pair.near(), "x").error().code() == Errc::kClosed);
  }
}

TEST_CASE("resets by chance break connections, and refusals by chance refuse them") {
  Faults faults;
  faults.network_reset = 1;
  Pair pair(faults);
  REQUIRE(pair.connect());
  REQUIRE(try_write(pair.near(), "x"));
  pair.world.run_for(seconds(1));
  CHECK(try_write(pair.near(), "x").error().code() == Errc::kClosed);

  faults.network_refuse = 1;
  Pair refused(faults);
  CHECK(refused.connect().error().code() == Errc::kUnreachable);
}

TEST_CASE("a task that is dropped while it connects leaves nothing behind") {
  Pair pair;
  const auto dial = [](Env* env) -> Task<> {
    co_await runtime::with_timeout(&env->loop, microseconds(100),
                                   env->network.connect({"server", kPort}));
  };
  CHECK(pair.world.run(pair.client, dial(&pair.client.env())).error().code() == Errc::kTimedOut);
  pair.world.run_for(seconds(1));
  CHECK(pair.client.host().sockets == 0);
}

}  // namespace
}  // namespace millrace::simulation
