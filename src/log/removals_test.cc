// Large files go in steps. What is removed when: log_directory_test.cc, partition_log_test.cc.
#include "log/log_testing.h"

#include "base/testing.h"

namespace millrace::log {
namespace {

using namespace millrace::log::testing;  // NOLINT: the vocabulary of these tests

constexpr int64_t kStep = 4096;
constexpr auto kAway = "data/orders-0/00000000000000000000.log.deleted";

// One segment of some 60 KB is on its way out, and has not gone yet.
struct LargeRemoval : LogWorld {
  explicit LargeRemoval(double bytes_per_second = kStep * 20) {
    options().delete_bytes_per_second_max = bytes_per_second;
    config().segment_bytes = 61'000;
    config().file_delete_delay_ms = seconds(5);
    REQUIRE(start());
    create();
    REQUIRE(put(log(), {std::string(60'000, 'x')}));
    REQUIRE(put(log(), {std::string(2000, 'y')}));
    REQUIRE(durable(log()));
    before = *log().read(Offset(0), {.bound = ReadBound::kLogEnd});
    REQUIRE(log().delete_records_before(Offset(1)));
  }

  /// What is left of the file; 0 when it is gone.
  int64_t left() {
    const Result<runtime::FileInfo> info = disk().info(kAway);
    return info ? info->size : 0;
  }
  /// How much went in the largest of the steps that could be told apart, from now on.
  int64_t largest_step() {
    for (int i = 0; i < 200'000 && left() == 0; ++i) run_for(milliseconds(1));
    int64_t largest = 0;
    for (int64_t size = left(); size > 0;) {
      run_for(milliseconds(1));
      const int64_t now = left();
      largest = std::max(largest, size - now);
      size = now;
    }
    return largest;
  }

  void run_until_cut() {
    for (int i = 0; i < 20'000 && (left() == 0 || left() >= 60'000); ++i) run_for(milliseconds(1));
    CHECK(left() > 0);
  }

  ReadResult before;
};

TEST_CASE("a large file goes in steps") {
  LargeRemoval world;
  world.before = {};
  CHECK(world.largest_step() == kStep);
  CHECK(!world.disk().info(kAway));
}

TEST_CASE("a topic goes in steps too") {
  LargeRemoval world;
  world.before = {};
  REQUIRE(world.remove(kOrders));
  const int64_t used = world.disk().used_bytes();
  world.run_for(seconds(5) + milliseconds(500));
  CHECK(world.disk().used_bytes() < used);
  CHECK(world.disk().used_bytes() > used - 60'000);
  world.run_for(seconds(5));
  CHECK(world.disk().used_bytes() < used - 60'000);
}

// The journal has its records until others need the room, and only then they would be synced. Who
// has the file open until then makes it go whole, and on the loop.
TEST_CASE("the file of a removed topic is let go although it was never synced") {
  LogWorld world;
  REQUIRE(world.start());
  world.create();
  PartitionLog& other = world.create({"other", PartitionIndex(0)}, TopicId{Uuid{8, 8}});
  REQUIRE(put(other, {"a"}));
  REQUIRE(world.durable(other));
  world.run_for(seconds(1));
  const int64_t open = world.disk().open_files();
  for (int i = 0; i < 2; ++i) {  // the first one has the file's name made stable, and the file
    REQUIRE(put(world.log(), {"b"}));
    REQUIRE(world.durable(world.log()));
    world.run_for(seconds(1));
  }
  CHECK(world.disk().open_files() > open);
  REQUIRE(world.remove(kOrders));
  CHECK(world.disk().open_files() == open);
}

TEST_CASE("a file that somebody reads goes whole, and is read to its end") {
  LargeRemoval world;
  CHECK(world.largest_step() > 60'000);
  Buffer bytes;
  REQUIRE(world.before.slice.copy_to(bytes));
  CHECK(kafka::testing::read(bytes)->at(0).value == std::string(60'000, 'x'));
}

TEST_CASE("where room is scarce a file goes whole") {
  LargeRemoval world;
  world.before = {};
  const auto others = world.disk().open("others", {.create = true}).value();
  const std::string much(2 << 20, 'x');
  const Bytes bytes = as_bytes(much);
  REQUIRE(others->write_at(0, {&bytes, 1}));
  world.disk().set_capacity(world.disk().used_bytes() + 100'000);
  CHECK(world.largest_step() > 60'000);
}

TEST_CASE("what is left of a file at a stop goes after the next start") {
  LargeRemoval world;
  world.before = {};
  world.run_until_cut();
  REQUIRE(world.restart());
  CHECK(world.left() > 0);
  world.run_for(seconds(10));
  CHECK(world.left() == 0);
  CHECK(world.log().log_start_offset() == Offset(1));
}

TEST_CASE("a file that was cut and got its old name back in a crash goes") {
  for (uint64_t seed = 1; seed <= 30; ++seed) {
    CAPTURE(seed);
    LargeRemoval world;
    world.before = {};
    world.run_until_cut();
    world.run_for(milliseconds(25 * int64_t(seed)));
    REQUIRE(world.crash());
    CHECK(world.log().log_start_offset() == Offset(1));
    CHECK(read_records(world.log(), Offset(1))->size() == 1);
  }
}

}  // namespace
}  // namespace millrace::log
