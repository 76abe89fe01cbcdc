#include "simulation/faults.h"

#include <set>

#include "base/testing.h"

namespace millrace::simulation {
namespace {

TEST_CASE("a seed draws the same faults every time, and seeds differ") {
  std::set<std::string> lines;
  for (uint64_t seed = 0; seed < 50; ++seed) {
    const std::string line = Faults::draw(Random(seed)).to_string();
    CHECK(line == Faults::draw(Random(seed)).to_string());
    lines.insert(line);
  }
  CHECK(lines.size() == 50);
}

TEST_CASE("many faults are off in a draw, and each is on in some") {
  int lossless = 0;
  for (uint64_t seed = 0; seed < 100; ++seed) {
    if (Faults::draw(Random(seed)).network_loss == 0) ++lossless;
  }
  CHECK(lossless > 50);
  CHECK(lossless < 90);
}

TEST_CASE("the printed line names what differs from a calm world, and set() reads it back") {
  Faults faults;
  CHECK(faults.to_string() == "none");
  REQUIRE(faults.set("network_loss", "0.25"));
  REQUIRE(faults.set("crash_every", "3000000"));
  REQUIRE(faults.set("network_buffer", "777"));
  CHECK(faults.to_string() == "network_loss=0.25 network_buffer=777 crash_every=3000000");
  CHECK(faults.crash_every == seconds(3));
}

TEST_CASE("an unknown fault, or a value that is no number, is refused by name") {
  Faults faults;
  const Result<> unknown = faults.set("network_los", "1");
  REQUIRE(!unknown);
  CHECK(unknown.error().detail().contains("network_los"));
  CHECK(!faults.set("network_loss", "much"));
  CHECK(!faults.set("network_loss", "-1"));
  CHECK(!faults.set("network_loss", ""));
  CHECK(faults.to_string() == "none");
}

}  // namespace
}  // namespace millrace::simulation
