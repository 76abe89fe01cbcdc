// Logs that are cut, as replicas' are, while the server is killed and loses power: what was
// acknowledged stays, and what was cut never comes back behind what is new.
#include <fmt/core.h>

#include "log/log_testing.h"

#include "base/testing.h"

namespace millrace::log {
namespace {

using namespace millrace::log::testing;  // NOLINT: the vocabulary of these tests

using Values = std::vector<std::string>;

// One record per batch, so that a log of n records ends at offset n.
class CutLog : public LogWorld {
 public:
  explicit CutLog(uint64_t seed) : LogWorld(seed), random_(seed) {
    config().segment_bytes = 300'000;
    if (random_.chance(0.5)) options().journal = {.file_bytes = 32'768, .files_max = 3};
    REQUIRE(start());
    create();
  }

  const Values& model() const { return model_; }
  Values values() { return values_of(*read_records(log())); }

  void append() {
    const size_t size = random_.chance(0.2) ? 250'000 : 1 + random_.below(5'000);
    std::string value = fmt::format("{} ", count_++);
    value.resize(size, 'x');
    REQUIRE(put(log(), {value}));
    model_.push_back(std::move(value));
    if (random_.chance(0.5)) REQUIRE(durable(log()));
  }
  void cut() {
    const size_t to = random_.below(model_.size() + 1);
    REQUIRE(run(log().truncate_to(Offset(int64_t(to)))));
    model_.resize(to);
    REQUIRE(log().log_end_offset() == Offset(int64_t(to)));
  }
  void wait() { run_for(microseconds(random_.between(0, 2'000))); }
  // Of what is slow now some may be so still when the disk is quick again.
  void change_speed() { disk().set_slow(random_.chance(0.5)); }

  // Loses the server, in the middle of a cut perhaps, and takes over what is there afterwards.
  void fail() {
    auto kept = size_t(log().durable_offset().value);
    if (random_.chance(0.3)) {
      const size_t to = random_.below(model_.size() + 1);
      node().spawn("cut", log().truncate_to(Offset(int64_t(to))));
      wait();
      kept = std::min(kept, to);
    }
    node().kill();
    if (random_.chance(0.6)) {
      const bool worst = random_.chance(0.5);
      disk().crash(worst ? simulation::CrashMood{} : simulation::CrashMood::draw(random_, 0.5));
    }
    REQUIRE(start());
    const Values found = values();
    CHECK(log().damaged().empty());
    CHECK(found.size() >= kept);
    REQUIRE(found.size() <= model_.size());
    model_.resize(found.size());
    CHECK(found == model_);
  }

  void step() {
    switch (random_.below(12)) {
      case 0:
      case 1:
        return cut();
      case 2:
      case 3:
        return fail();
      case 4:
        return change_speed();
      case 5:
        return wait();
      default:
        return append();
    }
  }

 private:
  Random random_;
  Values model_;
  int count_ = 0;
};

TEST_CASE("what was cut does not come back, and what came instead stays") {
  for (uint64_t seed = 1; seed <= 150; ++seed) {
    CAPTURE(seed);
    CutLog log(seed);
    for (int i = 0; i < 60; ++i) log.step();
  }
}

TEST_CASE("nothing is appended to a log while it is being cut") {
  CutLog world(3);
  for (int i = 0; i < 5; ++i) world.append();
  world.node().spawn("cut", world.log().truncate_to(Offset(2)));
  world.run_for(milliseconds(1));
  REQUIRE(world.log().log_end_offset() == Offset(2));
  const ProduceResult refused = put(world.log(), {"too early"});
  REQUIRE(!refused);
  CHECK(refused.error().error.code() == Errc::kKafkaStorageError);
  world.run_for(seconds(1));
  CHECK(put(world.log(), {"now"})->first_offset == Offset(2));
}

}  // namespace
}  // namespace millrace::log
