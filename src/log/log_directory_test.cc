#include "log/log_directory.h"

#include <fmt/core.h>

#include "kafka/record_batch_builder.h"
#include "simulation/world.h"

#include "base/testing.h"

namespace millrace::log {
namespace {

using runtime::Task;
using simulation::Node;
using simulation::World;

const TopicPartition kOrders{"orders", PartitionIndex(0)};
const TopicId kOrdersId{Uuid{7, 7}};

Buffer batch_of(std::vector<std::string> values, Timestamp time = {1000}) {
  kafka::Compressor compressor;
  kafka::RecordBatchBuilder builder(compressor);
  builder.begin({});
  for (const std::string& value : values) {
    REQUIRE(builder.append({.timestamp = time, .value = as_bytes(value)}));
  }
  return Buffer(*builder.finish());
}

struct Server {
  explicit Server(runtime::Env& env) {
    Result<std::unique_ptr<LogDirectory>> opened =
        LogDirectory::open(env, {.path = "data",
                                 .node_id = BrokerId(1),
                                 .format = MetaProperties{"cluster", BrokerId(1), Uuid{1, 200}}});
    REQUIRE(opened.has_value());
    directory = std::move(*opened);
  }
  std::unique_ptr<LogDirectory> directory;
};

Task<> load(LogDirectory* directory, std::shared_ptr<LogConfig> config) {
  co_await directory->load([config](const TopicPartition&, TopicId) { return config; });
  directory->start_maintenance();
}

TEST_CASE("what was acknowledged as durable is there after power was lost") {
  World world(1);
  Node& node = world.add_node("server");
  Server* server = nullptr;
  const auto start = [&](runtime::Env& env) {
    auto made = std::make_shared<Server>(env);
    server = made.get();
    return made;
  };
  const auto config = std::make_shared<LogConfig>();
  node.start(start);
  REQUIRE(world.run(node, load(server->directory.get(), config)));
  auto log = server->directory->create(kOrders, kOrdersId, config);
  REQUIRE(log.has_value());
  Buffer batch = batch_of({"a", "b", "c"});
  const auto appended = (*log)->append_produced(batch.mutable_bytes(), {});
  REQUIRE(appended.has_value());
  CHECK(appended->last_offset == Offset(2));
  REQUIRE(world.run(node, (*log)->durable(Offset(3))));
  CHECK((*log)->high_watermark() == Offset(3));
  log->reset();
  node.crash();
  node.start();
  REQUIRE(world.run(node, load(server->directory.get(), config)));
  const auto again = server->directory->find(kOrders);
  REQUIRE(again);
  CHECK(again->log_end_offset() == Offset(3));
  CHECK(again->topic_id() == kOrdersId);
  const auto read = again->read(Offset(0), {.bound = ReadBound::kLogEnd});
  REQUIRE(read.has_value());
  Buffer bytes;
  REQUIRE(read->slice.copy_to(bytes));
  CHECK(equal(bytes, batch));
}

}  // namespace
}  // namespace millrace::log
