#include "group/test_host.h"

#include "base/testing.h"

namespace millrace::group {
namespace {

using Identity = kafka::LeaveGroupRequest::Member;

TEST_CASE("a heartbeat is answered with what the member has to know") {
  TestHost host;
  CHECK(host.heartbeat("m", 1) == code_of(Errc::kUnknownMemberId));
  const auto ids = host.stable_group({{}, {.instance = "s"}});
  CHECK(host.heartbeat(ids[0], 1) == code_of(Errc::kNone));
  CHECK(host.heartbeat(ids[1], 1, "s") == code_of(Errc::kNone));
  CHECK(host.heartbeat("m", 1) == code_of(Errc::kUnknownMemberId));
  CHECK(host.heartbeat(ids[0], 1, "s") == code_of(Errc::kFencedInstanceId));
  CHECK(host.heartbeat(ids[0], 1, "t") == code_of(Errc::kUnknownMemberId));
  CHECK(host.heartbeat(ids[0], 2) == code_of(Errc::kIllegalGeneration));
  host.join({.member_id = host.leader()});
  CHECK(host.heartbeat(ids[0], 1) == code_of(Errc::kRebalanceInProgress));
}

TEST_CASE("between join and assignment a heartbeat is fine") {
  TestHost host;
  const auto [a, join_a] = host.join_twice({});
  host.tick();
  CHECK(host.heartbeat(a, 1) == code_of(Errc::kNone));
}

TEST_CASE("members leave together, each with its own result, and their reasons are kept") {
  TestHost host;
  const auto ids = host.stable_group({{}, {.instance = "s"}, {.instance = "t"}, {}});
  const std::string pending(host.reply<kafka::JoinGroupResponse>(host.join({}))->member_id);
  const Identity leaving[] = {
      {.member_id = ids[0], .reason = "shutting down"},
      {.group_instance_id = "s", .reason = "removed by an administrator"},
      {.member_id = pending},
      {.member_id = "stranger"},
      {.group_instance_id = "nobody"},
      {.member_id = ids[3], .group_instance_id = "t"},
      {.member_id = ids[0]},
      {},
  };
  const Errc expected[] = {Errc::kNone,
                           Errc::kNone,
                           Errc::kNone,
                           Errc::kUnknownMemberId,
                           Errc::kUnknownMemberId,
                           Errc::kFencedInstanceId,
                           Errc::kUnknownMemberId,
                           Errc::kUnknownMemberId};
  const auto& response = host.leave({std::begin(leaving), std::end(leaving)});
  CHECK(response.error_code == 0);
  REQUIRE(response.members.size() == std::size(leaving));
  for (size_t i = 0; i < std::size(leaving); ++i) {
    CAPTURE(i);
    CHECK(response.members[i].error_code == code_of(expected[i]));
    CHECK(response.members[i].member_id == leaving[i].member_id);
    CHECK(response.members[i].group_instance_id == leaving[i].group_instance_id);
  }
  CHECK(host.state() == GroupState::kPreparingRebalance);
  const Explanation left = *host.coordinator().explain("g");
  CHECK(left.members == 2);
  CHECK(left.ids_handed_out == 0);
  CHECK(left.last_rebalance.sentence() ==
        "member " + ids[0] + " (client c at /10.0.0.7) left: shutting down");
}

TEST_CASE("leaving is refused as a whole only without a group id; no group knows nobody") {
  TestHost host;
  const Identity who = {.member_id = "m"};
  CHECK(host.leave({who}, "").error_code == code_of(Errc::kInvalidGroupId));
  const auto& response = host.leave({who}, "no such group");
  CHECK(response.error_code == 0);
  CHECK(response.members[0].error_code == code_of(Errc::kUnknownMemberId));
}

TEST_CASE("before version 3 one member leaves, and its result is that of the whole") {
  TestHost host;
  const auto ids = host.stable_group({{}});
  const auto leave = [&](std::string_view member_id) {
    const RequestContext context = host.context(2);
    host.coordinator().leave_group(context, {.group_id = "g", .member_id = member_id});
    host.flush();
    const auto* response = host.reply<kafka::LeaveGroupResponse>(context.token);
    CHECK(response->members.empty());
    return response->error_code;
  };
  CHECK(leave("stranger") == code_of(Errc::kUnknownMemberId));
  CHECK(leave(ids[0]) == code_of(Errc::kNone));
  CHECK(host.state() == GroupState::kEmpty);
}

TEST_CASE("whoever leaves while its request waits has that answered") {
  TestHost host;
  const auto [a, join_a] = host.join_twice({});
  const auto [b, join_b] = host.join_twice({});
  host.leave({{.member_id = b}});
  CHECK(host.reply<kafka::JoinGroupResponse>(join_b)->error_code ==
        code_of(Errc::kUnknownMemberId));
  const auto [c, join_c] = host.join_twice({});
  host.tick();
  const std::string follower = host.leader() == a ? c : a;
  const Token waits = host.sync(follower, 1);
  host.leave({{.member_id = follower}});
  CHECK(host.reply<kafka::SyncGroupResponse>(waits)->error_code == code_of(Errc::kUnknownMemberId));
}

TEST_CASE("a client that leaves before its second join disturbs nobody") {
  TestHost host;
  host.stable_group({{}});
  const std::string pending(host.reply<kafka::JoinGroupResponse>(host.join({}))->member_id);
  CHECK(host.leave({{.member_id = pending}}).members[0].error_code == 0);
  CHECK(host.state() == GroupState::kStable);
}

TEST_CASE("when the last one that was waited for leaves, the others go on") {
  TestHost host;
  const auto ids = host.stable_group({{}, {}});
  const std::string leader = host.leader();
  const std::string other = ids[0] == leader ? ids[1] : ids[0];
  const Token waits = host.join({.member_id = leader});
  host.leave({{.member_id = other}});
  CHECK(host.reply<kafka::JoinGroupResponse>(waits)->generation_id == GenerationId(2));
}

}  // namespace
}  // namespace millrace::group
