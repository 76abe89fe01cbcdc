// What a reader is told of a log that has rotted while the broker was down.
#include "broker/test_broker.h"
#include "client/fetcher.h"

#include "base/testing.h"

namespace millrace::broker {
namespace {

using client::Fetched;

const std::string kLog = "/data/orders-0/00000000000000000000.log";
constexpr int64_t kLengthField = 8;  // in a batch

// On the client's machine: everything from `from` on, until an error.
struct Reader {
  Reader(TestBroker& t, int64_t from)
      : t_(t), cluster_(&t.client_machine->env(), {{"broker", 9092}}, {}), fetcher_(&cluster_, {}) {
    fetcher_.assign({{{"orders", PartitionIndex(0)}, Offset(from)}});
  }
  Result<std::vector<Fetched>> poll() {
    return t_.world.run(*t_.client_machine,
                        fetcher_.poll(t_.client_machine->env().loop.now() + seconds(5)),
                        seconds(30));
  }
  TestBroker& t_;
  client::Cluster cluster_;
  client::Fetcher fetcher_;
};

TEST_CASE("a reader is told of damage, once, and can go on behind it") {
  TestBroker t;
  t.create_topic("orders");
  TestClient producer = t.connect();
  const Buffer batch = t.batch({"some value"});
  for (int i = 0; i < 5; ++i) REQUIRE(t.produce(producer, "orders", batch).error_code == 0);
  t.stop();
  const auto rotten = static_cast<int64_t>(2 * batch.size()) + kLengthField + 1;
  REQUIRE(t.machine.disk().flip_bit(kLog, rotten, 6));
  t.start();

  Reader reader(t, 0);
  const auto before = reader.poll();
  REQUIRE(before);
  CHECK(before->at(0).next == Offset(2));
  const auto there = reader.poll();
  REQUIRE(!there);
  CHECK(there.error().code() == Errc::kCorruptMessage);
  CHECK(there.error().message().find("topic orders partition 0") != std::string::npos);
  CHECK(there.error().message().find("offset 2") != std::string::npos);

  Reader behind(t, 3);
  const auto rest = behind.poll();
  REQUIRE(rest);
  CHECK(rest->at(0).next == Offset(5));
}

}  // namespace
}  // namespace millrace::broker
