#include "base/did_you_mean.h"

#include <vector>

#include "base/testing.h"

namespace millrace {
namespace {

TEST_CASE("a slip of the finger is offered its name, and nothing when no name is near") {
  const std::vector<std::string> names = {"orders", "orders-by-hour", "payments"};
  CHECK(did_you_mean("ordres", names) == "; did you mean \"orders\"?");
  CHECK(did_you_mean("ORDERS", names) == "; did you mean \"orders\"?");
  CHECK(did_you_mean("xyz", names).empty());
  CHECK(did_you_mean("", names).empty());
  CHECK(did_you_mean("nope", std::vector<std::string>{"copy"}).empty());
  CHECK(did_you_mean(std::string(100'000, 'o'), names).empty());
}

TEST_CASE("a part of a name is offered the names that have it, those that begin with it first") {
  const std::vector<std::string> names = {"NOT_COORDINATOR", "COORDINATOR_NOT_AVAILABLE",
                                          "COORDINATOR_LOAD_IN_PROGRESS", "NOT_LEADER_OR_FOLLOWER",
                                          "COORDINATOR_GONE_AWAY_FOR_GOOD"};
  CHECK(did_you_mean("NOT_LEADER", names) == "; did you mean \"NOT_LEADER_OR_FOLLOWER\"?");
  CHECK(did_you_mean("not_", names) ==
        "; did you mean \"NOT_COORDINATOR\", \"NOT_LEADER_OR_FOLLOWER\" or "
        "\"COORDINATOR_NOT_AVAILABLE\"?");
  CHECK(did_you_mean("NO", names).empty());
}

}  // namespace
}  // namespace millrace
