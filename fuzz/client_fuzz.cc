// Our client against a broker that answers what it likes: calls end with a value or with an error
// that says something, or go on trying; nothing breaks.
// Shape of an input: what the client does (a byte, see kDeeds); then answers in order: a byte (1 =
// bytes as they are, and the end; else the body of an answer), and content with a 16-bit size. The
// question which versions there are is answered in order; when the input ends, so do connections.
#include "base/check.h"
#include "client/admin.h"
#include "client/fetcher.h"
#include "client/group_consumer.h"
#include "client/offsets.h"
#include "client/producer.h"
#include "fuzz/input.h"
#include "kafka/messages/api_versions.h"
#include "simulation/world.h"

namespace millrace::client {
namespace {

using runtime::as_result;
using runtime::Task;

constexpr Duration kTimeMax = seconds(20);
constexpr size_t kFrameBytesMax = 1 << 20;
const runtime::Address kAddress{"server", 9092};

// What every client of ours asks first.
void append_versions(Arena& arena, kafka::Writer& writer, int16_t version) {
  const std::span<const kafka::ApiInfo> apis = kafka::api_table();
  kafka::ApiVersionsResponse answer;
  answer.api_keys = arena.make_array<kafka::ApiVersionsResponse::ApiVersion>(apis.size());
  for (size_t i = 0; i < apis.size(); ++i) {
    answer.api_keys[i] = {.api_key = static_cast<int16_t>(apis[i].key),
                          .min_version = apis[i].version_min,
                          .max_version = apis[i].version_max_stable};
  }
  CHECK(answer.encode(writer, version).has_value());
}

class Server {
 public:
  Server(runtime::Env& env, fuzz::Input& input) : input_(input), scope_(env.loop) {
    listener_ = env.network.listen(kAddress, {.backlog = 50}).value();
    scope_.spawn("accept", accept_all());
  }

 private:
  Task<> accept_all() {
    while (true) scope_.spawn("serve", serve(co_await runtime::accept(listener_.get())));
  }

  Task<> serve(std::unique_ptr<runtime::Socket> socket) {
    while (true) {
      std::array<uint8_t, 4> size;
      Result<> read = co_await as_result(runtime::read_exactly(socket.get(), size));
      if (!read) co_return;
      Buffer frame;
      frame.resize(load_be32(size.data()));
      read = co_await as_result(runtime::read_exactly(socket.get(), frame.mutable_bytes()));
      if (!read) co_return;
      Buffer answer;
      const bool goes_on = answer_to(frame, answer);
      const Result<> written = co_await as_result(runtime::write_all(socket.get(), answer));
      if (!written || !goes_on) co_return;
    }
  }

  // Appends bytes for the socket. False when they are its last.
  bool answer_to(Bytes frame, Buffer& out) {
    const auto key = load_be<int16_t>(frame.data());
    const auto version = load_be<int16_t>(frame.data() + 2);
    const auto correlation_id = load_be<int32_t>(frame.data() + 4);
    const kafka::ApiInfo& api = *kafka::find_api(key);
    Arena arena;
    kafka::Writer writer(out);
    if (key == static_cast<int16_t>(kafka::ApiKey::kApiVersions)) {
      writer.begin_frame();
      writer.write(correlation_id);
      append_versions(arena, writer, version);
      CHECK(writer.end_frame().has_value());
      return true;
    }
    if (input_.empty()) return false;
    const bool raw = (input_.byte() & 1) != 0;
    const Bytes content = input_.piece();
    if (raw) {
      out.append(content);
      return false;
    }
    writer.begin_frame();
    writer.write(correlation_id);
    if (kafka::response_header_version(api, version) >= 1) writer.write(int8_t{0});
    out.append(content);
    CHECK(writer.end_frame().has_value());
    return true;
  }

  fuzz::Input& input_;
  std::unique_ptr<runtime::Listener> listener_;
  runtime::Scope scope_;
};

const TopicPartition kPartition{"orders", PartitionIndex(0)};

Task<> look_around(Cluster* cluster) {
  (void)co_await as_result(cluster->refresh_all());
  (void)co_await as_result(describe_configs(cluster, ConfigResource::kTopic, "orders"));
  (void)co_await as_result(list_groups(cluster));
  (void)co_await as_result(describe_group(cluster, "g"));
  (void)co_await as_result(log_sizes(cluster));
}

Task<> change(Cluster* cluster) {
  (void)co_await as_result(create_topic(cluster, {.name = "orders"}));
  (void)co_await as_result(create_partitions(cluster, "orders", 3));
  (void)co_await as_result(
      alter_configs(cluster, ConfigResource::kTopic, "orders", {{"retention.ms", "1"}}, false));
  (void)co_await as_result(delete_records(cluster, "orders", {{PartitionIndex(0), Offset(5)}}));
  (void)co_await as_result(delete_group(cluster, "g"));
  (void)co_await as_result(delete_topic(cluster, "orders"));
}

Task<> ask_offsets(Cluster* cluster) {
  (void)co_await as_result(list_offset(cluster, kPartition, kLatest));
  (void)co_await as_result(fetch_committed(cluster, "g", std::nullopt));
  (void)co_await as_result(commit(cluster, "g", {}, {{kPartition, {Offset(3), "note"}}}));
}

void read_records(const std::vector<Fetched>& all) {
  kafka::Decompressor decompressor;
  for (const Fetched& fetched : all) {
    const Result<> read = for_each_record(fetched, decompressor, kFrameBytesMax,
                                          [](const kafka::RecordView&) -> Result<> { return {}; });
    if (!read) CHECK(!read.error().detail().empty());
  }
}

Task<> fetch(Cluster* cluster) {
  Fetcher fetcher(cluster, {.batch_decompressed_max = kFrameBytesMax});
  fetcher.assign({{kPartition, Offset(0)}, {{"orders", PartitionIndex(1)}, Offset(7)}});
  for (int round = 0; round < 3; ++round) {
    const auto got = co_await as_result(fetcher.poll(cluster->env().loop.now() + seconds(2)));
    if (!got) co_return;
    read_records(*got);
  }
}

Task<> consume(Cluster* cluster) {
  GroupConsumer consumer(cluster, {.group_id = "g", .topics = {"orders"}}, nullptr);
  for (int round = 0; round < 3; ++round) {
    const auto got = co_await as_result(consumer.poll(cluster->env().loop.now() + seconds(2)));
    if (!got) break;
    read_records(*got);
    (void)co_await as_result(consumer.commit_positions());
  }
  (void)co_await as_result(consumer.leave());
}

Task<> produce(Cluster* cluster) {
  Producer producer(cluster, {.delivery_timeout = seconds(5)}, [](const Delivery& delivery) {
    if (!delivery.base_offset) CHECK(delivery.records > 0);
  });
  const Result<> started = co_await as_result(producer.start());
  if (!started) co_return;
  for (int i = 0; i < 3; ++i) {
    (void)co_await as_result(
        producer.send("orders", std::nullopt, {.timestamp = {1000}, .value = as_bytes("v")}));
  }
  (void)co_await as_result(producer.flush());
}

constexpr Task<> (*kDeeds[])(Cluster*) = {look_around, change,  ask_offsets,
                                          fetch,       consume, produce};

void run(Bytes bytes) {
  fuzz::Input input(bytes);
  const auto deed = kDeeds[input.below(std::size(kDeeds))];
  simulation::World world(1);
  world.set_log_level(std::nullopt);
  simulation::Node& server = world.add_node("server");
  simulation::Node& machine = world.add_node("client");
  server.start([&](runtime::Env& env) { return std::make_shared<Server>(env, input); });
  Cluster* cluster = nullptr;
  machine.start([&cluster](runtime::Env& env) {
    const ConnectionOptions options{.request_timeout = seconds(2),
                                    .frame_bytes_max = kFrameBytesMax};
    auto made = std::make_shared<Cluster>(&env, std::vector{kAddress},
                                          ClusterOptions{.connection = options});
    cluster = made.get();
    return made;
  });
  const Result<> done = world.run(machine, deed(cluster), kTimeMax);
  if (!done) CHECK(done.error().code() == Errc::kTimedOut);
  machine.kill();
  server.kill();
}

}  // namespace
}  // namespace millrace::client

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  millrace::client::run({data, size});
  return 0;
}
