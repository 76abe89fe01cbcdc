// Partitions that a start leaves for later: which, when they are loaded, and what may happen to
// them before.
#include "log/log_testing.h"

#include "base/testing.h"

namespace millrace::log {
namespace {

using namespace millrace::log::testing;  // NOLINT: the vocabulary of these tests

const TopicPartition kBills{"bills", PartitionIndex(0)};
const TopicPartition kCarts{"carts", PartitionIndex(0)};
const TopicId kBillsId{Uuid{8, 8}};
const TopicId kCartsId{Uuid{9, 9}};

// Three partitions, each with one record.
void fill(LogWorld& world) {
  REQUIRE(world.start());
  REQUIRE(put(world.create(), {"a"}));
  REQUIRE(put(world.create(kBills, kBillsId), {"b"}));
  REQUIRE(put(world.create(kCarts, kCartsId), {"c"}));
  for (const TopicPartition& name : {kOrders, kBills, kCarts}) {
    REQUIRE(world.durable(world.log(name)));
  }
}

void fill_and_stop(LogWorld& world) {
  fill(world);
  REQUIRE(world.close());
}

size_t lines_with(LogWorld& world, const std::string& checkpoint, std::string_view topic) {
  const std::string text = *runtime::read_file(world.disk(), "data/" + checkpoint, 1 << 20);
  size_t count = 0;
  for (size_t at = text.find(topic); at != std::string::npos; at = text.find(topic, at + 1)) {
    ++count;
  }
  return count;
}

TEST_CASE("after an orderly stop partitions wait until somebody asks for them") {
  LogWorld world;
  fill_and_stop(world);
  REQUIRE(world.start_serving());
  CHECK(world.directory().waiting() == std::vector{kBills, kCarts, kOrders});
  CHECK(!world.has(kOrders));
  CHECK(*world.load_now());
  CHECK(*world.load_now());  // there already
  CHECK(world.log().high_watermark() == Offset(1));
  CHECK(put(world.log(), {"more"})->first_offset == Offset(1));
  CHECK(world.directory().waiting() == std::vector{kBills, kCarts});
  std::vector<TopicPartition> loaded;
  REQUIRE(world.load_waiting(&loaded));
  CHECK(loaded == std::vector{kBills, kCarts});
  CHECK(world.directory().waiting().empty());
  CHECK(world.log(kCarts).log_end_offset() == Offset(1));
}

TEST_CASE("what still waits at an orderly stop is as clean as it was, and keeps its lines") {
  LogWorld world;
  fill_and_stop(world);
  for (int i = 0; i < 2; ++i) {
    REQUIRE(world.start_serving());
    CHECK(world.directory().was_clean());
    CHECK(*world.load_now());
    REQUIRE(world.close());
    for (const char* checkpoint :
         {"recovery-point-offset-checkpoint", "replication-offset-checkpoint"}) {
      CHECK(lines_with(world, checkpoint, "bills 0 1") == 1);
    }
  }
  REQUIRE(world.start());
  CHECK(world.directory().was_clean());
  CHECK(world.log(kBills).log_end_offset() == Offset(1));
}

TEST_CASE("what still waits when the server dies loses nothing") {
  LogWorld world;
  fill_and_stop(world);
  REQUIRE(world.start_serving());
  CHECK(*world.load_now());
  REQUIRE(put(world.log(), {"more"}));
  REQUIRE(world.durable(world.log()));
  REQUIRE(world.run(world.directory().write_checkpoints()));
  REQUIRE(world.crash());
  CHECK(!world.directory().was_clean());
  CHECK(world.log().log_end_offset() == Offset(2));
  CHECK(world.log(kBills).high_watermark() == Offset(1));
  CHECK(world.log(kCarts).high_watermark() == Offset(1));
}

TEST_CASE("one that takes recovery is not loaded at once, but next") {
  LogWorld world;
  fill_and_stop(world);
  REQUIRE(world.disk().remove("data/orders-0/00000000000000000000.index"));
  REQUIRE(world.start_serving());
  CHECK(!*world.load_now());
  CHECK(!*world.load_now());
  CHECK(!world.has(kOrders));
  std::vector<TopicPartition> loaded;
  REQUIRE(world.load_waiting(&loaded));
  CHECK(loaded == std::vector{kOrders, kBills, kCarts});
  CHECK(world.log().high_watermark() == Offset(1));
}

TEST_CASE("one whose recovery point is told too low has it told right before it serves") {
  LogWorld world;
  fill_and_stop(world);
  REQUIRE(runtime::write_file_atomically(world.disk(), "data/recovery-point-offset-checkpoint",
                                         "0\n3\nbills 0 1\ncarts 0 1\norders 0 0\n"));
  REQUIRE(world.start_serving());
  CHECK(!*world.load_now());
  REQUIRE(world.load_waiting());
  CHECK(lines_with(world, "recovery-point-offset-checkpoint", "orders 0 1") == 1);
}

TEST_CASE("partitions of which the checkpoints do not tell do not wait") {
  for (const char* content : {"0\n2\nbills 0 1\ncarts 0 1\n", "garbage"}) {
    CAPTURE(content);
    LogWorld world;
    fill_and_stop(world);
    REQUIRE(runtime::write_file_atomically(world.disk(), "data/recovery-point-offset-checkpoint",
                                           content));
    REQUIRE(world.start_serving());
    CHECK(world.log().high_watermark() == Offset(1));
    CHECK(lines_with(world, "recovery-point-offset-checkpoint", "orders 0 1") == 1);
  }
}

TEST_CASE("one that waits can be removed, and its name is free") {
  LogWorld world;
  fill_and_stop(world);
  REQUIRE(world.start_serving());
  REQUIRE(world.remove(kOrders));
  CHECK(world.remove(kOrders).error().code() == Errc::kUnknownTopicOrPartition);
  CHECK(world.create(kOrders, TopicId{Uuid{1, 2}}).log_end_offset() == Offset(0));
  std::vector<TopicPartition> loaded;
  REQUIRE(world.load_waiting(&loaded));
  CHECK(loaded == std::vector{kBills, kCarts});
  world.run_for(seconds(100));
  for (const std::string& name : world.files("data")) CHECK(!name.ends_with("-delete"));
  REQUIRE(world.restart());
  CHECK(world.log().log_end_offset() == Offset(0));
}

TEST_CASE("one that is removed while it is recovered goes when that is done") {
  LogWorld world;
  fill_and_stop(world);
  REQUIRE(world.start());
  world.node().crash();
  REQUIRE(runtime::write_file_atomically(world.disk(), "data/recovery-point-offset-checkpoint",
                                         "0\n3\nbills 0 1\ncarts 0 1\norders 0 0\n"));
  REQUIRE(world.start_serving());
  CHECK(!*world.load_now());
  world.node().spawn("load what waits", world.loading());
  REQUIRE(world.world().run_until([&] { return world.has(kOrders); }, seconds(10)));
  CHECK(world.directory().is_waiting(kOrders));  // until it is stable
  REQUIRE(world.remove(kOrders));
  CHECK(world.directory().is_waiting(kOrders));
  const auto none_waits = [&] { return world.directory().waiting().empty(); };
  REQUIRE(world.world().run_until(none_waits, seconds(10)));
  CHECK(!world.has(kOrders));
  CHECK(world.has(kBills));
  CHECK(world.create(kOrders, TopicId{Uuid{1, 2}}).log_end_offset() == Offset(0));
}

TEST_CASE("one that cannot be loaded is reported, whoever asked for it") {
  for (const bool at_once : {true, false}) {
    CAPTURE(at_once);
    LogWorld world;
    fill_and_stop(world);
    REQUIRE(runtime::write_file_atomically(world.disk(), "data/orders-0/leader-epoch-checkpoint",
                                           "7\n0\n"));
    REQUIRE(world.start_serving());
    if (at_once) {
      CHECK(world.load_now().error().code() == Errc::kNewerFormat);
    } else {
      REQUIRE(world.load_waiting());
    }
    CHECK(world.directory().unloadable().contains(kOrders));
    CHECK(!world.directory().is_waiting(kOrders));
    const auto made = world.directory().create(kOrders, kOrdersId, world.shared_config());
    CHECK(made.error().code() == Errc::kKafkaStorageError);
  }
}

TEST_CASE("without a descriptor they go on waiting; nothing is given up") {
  for (const bool crash : {false, true}) {
    CAPTURE(crash);
    LogWorld world;
    fill_and_stop(world);
    if (crash) {
      REQUIRE(world.start());
      world.node().crash();
    }
    REQUIRE(world.start_serving());
    world.disk().set_open_files_max(world.disk().open_files());
    CHECK(!*world.load_now());
    world.node().spawn("load what waits", world.loading());
    world.run_for(seconds(5));
    CHECK(world.directory().unloadable().empty());
    CHECK(world.directory().waiting().size() == 3);
    world.disk().set_open_files_max(1000);
    const auto none_waits = [&] { return world.directory().waiting().empty(); };
    REQUIRE(world.world().run_until(none_waits, seconds(10)));
    CHECK(world.log().high_watermark() == Offset(1));
    REQUIRE(world.restart());
    CHECK(world.directory().was_clean());
  }
}

TEST_CASE("progress counts what was loaded because somebody asked, too") {
  LogWorld world;
  fill_and_stop(world);
  REQUIRE(world.start_serving());
  std::vector<size_t> done;
  const auto tell = [&](const LoadProgress& progress) {
    CHECK(progress.partitions_total == 3);
    done.push_back(progress.partitions_done);
    if (progress.current) CHECK(*world.load_now(kCarts));  // the last one by its name
  };
  const auto facts_of = [&](const TopicPartition&) {
    return LogDirectory::Facts{world.shared_config(), {}};
  };
  REQUIRE(world.run(world.directory().load_waiting(facts_of, [](const TopicPartition&) {}, tell)));
  CHECK(done == std::vector<size_t>{0, 2, 3});
}

TEST_CASE("after a crash those wait of which the journal has nothing") {
  LogWorld world;
  fill_and_stop(world);
  REQUIRE(world.start());
  REQUIRE(put(world.log(kBills), {"more"}));
  REQUIRE(world.durable(world.log(kBills)));
  world.node().crash();
  REQUIRE(world.start_serving());
  CHECK(world.log(kBills).high_watermark() == Offset(2));
  CHECK(world.directory().waiting() == std::vector{kCarts, kOrders});
  CHECK(!*world.load_now());
  std::vector<TopicPartition> loaded;
  REQUIRE(world.load_waiting(&loaded));
  CHECK(loaded == std::vector{kOrders, kCarts});
  CHECK(world.log().high_watermark() == Offset(1));
  CHECK(put(world.log(), {"more"})->first_offset == Offset(1));
  REQUIRE(world.durable(world.log()));
  REQUIRE(world.crash());
  CHECK(world.log().log_end_offset() == Offset(2));
}

TEST_CASE("a stop before all were recovered leaves recovery to the next start") {
  LogWorld world;
  fill(world);
  REQUIRE(world.restart());
  world.node().crash();
  REQUIRE(world.start_serving());
  REQUIRE(!world.directory().waiting().empty());
  REQUIRE(world.close());
  REQUIRE(world.start());
  CHECK(!world.directory().was_clean());
  CHECK(world.log().high_watermark() == Offset(1));
}

}  // namespace
}  // namespace millrace::log
