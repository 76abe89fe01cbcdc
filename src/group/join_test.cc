#include <set>

#include "group/test_host.h"

#include "base/testing.h"

namespace millrace::group {
namespace {

using Join = kafka::JoinGroupResponse;

std::string orders() {
  return subscription({"orders"});
}

TEST_CASE("a first join gets an id, and the second one with that id makes a member") {
  TestHost host;
  const Token first = host.join({.client = "app"});
  REQUIRE(host.reply<Join>(first));
  CHECK(host.reply<Join>(first)->error_code == code_of(Errc::kMemberIdRequired));
  const std::string id(host.reply<Join>(first)->member_id);
  CHECK(id.starts_with("app-"));
  CHECK(host.coordinator().count().members == 0);

  const Token second = host.join({.member_id = id});
  CHECK(!host.is_answered(second));
  host.tick();
  const Join& joined = *host.reply<Join>(second);
  CHECK(joined.error_code == 0);
  CHECK(joined.member_id == id);
  CHECK(joined.leader == id);
  CHECK(joined.generation_id == GenerationId(1));
  CHECK(joined.protocol_type == "consumer");
  CHECK(joined.protocol_name == "range");
  CHECK(!joined.skip_assignment);
}

TEST_CASE("before version 4, and with a static name, one join is enough") {
  TestHost host;
  const Token old = host.join({.group = "old", .version = 3});
  const Token named = host.join({.group = "static", .instance = "one", .version = 5});
  host.tick();
  CHECK(host.reply<Join>(old)->error_code == 0);
  CHECK(host.reply<Join>(named)->error_code == 0);
  CHECK(host.reply<Join>(named)->member_id.starts_with("one-"));
}

TEST_CASE("a join is refused with the error that says why") {
  TestHost host;
  host.stable_group({{}});
  const std::vector<std::pair<std::string, std::string>> none;
  const std::vector<std::pair<std::string, std::string>> sticky = {{"sticky", orders()}};
  struct Row {
    const char* why;
    JoinOptions options;
    Errc error;
  };
  const Row rows[] = {
      {"no group id", {.group = ""}, Errc::kInvalidGroupId},
      {"session too short", {.session_ms = 5'999}, Errc::kInvalidSessionTimeout},
      {"session too long", {.session_ms = 1'800'001}, Errc::kInvalidSessionTimeout},
      {"id without group", {.group = "x", .member_id = "m"}, Errc::kUnknownMemberId},
      {"id the group does not know", {.member_id = "m"}, Errc::kUnknownMemberId},
      {"static name nobody holds", {.member_id = "m", .instance = "i"}, Errc::kUnknownMemberId},
      {"nothing offered", {.group = "x", .protocols = none}, Errc::kInconsistentGroupProtocol},
      {"no type", {.group = "x", .type = ""}, Errc::kInconsistentGroupProtocol},
      {"another type", {.type = "connect"}, Errc::kInconsistentGroupProtocol},
      {"nothing in common", {.protocols = sticky}, Errc::kInconsistentGroupProtocol},
  };
  for (const Row& row : rows) {
    CAPTURE(row.why);
    const Token token = host.join(row.options);
    REQUIRE(host.is_answered(token));
    CHECK(host.reply<Join>(token)->error_code == code_of(row.error));
    CHECK(host.reply<Join>(token)->member_id == row.options.member_id);
  }
  CHECK(!host.coordinator().explain("x"));
  CHECK(host.state() == GroupState::kStable);
}

TEST_CASE("an id that is not used for a session timeout is forgotten") {
  TestHost host;
  const std::string id(host.reply<Join>(host.join({}))->member_id);
  host.advance(milliseconds(9'999));
  CHECK(host.coordinator().explain("g")->ids_handed_out == 1);
  host.advance(milliseconds(1));
  CHECK(host.coordinator().explain("g")->ids_handed_out == 0);
  CHECK(host.reply<Join>(host.join({.member_id = id}))->error_code ==
        code_of(Errc::kUnknownMemberId));
}

TEST_CASE("an id is for a dynamic member, so a static name with it is refused") {
  TestHost host;
  const std::string id(host.reply<Join>(host.join({}))->member_id);
  CHECK(host.reply<Join>(host.join({.member_id = id, .instance = "i"}))->error_code ==
        code_of(Errc::kInvalidRequest));
}

TEST_CASE(
    "a member id is the client id, cut where it is long, and a random UUID as Java writes it") {
  TestHost host;
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) {
    const std::string id(
        host.reply<Join>(host.join({.client = std::string(5'000, 'x')}))->member_id);
    CHECK(id.size() == 255 + 1 + 36);
    CHECK(id[255 + 1 + 14] == '4');  // version 4, random
    CHECK(seen.insert(id).second);
  }
}

TEST_CASE("the protocol most members prefer among those all offer is chosen") {
  const std::string s = orders();
  using Offers = std::vector<std::pair<std::string, std::string>>;
  struct Row {
    std::vector<Offers> members;
    const char* chosen;
  };
  const Row rows[] = {
      {{{{"range", s}, {"sticky", s}}}, "range"},
      {{{{"range", s}, {"sticky", s}}, {{"sticky", s}}}, "sticky"},
      {{{{"a", s}, {"b", s}}, {{"b", s}, {"a", s}}, {{"b", s}, {"a", s}}}, "b"},
      {{{{"a", s}, {"b", s}}, {{"b", s}, {"a", s}}}, "a"},  // of equals the first by name
      {{{{"a", s}, {"b", s}}, {{"c", s}, {"b", s}}, {{"b", s}}}, "b"},
      {{{{"a", s}, {"a", "twice"}}}, "a"},
  };
  for (const Row& row : rows) {
    TestHost host;
    std::vector<JoinOptions> members;
    members.reserve(row.members.size());
    for (const Offers& offers : row.members) members.push_back({.protocols = offers});
    host.stable_group(members);
    CHECK(host.state() == GroupState::kStable);
    CHECK(host.coordinator().explain("g")->protocol_name == row.chosen);
  }
}

TEST_CASE("only the leader learns who is in the group and what each told") {
  TestHost host;
  const auto [a, join_a] = host.join_twice({.protocols = {{"range", "of a"}}});
  const Token join_b = host.join({.instance = "b", .protocols = {{"range", "of b"}}});
  host.tick();
  const Join& of_a = *host.reply<Join>(join_a);
  const Join& of_b = *host.reply<Join>(join_b);
  CHECK(of_a.leader == a);
  CHECK(of_b.leader == a);
  CHECK(of_b.members.empty());
  REQUIRE(of_a.members.size() == 2);
  for (const Join::Member& member : of_a.members) {
    const bool is_a = member.member_id == a;
    CHECK(as_text(member.metadata) == (is_a ? "of a" : "of b"));
    CHECK(member.group_instance_id.has_value() == !is_a);
  }
}

TEST_CASE("a stable group has no room beyond group.max.size, and keeps those it has") {
  TestHost host({.initial_rebalance_delay = Duration{}, .group_size_max = 2});
  const auto ids = host.stable_group({{}, {}});
  CHECK(host.reply<Join>(host.join({}))->error_code == code_of(Errc::kGroupMaxSizeReached));
  CHECK(host.reply<Join>(host.join({.instance = "s"}))->error_code ==
        code_of(Errc::kGroupMaxSizeReached));
  CHECK(host.state() == GroupState::kStable);
  CHECK(host.heartbeat(ids[0], 1) == 0);
}

TEST_CASE("when group.max.size was lowered, the last to join again is turned away") {
  TestHost host;
  const auto ids = host.stable_group({{}, {}, {}});
  host.coordinator() = host.load({.initial_rebalance_delay = Duration{}, .group_size_max = 2});
  host.coordinator().loaded(host.now);
  host.flush();
  CHECK(host.state() == GroupState::kPreparingRebalance);
  const Token a = host.join({.member_id = ids[0]});
  const Token b = host.join({.member_id = ids[1]});
  const Token c = host.join({.member_id = ids[2]});
  CHECK(host.reply<Join>(c)->error_code == code_of(Errc::kGroupMaxSizeReached));
  CHECK(host.reply<Join>(a)->error_code == 0);
  CHECK(host.reply<Join>(b)->error_code == 0);
  CHECK(host.coordinator().count().members == 2);
}

TEST_CASE("in a stable group an unchanged follower is given the generation there is") {
  TestHost host;
  const auto ids = host.stable_group({{}, {}});
  const std::string follower = ids[0] == host.leader() ? ids[1] : ids[0];
  const Join& again = *host.reply<Join>(host.join({.member_id = follower}));
  CHECK(again.error_code == 0);
  CHECK(again.generation_id == GenerationId(1));
  CHECK(again.members.empty());
  CHECK(host.state() == GroupState::kStable);
}

TEST_CASE("in a stable group a changed follower, and the leader always, make it rebalance") {
  using Trigger = RebalanceCause::Trigger;
  for (const bool leads : {false, true}) {
    TestHost host;
    const auto ids = host.stable_group({{}, {}});
    const std::string leader = host.leader();
    const std::string follower = ids[0] == leader ? ids[1] : ids[0];
    const Token token =
        leads ? host.join({.member_id = leader, .reason = "new partitions"})
              : host.join({.member_id = follower, .protocols = {{"range", subscription({"x"})}}});
    CHECK(!host.is_answered(token));
    CHECK(host.state() == GroupState::kPreparingRebalance);
    const RebalanceCause cause = host.coordinator().explain("g")->last_rebalance;
    CHECK(cause.trigger == (leads ? Trigger::kLeaderRejoined : Trigger::kMemberChanged));
    CHECK(cause.member_id == (leads ? leader : follower));
    CHECK(cause.client_reason == (leads ? "new partitions" : ""));
    CHECK(host.heartbeat(leads ? follower : leader, 1) == code_of(Errc::kRebalanceInProgress));
  }
}

TEST_CASE("a member whose join reply got lost gets it again; with other metadata all start over") {
  TestHost host;
  const auto [a, join_a] = host.join_twice({});
  host.tick();
  CHECK(host.state() == GroupState::kCompletingRebalance);
  const Join& again = *host.reply<Join>(host.join({.member_id = a}));
  CHECK(again.generation_id == GenerationId(1));
  CHECK(again.members.size() == 1);  // it leads

  const Token changed = host.join({.member_id = a, .protocols = {{"range", subscription({"x"})}}});
  CHECK(host.reply<Join>(changed)->error_code == 0);  // alone, so everybody has joined
  CHECK(host.reply<Join>(changed)->generation_id == GenerationId(2));
}

TEST_CASE("a member that joins again while its join waits has the first one answered") {
  TestHost host;
  const auto ids = host.stable_group({{}, {}});
  const Token first = host.join({.member_id = host.leader()});
  const Token second = host.join({.member_id = host.leader()});
  CHECK(host.reply<Join>(first)->error_code == code_of(Errc::kRebalanceInProgress));
  CHECK(!host.is_answered(second));
}

TEST_CASE("bounds of our own end in clear errors") {
  TestHost host({.initial_rebalance_delay = Duration{},
                 .record_bytes_max = 100'000,
                 .groups_max = 1,
                 .pending_members_max = 2});
  CHECK(host.reply<Join>(host.join({.protocols = {{"range", std::string(100'001, 'x')}}}))
            ->error_code == code_of(Errc::kPolicyViolation));
  host.join({});
  host.join({});
  CHECK(host.reply<Join>(host.join({}))->error_code == code_of(Errc::kCoordinatorNotAvailable));
  CHECK(host.reply<Join>(host.join({.group = "second"}))->error_code ==
        code_of(Errc::kPolicyViolation));
  CHECK(host.commit_one({.group = "second"}) == code_of(Errc::kPolicyViolation));
}

TEST_CASE("before version 1 a rebalance waits as long as a session") {
  TestHost host;
  const Token token = host.join({.session_ms = 7'000, .rebalance_ms = -1, .version = 0});
  host.tick();
  const Join& joined = *host.reply<Join>(token);
  const Explanation waiting = *host.coordinator().explain("g");
  CHECK(joined.error_code == 0);
  CHECK(*waiting.waits_until == host.now.mono + milliseconds(7'000));
}

}  // namespace
}  // namespace millrace::group
