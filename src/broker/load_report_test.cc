#include "broker/load_report.h"

#include "simulation/world.h"

#include "base/testing.h"

namespace millrace::broker {
namespace {

// In the server, whose log is looked at.
runtime::Task<> tell(LoadReport* report, log::LoadProgress progress) {
  report->tell(progress);
  co_return;
}

TEST_CASE("a quick start says nothing of partitions, a slow one says how far it is") {
  simulation::World world(1);
  simulation::Node& node = world.add_node("server");
  node.start([](runtime::Env&) { return nullptr; });
  LoadReport report(node.env().loop);
  const log::TopicPartition current{"orders", PartitionIndex(0)};
  REQUIRE(world.run(
      node, tell(&report, {.partitions_done = 1, .partitions_total = 10, .current = &current})));
  world.run_for(seconds(3));
  REQUIRE(world.run(node, tell(&report, {.partitions_done = 0,
                                         .partitions_total = 10,
                                         .current = &current})));  // nothing to reckon with yet
  CHECK(world.log_text().find("loading") == std::string::npos);
  REQUIRE(world.run(node, tell(&report, {.partitions_done = 6,
                                         .partitions_total = 10,
                                         .bytes_scanned = 5 << 20,
                                         .current = &current})));
  REQUIRE(world.run(node, tell(&report, {.partitions_done = 7,
                                         .partitions_total = 10,
                                         .bytes_scanned = 6 << 20,
                                         .current = &current})));
  CHECK(world.log_text().find("loading: 6 of 10 partitions (60 %), 5 MiB read, about 2 s left") !=
        std::string::npos);
  CHECK(world.log_text().find("7 of 10") == std::string::npos);
  const log::LoadProgress end{.partitions_done = 10, .partitions_total = 10};
  LoadReport quick(node.env().loop);
  REQUIRE(world.run(node, tell(&quick, end)));
  CHECK(world.log_text().find("loaded") == std::string::npos);
  REQUIRE(world.run(node, tell(&report, end)));
  CHECK(world.log_text().find("loaded: all 10 partitions, after 3.0 s") != std::string::npos);
}

}  // namespace
}  // namespace millrace::broker
