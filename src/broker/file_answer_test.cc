// Records on their way from a partition's file to the client: whole, or not at all.
#include <memory>
#include <string>
#include <vector>

#include "broker/test_broker.h"
#include "kafka/batch_testing.h"
#include "log/log_directory.h"

#include "base/testing.h"

namespace millrace::broker {
namespace {

const std::string kOrdersLog = "/data/orders-0/00000000000000000000.log";

std::string letters(size_t size, char first) {
  std::string text(size, first);
  for (size_t i = 0; i < size; ++i) text[i] = static_cast<char>('a' + (first + i * i) % 26);
  return text;
}

// What has arrived until now, at the client.
std::string take_what_came(runtime::Socket& socket) {
  std::string text;
  std::array<uint8_t, 4096> piece;
  while (true) {
    const Result<size_t> count = socket.try_read(piece);
    if (!count || *count == 0) return text;
    text += as_text(Bytes(piece).first(*count));
  }
}

TEST_CASE(
    "records large and small arrive as they were, however little the socket takes at a time") {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    TestBroker t({}, seed);
    t.create_topic("orders", 3);
    TestClient producer = t.connect();
    const std::vector<std::string> values = {letters(90'000, 'a'), letters(300, 'b'),
                                             letters(15'000, 'c')};
    for (int32_t p = 0; p < 3; ++p) {
      const auto done = t.produce(producer, "orders", t.batch({values[static_cast<size_t>(p)]}), p);
      REQUIRE(done.error_code == 0);
    }
    simulation::Faults faults;
    faults.network_short = 0.5;
    faults.network_buffer = 700;
    faults.disk_cold = 0.5;
    t.world.set_faults(faults);
    TestClient reader = t.connect();
    std::vector<kafka::FetchRequest::Partition> wanted;
    wanted.reserve(3);
    for (int32_t p = 0; p < 3; ++p) {
      wanted.push_back({.partition = PartitionIndex(p), .partition_max_bytes = 1 << 20});
    }
    kafka::FetchRequest::Topic topic{.topic = "orders", .partitions = wanted};
    kafka::FetchRequest request{.max_bytes = 1 << 20, .topics = {&topic, 1}};
    for (const int16_t version : {4, 11}) {  // the old one cannot be given zstd, so we look
      CAPTURE(version);
      const auto answer = reader.call<kafka::FetchResponse>(version, request, seconds(600));
      REQUIRE(answer);
      for (const auto& partition : answer->responses[0].partitions) {
        const auto index = static_cast<size_t>(partition.partition_index.value);
        CHECK(TestBroker::values(partition.records->bytes) == std::vector{values[index]});
      }
    }
  }
}

TEST_CASE("a client that leaves in the middle of a file takes nobody with it") {
  TestBroker t;
  t.create_topic("orders");
  TestClient other = t.connect();
  const std::string value = letters(500'000, 'x');
  REQUIRE(t.produce(other, "orders", t.batch({value})).error_code == 0);
  simulation::Faults faults;
  faults.network_buffer = 2'000;
  t.world.set_faults(faults);
  {
    TestClient leaver = t.connect();
    leaver.send(11, *t.fetch_request("orders", 0));
    t.world.run_for(milliseconds(50));
    CHECK(take_what_came(leaver.socket()).size() > 100);
  }
  t.world.run_for(seconds(10));
  CHECK(t.broker->status().connections == 1);
  CHECK(t.fetch(other, "orders") == std::vector{value});
}

TEST_CASE("a file that is shorter than what was promised ends the connection, by its name") {
  TestBroker t;
  t.create_topic("orders");
  TestClient producer = t.connect();
  const std::string value = letters(300'000, 'x');
  REQUIRE(t.produce(producer, "orders", t.batch({value})).error_code == 0);
  simulation::Faults faults;
  faults.network_buffer = 2'000;
  t.world.set_faults(faults);
  TestClient reader = t.connect();
  reader.send(11, *t.fetch_request("orders", 0));
  t.world.run_for(milliseconds(50));
  std::string got = take_what_came(reader.socket());
  REQUIRE(got.size() > 1'000);
  REQUIRE(got.size() < 100'000);
  REQUIRE(t.machine.disk().open(kOrdersLog, {}).value()->truncate(100'000));
  for (int i = 0; i < 1000; ++i) {
    t.world.run_for(milliseconds(1));
    got += take_what_came(reader.socket());
  }
  CHECK(got.size() > 100'000);
  CHECK(got.size() < 101'000);
  CHECK(value.find(got.substr(1'000)) != std::string::npos);  // right as far as it goes
  CHECK(reader.is_closed());
  const std::string log = t.world.log_text();
  CHECK(log.find("orders-0 from offset 0, ") != std::string::npos);
  CHECK(log.find(kOrdersLog + " ends before byte 100001") != std::string::npos);
}

TEST_CASE("a file that cannot be read ends the connection, or is an error in its partition") {
  TestBroker t;
  t.create_topic("orders", 2);
  TestClient client = t.connect();
  REQUIRE(t.produce(client, "orders", t.batch({letters(100'000, 'x')}), 0).error_code == 0);
  REQUIRE(t.produce(client, "orders", t.batch({"small"}), 1).error_code == 0);
  simulation::Faults faults;
  faults.disk_read_delay = milliseconds(100);
  faults.network_buffer = 2'000;
  t.world.set_faults(faults);
  TestClient reader = t.connect();
  reader.send(11, *t.fetch_request("orders", 0));
  t.world.run_for(milliseconds(50));
  t.machine.disk().set_cold(true);
  CHECK(take_what_came(reader.socket()).size() < 50'000);
  t.world.run_for(milliseconds(50));  // more has been asked for, and the disk is being waited for
  t.machine.disk().fail_reads(true);
  t.world.run_for(milliseconds(500));
  CHECK(take_what_came(reader.socket()).size() < 50'000);
  CHECK(reader.is_closed());
  CHECK(t.world.log_text().find("orders-0 from offset 0") != std::string::npos);

  const auto answer = client.call<kafka::FetchResponse>(11, *t.fetch_request("orders", 0, 1));
  REQUIRE(answer);
  CHECK(answer->responses[0].partitions[0].error_code ==
        error_info(Errc::kKafkaStorageError).kafka_code);
}

TEST_CASE("what was looked up before a sync failed is not read from the page cache after it") {
  TestBroker t;
  t.create_topic("orders", 2);
  TestClient client = t.connect();
  REQUIRE(t.produce(client, "orders", t.batch({letters(100'000, 'x')}), 0).error_code == 0);
  REQUIRE(t.produce(client, "orders", t.batch({"small"}), 1).error_code == 0);
  simulation::Faults faults;
  faults.disk_read_delay = milliseconds(100);
  t.world.set_faults(faults);
  t.machine.disk().set_cold(true);
  TestClient of_large = t.connect();
  TestClient of_small = t.connect();
  of_large.send(11, *t.fetch_request("orders", 0));
  of_small.send(11, *t.fetch_request("orders", 0, 1));
  t.world.run_for(milliseconds(20));  // the disk is being waited for
  t.machine.disk().fail_syncs(true);
  client.send(9, *t.produce_request("orders", t.batch({"fails"}), 0));
  client.send(9, *t.produce_request("orders", t.batch({"fails"}), 1));
  t.world.run_for(milliseconds(500));
  CHECK(take_what_came(of_large.socket()).size() < 200);  // what stands before the records
  CHECK(of_large.is_closed());
  CHECK(t.world.log_text().find("the log was cut or has failed meanwhile") != std::string::npos);
  const auto answer = of_small.receive<kafka::FetchResponse>(11);
  REQUIRE(answer);
  CHECK(answer->responses[0].partitions[0].error_code ==
        error_info(Errc::kKafkaStorageError).kafka_code);
}

// A server whose one partition is cut while its answer is on its way. No consumer's read reaches
// above the high watermark, so the broker itself cannot be brought to it.
struct CuttingServer {
  CuttingServer(runtime::Env& env, std::string path)
      : logs(log::LogDirectory::open(env, {.path = std::move(path),
                                           .node_id = BrokerId(1),
                                           .format = log::MetaProperties{"c", BrokerId(1), {}}})
                 .value()),
        log(logs->create({"orders", PartitionIndex(0)}, TopicId{Uuid{7, 7}},
                         std::make_shared<log::LogConfig>())
                .value()),
        server(env, {}) {}
  std::unique_ptr<log::LogDirectory> logs;
  std::shared_ptr<log::PartitionLog> log;
  Server server;
};
CuttingServer* cutting = nullptr;

runtime::Task<> answer_from_file(Request* request) {
  const log::ReadResult read =
      co_await cutting->log->read(Offset(0), {.bound = log::ReadBound::kLogEnd});
  kafka::FetchResponse answer;
  answer.responses = request->arena().make_array<kafka::FetchResponse::Topic>(1);
  answer.responses[0].partitions = request->arena().make_array<kafka::FetchResponse::Partition>(1);
  answer.responses[0].partitions[0].records =
      request->response().from_file({.slice = read.slice,
                                     .log = cutting->log,
                                     .offset = Offset(0),
                                     .truncations = cutting->log->truncations()});
  co_await request->answer(answer);
}
constexpr Api kCuttingApis[] = {{.key = kafka::ApiKey::kFetch, .handle = answer_from_file}};

TEST_CASE(
    "of a log that was cut under an answer nothing more is sent, even if it has grown again") {
  simulation::Faults faults;
  faults.network_buffer = 2'000;
  simulation::World world(1, faults);
  simulation::Node& machine = world.add_node("server");
  std::shared_ptr<CuttingServer> process;
  machine.start([&](runtime::Env& env) {
    process = std::make_shared<CuttingServer>(env, "data");
    return process;
  });
  cutting = process.get();
  REQUIRE(process->server.listen({{.name = "PLAINTEXT", .bind = {"server", 9092}}}));
  process->server.start(kCuttingApis, nullptr);
  simulation::Node& client_machine = world.add_node("client");
  client_machine.start([](runtime::Env&) { return nullptr; });
  const auto batch_of = [](char letter) {
    return kafka::testing::build({}, {{.value = letters(100'000, letter)}});
  };
  REQUIRE(process->log->append_own(batch_of('x').mutable_bytes(), LeaderEpoch(0)));
  {
    TestClient reader(world, client_machine, {"server", 9092});
    reader.send(11, kafka::FetchRequest());
    world.run_for(milliseconds(20));
    REQUIRE(world.run(machine, process->log->truncate_to(Offset(0))));
    REQUIRE(process->log->append_own(batch_of('y').mutable_bytes(), LeaderEpoch(1)));
    std::string got;
    for (int i = 0; i < 1000; ++i) {
      world.run_for(milliseconds(1));
      got += take_what_came(reader.socket());
    }
    CHECK(got.size() > 1'000);
    CHECK(got.size() < 50'000);
    CHECK(letters(100'000, 'x').find(got.substr(1'000)) != std::string::npos);
    CHECK(reader.is_closed());
    CHECK(world.log_text().find("the log was cut or has failed meanwhile") != std::string::npos);
  }
  cutting = nullptr;
  process.reset();
}

}  // namespace
}  // namespace millrace::broker
