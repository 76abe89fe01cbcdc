#include "group/test_host.h"

#include "base/testing.h"

namespace millrace::group {
namespace {

using Join = kafka::JoinGroupResponse;
using Sync = kafka::SyncGroupResponse;

/// Two members that have joined; the leader's id first.
std::pair<std::string, std::string> two_joined(TestHost& host) {
  const auto [a, join_a] = host.join_twice({});
  const auto [b, join_b] = host.join_twice({});
  host.tick();
  return host.leader() == a ? std::pair(a, b) : std::pair(b, a);
}

TEST_CASE("followers wait for the leader's assignment, and each gets its own") {
  TestHost host;
  const auto [leader, follower] = two_joined(host);
  const Token waits = host.sync(follower, 1);
  CHECK(!host.is_answered(waits));
  const Token brings = host.sync(leader, 1, {{{leader, "for the leader"}, {follower, "rest"}}});
  CHECK(as_text(host.reply<Sync>(brings)->assignment) == "for the leader");
  CHECK(as_text(host.reply<Sync>(waits)->assignment) == "rest");
  CHECK(host.reply<Sync>(waits)->protocol_type == "consumer");
  CHECK(host.reply<Sync>(waits)->protocol_name == "range");
  CHECK(host.state() == GroupState::kStable);
}

TEST_CASE("a late follower gets its assignment at once, as often as it asks") {
  TestHost host;
  const auto [leader, follower] = two_joined(host);
  host.sync(leader, 1, {{{follower, "rest"}, {"stranger", "nothing"}}});
  for (int i = 0; i < 2; ++i)
    CHECK(as_text(host.reply<Sync>(host.sync(follower, 1))->assignment) == "rest");
  CHECK(host.reply<Sync>(host.sync(leader, 1))->assignment.empty());  // forgot itself
}

TEST_CASE("a sync is refused with the error that says why") {
  TestHost host;
  const auto ids = host.stable_group({{}, {.instance = "s"}});
  struct Row {
    const char* why;
    std::string member_id;
    int32_t generation;
    kafka::SyncGroupRequest request;
    Errc error;
  };
  const Row rows[] = {
      {"unknown group", ids[0], 1, {.group_id = "x"}, Errc::kUnknownMemberId},
      {"unknown member", "m", 1, {}, Errc::kUnknownMemberId},
      {"fenced", ids[0], 1, {.group_instance_id = "s"}, Errc::kFencedInstanceId},
      {"old generation", ids[0], 0, {}, Errc::kIllegalGeneration},
      {"future generation", ids[0], 2, {}, Errc::kIllegalGeneration},
      {"type", ids[0], 1, {.protocol_type = "connect"}, Errc::kInconsistentGroupProtocol},
      {"name", ids[0], 1, {.protocol_name = "sticky"}, Errc::kInconsistentGroupProtocol},
      {"right", ids[0], 1, {.protocol_type = "consumer", .protocol_name = "range"}, Errc::kNone},
  };
  for (const Row& row : rows) {
    CAPTURE(row.why);
    const Token token = host.sync(row.member_id, row.generation, {}, row.request);
    REQUIRE(host.is_answered(token));
    CHECK(host.reply<Sync>(token)->error_code == code_of(row.error));
  }
  host.join({.member_id = host.leader()});
  CHECK(host.reply<Sync>(host.sync(ids[0], 1))->error_code == code_of(Errc::kRebalanceInProgress));
}

TEST_CASE("whoever waits for an assignment is told to join again when somebody else comes") {
  TestHost host;
  const auto [leader, follower] = two_joined(host);
  const Token waits = host.sync(follower, 1);
  host.join({.instance = "new"});
  CHECK(host.reply<Sync>(waits)->error_code == code_of(Errc::kRebalanceInProgress));
  CHECK(host.reply<Sync>(host.sync(leader, 1, {{{leader, "x"}}}))->error_code ==
        code_of(Errc::kRebalanceInProgress));
}

TEST_CASE("a member that syncs again while its sync waits has the first one answered") {
  TestHost host;
  const auto [leader, follower] = two_joined(host);
  const Token first = host.sync(follower, 1);
  const Token second = host.sync(follower, 1);
  CHECK(host.reply<Sync>(first)->error_code == code_of(Errc::kRebalanceInProgress));
  CHECK(!host.is_answered(second));
  host.sync(leader, 1, {{{follower, "rest"}}});
  CHECK(as_text(host.reply<Sync>(second)->assignment) == "rest");
}

TEST_CASE("a generation that fits into no record is refused to all, and the group rebalances") {
  TestHost host({.initial_rebalance_delay = Duration{}, .record_bytes_max = 80'000});
  const auto [leader, follower] = two_joined(host);
  const size_t before = host.log.size();
  const Token waits = host.sync(follower, 1);
  const Token brings = host.sync(leader, 1, {{{follower, std::string(80'000, 'x')}}});
  CHECK(host.reply<Sync>(waits)->error_code == code_of(Errc::kUnknownServerError));
  CHECK(host.reply<Sync>(brings)->error_code == code_of(Errc::kUnknownServerError));
  CHECK(host.log.size() == before);
  CHECK(host.state() == GroupState::kPreparingRebalance);
  CHECK(host.coordinator().explain("g")->last_rebalance.trigger ==
        RebalanceCause::Trigger::kAssignmentTooLarge);
}

TEST_CASE("the assignment is in the log before anybody has it") {
  TestHost host;
  const auto [leader, follower] = two_joined(host);
  std::vector<kafka::SyncGroupRequest::Assignment> assignments = {{leader, as_bytes("x")}};
  const RequestContext context = host.context(5);
  host.coordinator().sync_group(context, {.group_id = "g",
                                          .generation_id = GenerationId(1),
                                          .member_id = leader,
                                          .assignments = assignments});
  const Actions actions = host.coordinator().take_actions();
  CHECK(actions.records.size() == 1);
  REQUIRE(actions.replies.size() == 1);
  CHECK(actions.replies[0].token == context.token);
  CHECK(host.coordinator().take_actions().empty());
}

}  // namespace
}  // namespace millrace::group
