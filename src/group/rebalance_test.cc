#include "group/test_host.h"

#include "base/testing.h"

namespace millrace::group {
namespace {

using Join = kafka::JoinGroupResponse;
using Trigger = RebalanceCause::Trigger;

Config gathering() {
  return {.initial_rebalance_delay = seconds(3)};
}

TEST_CASE("the first rebalance gathers members for its delay") {
  TestHost host(gathering());
  const auto [a, join_a] = host.join_twice({});
  host.advance(milliseconds(2'999));
  CHECK(!host.is_answered(join_a));
  host.advance(milliseconds(1));
  CHECK(host.reply<Join>(join_a)->error_code == 0);
}

TEST_CASE("each newcomer prolongs the gathering, up to the rebalance timeout in all") {
  TestHost host(gathering());
  const auto [a, join_a] = host.join_twice({.rebalance_ms = 10'000});
  for (int i = 0; i < 3; ++i) {
    host.advance(seconds(2));
    host.join_twice({.rebalance_ms = 10'000});
  }
  // Came at 2, 4 and 6 s: at 3, 6 and 9 s somebody was new; at 10 s there is no more time.
  host.advance(milliseconds(3'999));
  CHECK(!host.is_answered(join_a));
  host.advance(milliseconds(1));
  REQUIRE(host.is_answered(join_a));
  CHECK(host.coordinator().explain("g")->members == 4);
}

TEST_CASE("later rebalances end as soon as everybody has joined") {
  TestHost host(gathering());
  const auto [a, join_a] = host.join_twice({});
  host.advance(seconds(3));
  host.sync(a, 1, {{{a, "all"}}});
  const auto [b, join_b] = host.join_twice({});
  CHECK(!host.is_answered(join_b));
  const Token again = host.join({.member_id = a});
  CHECK(host.reply<Join>(again)->generation_id == GenerationId(2));
  CHECK(host.reply<Join>(join_b)->generation_id == GenerationId(2));
}

TEST_CASE("an id that was handed out is waited for as well") {
  TestHost host;
  const auto ids = host.stable_group({{}});
  const std::string pending(host.reply<Join>(host.join({}))->member_id);
  const Token rejoined = host.join({.member_id = ids[0]});
  CHECK(!host.is_answered(rejoined));
  CHECK(host.coordinator().explain("g")->ids_handed_out == 1);
  host.advance(seconds(10));
  CHECK(host.reply<Join>(rejoined)->generation_id == GenerationId(2));
}

TEST_CASE("a rebalance waits for the longest rebalance timeout, then goes on without the missing") {
  TestHost host;
  const JoinOptions slow = {.session_ms = 100'000, .rebalance_ms = 20'000};
  const auto ids = host.stable_group({slow, slow, {.rebalance_ms = 30'000}});
  JoinOptions back = slow;
  back.member_id = ids[1];
  back.protocols = {{"range", subscription({"other"})}};
  const Token token = host.join(back);
  const Explanation waiting = *host.coordinator().explain("g");
  CHECK(waiting.state == GroupState::kPreparingRebalance);
  CHECK(waiting.awaited_count == 2);
  CHECK(*waiting.waits_until == host.now.mono + seconds(30));
  for (int i = 0; i < 3; ++i) {
    host.advance(milliseconds(9'999));
    host.heartbeat(ids[0], 1);
    host.heartbeat(ids[2], 1);
  }
  CHECK(!host.is_answered(token));
  host.advance(milliseconds(3));
  const Join& joined = *host.reply<Join>(token);
  CHECK(joined.generation_id == GenerationId(2));
  CHECK(joined.members.size() == 1);
  CHECK(joined.leader == ids[1]);  // whoever led before has not come
  CHECK(host.heartbeat(ids[0], 1) == code_of(Errc::kUnknownMemberId));
}

TEST_CASE("a static member that does not rejoin in time keeps its place until its session ends") {
  TestHost host;
  const JoinOptions options = {.session_ms = 60'000, .rebalance_ms = 10'000};
  JoinOptions named = options;
  named.instance = "s";
  const auto ids = host.stable_group({options, named});
  JoinOptions back = options;
  back.member_id = ids[0];
  back.protocols = {{"range", subscription({"other"})}};
  const Token token = host.join(back);
  host.advance(seconds(10));
  const Join& joined = *host.reply<Join>(token);
  CHECK(joined.generation_id == GenerationId(2));
  CHECK(joined.leader == ids[0]);
  CHECK(joined.members.size() == 2);
}

TEST_CASE("when only static members are there and none has rejoined, the group waits on") {
  TestHost host;
  const JoinOptions named = {.instance = "s", .session_ms = 60'000, .rebalance_ms = 10'000};
  JoinOptions dynamic = named;
  dynamic.instance.reset();
  const auto ids = host.stable_group({named, dynamic});
  host.leave({{.member_id = ids[1]}});
  CHECK(host.state() == GroupState::kPreparingRebalance);
  host.advance(seconds(30));
  CHECK(host.state() == GroupState::kPreparingRebalance);
  CHECK(host.generation() == 1);
  JoinOptions back = named;
  back.member_id = ids[0];
  CHECK(host.reply<Join>(host.join(back))->generation_id == GenerationId(2));
}

TEST_CASE("a member that is not heard of for its session is removed, and the others rebalance") {
  TestHost host;
  const auto ids = host.stable_group({{.session_ms = 10'000}, {.session_ms = 20'000}});
  host.advance(milliseconds(9'999));
  CHECK(host.state() == GroupState::kStable);
  host.advance(milliseconds(1));
  CHECK(host.state() == GroupState::kPreparingRebalance);
  const RebalanceCause cause = host.coordinator().explain("g")->last_rebalance;
  CHECK(cause.trigger == Trigger::kSessionExpired);
  CHECK(cause.member_id == ids[0]);
  CHECK(cause.sentence() ==
        "member " + ids[0] + " (client c at /10.0.0.7) was not heard of for its session timeout");
  CHECK(cause.at == host.now.wall);
  CHECK(cause.generation == GenerationId(1));
}

TEST_CASE("heartbeats and commits keep a session alive") {
  TestHost host;
  const auto ids = host.stable_group({{}});
  for (int i = 0; i < 5; ++i) {
    host.advance(seconds(9));
    if (i % 2 == 0) CHECK(host.heartbeat(ids[0], 1) == 0);
    if (i % 2 == 1) CHECK(host.commit_one({.member_id = ids[0], .generation = 1}) == 0);
  }
  host.advance(seconds(10));
  CHECK(host.state() == GroupState::kEmpty);
}

TEST_CASE("when the last member goes, the group is empty and its record says so") {
  TestHost host;
  host.stable_group({{}});
  const size_t before = host.log.size();
  host.advance(seconds(10));
  CHECK(host.state() == GroupState::kEmpty);
  CHECK(host.generation() == 2);
  REQUIRE(host.log.size() == before + 1);
  host.reload();
  CHECK(host.state() == GroupState::kEmpty);
  CHECK(host.generation() == 2);
}

TEST_CASE("a member whose join waits needs no heartbeats, unless it has never been a member") {
  TestHost host;
  const JoinOptions options = {.session_ms = 6'000, .rebalance_ms = 600'000};
  JoinOptions lasting = options;
  lasting.session_ms = 1'800'000;
  const auto ids = host.stable_group({options, lasting});
  const auto [newcomer, first_join] = host.join_twice(options);
  JoinOptions back = options;
  back.member_id = ids[0];
  const Token parked = host.join(back);
  host.advance(seconds(299));
  CHECK(!host.is_answered(parked));
  CHECK(!host.is_answered(first_join));
  host.advance(seconds(1));  // nobody knows whether the newcomer's client lives
  CHECK(host.reply<Join>(first_join)->error_code == code_of(Errc::kUnknownMemberId));
  CHECK(!host.is_answered(parked));
  host.advance(seconds(300));
  CHECK(host.reply<Join>(parked)->generation_id == GenerationId(2));
}

TEST_CASE("members that join and never sync are removed after the rebalance timeout") {
  TestHost host;
  const auto [a, join_a] = host.join_twice({.rebalance_ms = 20'000});
  const auto [b, join_b] = host.join_twice({.rebalance_ms = 20'000});
  host.tick();
  const std::string leader = host.leader();
  const std::string silent = leader == a ? b : a;
  const Token synced = host.sync(leader, 1, {{{leader, "x"}}});
  CHECK(host.is_answered(synced));
  CHECK(host.state() == GroupState::kStable);
  CHECK(host.coordinator().explain("g")->awaited.front().member_id == silent);
  for (int i = 0; i < 4; ++i) {
    host.advance(seconds(5));
    host.heartbeat(leader, 1);
    host.heartbeat(silent, 1);
  }
  CHECK(host.state() == GroupState::kPreparingRebalance);
  CHECK(host.coordinator().explain("g")->last_rebalance.trigger == Trigger::kSyncMissing);
  CHECK(host.coordinator().explain("g")->last_rebalance.member_id == silent);
  CHECK(host.heartbeat(silent, 1) == code_of(Errc::kUnknownMemberId));
}

TEST_CASE("whom a group waits for is named, the leader first") {
  TestHost host;
  std::vector<std::string> ids;
  ids.reserve(3);
  for (int i = 0; i < 3; ++i) ids.push_back(host.join_twice({.client = "app"}).first);
  host.tick();
  const Explanation waiting = *host.coordinator().explain("g");
  REQUIRE(waiting.awaited.size() == 3);
  CHECK(waiting.awaited[0].member_id == waiting.leader);
  CHECK(waiting.awaited[0].client_id == "app");
  CHECK(waiting.awaited[0].client_host == "/10.0.0.7");
  CHECK(*waiting.waits_until == host.now.mono + seconds(60));
  CHECK(waiting.last_rebalance.trigger == Trigger::kMemberJoined);
  CHECK(waiting.last_rebalance.settled_at == host.now.wall);
  CHECK(!host.coordinator().explain("no such group"));
}

}  // namespace
}  // namespace millrace::group
