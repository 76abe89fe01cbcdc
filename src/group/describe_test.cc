#include "group/test_host.h"

#include "base/testing.h"

namespace millrace::group {
namespace {

TEST_CASE("a stable group is described with its protocol, members, metadata and assignments") {
  TestHost host;
  const auto ids = host.stable_group({{.client = "app"}, {.instance = "s"}});
  const auto& group = host.describe();
  CHECK(group.error_code == 0);
  CHECK(group.group_state == "Stable");
  CHECK(group.protocol_type == "consumer");
  CHECK(group.protocol_data == "range");
  REQUIRE(group.members.size() == 2);
  for (const auto& member : group.members) {
    CHECK(as_text(member.member_assignment) == member.member_id);
    CHECK(as_text(member.member_metadata) == subscription({"orders"}));
    CHECK(member.client_host == "/10.0.0.7");
    CHECK(member.group_instance_id.has_value() == (member.member_id == ids[1]));
    CHECK(member.client_id == (member.member_id == ids[1] ? "c" : "app"));
  }
}

TEST_CASE("during a rebalance a group is described without protocol and metadata") {
  TestHost host;
  host.stable_group({{}, {}});
  host.join({.member_id = host.leader()});
  const auto& group = host.describe();
  CHECK(group.group_state == "PreparingRebalance");
  CHECK(group.protocol_data.empty());
  CHECK(group.members[0].member_metadata.empty());
  CHECK(!group.members[0].member_assignment.empty());
}

TEST_CASE("a group that is not there is Dead, and since version 6 also an error") {
  TestHost host;
  const auto& old = host.describe("x", 5);
  CHECK(old.group_state == "Dead");
  CHECK(old.error_code == 0);
  const auto& now = host.describe("x", 6);
  CHECK(now.group_state == "Dead");
  CHECK(now.error_code == code_of(Errc::kGroupIdNotFound));
  CHECK(now.error_message == "Group x not found.");
}

TEST_CASE("groups are listed by state and type, whatever the case") {
  TestHost host;
  host.stable_group({{.group = "stable"}});
  host.commit({.group = "empty"});
  using Lines = std::vector<std::string>;
  const Lines both = {"empty Classic Empty", "stable Classic Stable"};
  CHECK(host.list() == both);
  CHECK(host.list({"stable"}) == Lines{both[1]});
  CHECK(host.list({" EMPTY ", "Stable"}) == both);
  CHECK(host.list({"PreparingRebalance"}).empty());
  CHECK(host.list({"no such state"}).empty());
  CHECK(host.list({}, {"classic"}) == both);
  CHECK(host.list({}, {"consumer"}).empty());
  CHECK(host.list({"empty"}, {"CLASSIC", "Share"}) == Lines{both[0]});
}

TEST_CASE("a group without members is deleted with its offsets; one with members is not") {
  TestHost host;
  const auto ids = host.stable_group({{}});
  host.commit({.member_id = ids[0], .generation = 1, .offsets = {{0, 1}, {1, 1}}});
  CHECK(host.delete_group() == code_of(Errc::kNonEmptyGroup));
  host.leave({{.member_id = ids[0]}});
  CHECK(host.delete_group() == 0);
  CHECK(host.fetch("orders", 0).committed_offset == kNoOffset);
  CHECK(host.delete_group() == code_of(Errc::kGroupIdNotFound));
  host.reload();
  CHECK(host.list().empty());
  CHECK(host.fetch("orders", 1).committed_offset == kNoOffset);
}

TEST_CASE("an id of a deleted group is unknown") {
  TestHost host;
  const std::string id(host.reply<kafka::JoinGroupResponse>(host.join({}))->member_id);
  CHECK(host.delete_group() == 0);
  CHECK(host.reply<kafka::JoinGroupResponse>(host.join({.member_id = id}))->error_code ==
        code_of(Errc::kUnknownMemberId));
  host.advance(seconds(60));
  CHECK(host.list().empty());
}

}  // namespace
}  // namespace millrace::group
