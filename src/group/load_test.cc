#include "group/test_host.h"

#include "base/testing.h"

namespace millrace::group {
namespace {

using Join = kafka::JoinGroupResponse;
using Sync = kafka::SyncGroupResponse;

TEST_CASE("after a reload members go on where they were, with a whole session of time") {
  TestHost host;
  const auto ids = host.stable_group({{}, {.instance = "s"}});
  host.commit({.member_id = ids[0], .generation = 1, .offsets = {{0, 17}}});
  const std::string leader = host.leader();
  host.advance(seconds(9));
  host.reload();
  CHECK(host.state() == GroupState::kStable);
  CHECK(host.leader() == leader);
  CHECK(as_text(host.reply<Sync>(host.sync(ids[0], 1))->assignment) == ids[0]);
  CHECK(host.fetch("orders", 0).committed_offset == Offset(17));
  host.advance(seconds(9));
  CHECK(host.heartbeat(ids[0], 1) == 0);
  CHECK(host.heartbeat(ids[1], 1, "s") == 0);
  CHECK(host.coordinator().explain("g")->last_rebalance.sentence() ==
        "no rebalance since this broker loaded the group");
}

TEST_CASE("a rebalance that was under way is forgotten; its members start another") {
  TestHost host;
  const auto ids = host.stable_group({{}, {}});
  host.join_twice({});
  host.join({.member_id = ids[0]});
  host.reload();
  CHECK(host.state() == GroupState::kStable);
  CHECK(host.generation() == 1);
  CHECK(host.coordinator().count().members == 2);
  CHECK(host.heartbeat(ids[0], 1) == 0);
}

TEST_CASE("a group's tombstone leaves the offsets that come without one") {
  TestHost host;
  host.stable_group({{}});
  host.commit({.member_id = host.leader(), .generation = 1});
  Arena arena;
  const Record tombstone = {as_bytes(host.log[0].key), std::nullopt};
  Coordinator coordinator = host.load({});
  CHECK(coordinator.replay(tombstone));
  coordinator.loaded(host.now);
  CHECK(coordinator.explain("g")->offsets == 1);
  CHECK(coordinator.explain("g")->members == 0);
  CHECK(coordinator.explain("g")->protocol_type.empty());
}

TEST_CASE("offsets in a transaction count once it commits, and not when it aborts") {
  for (const bool commits : {true, false}) {
    TestHost host;
    host.commit({.offsets = {{0, 1}}});
    host.commit({.offsets = {{0, 2}}});
    host.commit({.offsets = {{1, 9}}});
    Coordinator coordinator({}, Random(1));
    CHECK(coordinator.replay(host.log[0].view()));
    CHECK(coordinator.replay(host.log[1].view(), ProducerId(5)));
    CHECK(coordinator.replay(host.log[2].view(), ProducerId(5)));
    coordinator.loaded(host.now);
    host.coordinator() = std::move(coordinator);
    CHECK(host.fetch("orders", 0).committed_offset == Offset(1));
    CHECK(host.fetch("orders", 0, "g", {}, true).error_code ==
          code_of(Errc::kUnstableOffsetCommit));
    CHECK(host.fetch("orders", 2, "g", {}, true).error_code == 0);
    host.coordinator().end_transaction(
        ProducerId(5), commits ? TransactionResult::kCommit : TransactionResult::kAbort);
    CHECK(host.fetch("orders", 0, "g", {}, true).committed_offset == Offset(commits ? 2 : 1));
    CHECK(host.fetch("orders", 1).committed_offset == Offset(commits ? 9 : -1));
  }
}

TEST_CASE("a commit that came after a transaction's is newer, though the marker comes later") {
  TestHost host;
  host.commit({.offsets = {{0, 1}}});
  host.commit({.offsets = {{0, 2}}});
  Coordinator coordinator({}, Random(1));
  CHECK(coordinator.replay(host.log[0].view(), ProducerId(5)));
  CHECK(coordinator.replay(host.log[1].view()));
  coordinator.end_transaction(ProducerId(5), TransactionResult::kCommit);
  coordinator.loaded(host.now);
  host.coordinator() = std::move(coordinator);
  CHECK(host.fetch("orders", 0).committed_offset == Offset(2));
}

TEST_CASE("a tombstone takes with it what open transactions would have committed") {
  TestHost host;
  host.commit({});
  Coordinator coordinator({}, Random(1));
  CHECK(coordinator.replay(host.log[0].view(), ProducerId(5)));
  CHECK(coordinator.replay({as_bytes(host.log[0].key), std::nullopt}));
  coordinator.end_transaction(ProducerId(5), TransactionResult::kCommit);
  CHECK(coordinator.count().groups == 0);
}

/// Records of an Apache Kafka 4.3.1 coordinator: a KIP-848 group of one member, and its offset.
constexpr const char* kForeignKeys[] = {
    "000500066d6f6465726e00162b4668424e756e685277535650617874457356796e67",
    "000300066d6f6465726e",
    "000700066d6f6465726e00162b4668424e756e685277535650617874457356796e67",
    "000100066d6f6465726e00066f726465727300000000",
};
constexpr const char* kForeignValues[] = {
    "00000000026b0b2f3132372e302e302e3102076f726465727301000493e00001000100",
    "000000000002010008e4cf31b4428cbf3e",
    "000002edb705815ef04870a3a7d5de964843d4040000000000000001000000020000",
    "0004000000000000000a0000000001000001a1fefaa0f2010010edb705815ef04870a3a7d5de964843d4",
};

std::string from_hex(std::string_view hex) {
  std::string bytes;
  for (size_t i = 0; i + 1 < hex.size(); i += 2)
    bytes.push_back(static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16)));
  return bytes;
}

TEST_CASE("a group of another kind is known and left alone; its offsets can be read") {
  TestHost host;
  for (size_t i = 0; i < std::size(kForeignKeys); ++i)
    host.log.push_back({from_hex(kForeignKeys[i]), from_hex(kForeignValues[i])});
  host.reload();
  CHECK(host.list() == std::vector<std::string>{"modern Consumer Unknown"});
  CHECK(host.list({}, {"classic"}).empty());
  CHECK(host.fetch("orders", 0, "modern").committed_offset == Offset(10));
  CHECK(host.reply<Join>(host.join({.group = "modern"}))->error_code ==
        code_of(Errc::kInconsistentGroupProtocol));
  CHECK(host.commit_one({.group = "modern"}) == code_of(Errc::kUnknownMemberId));
  CHECK(host.describe("modern").error_message ==
        "Group modern is not a classic group: it is of type Consumer.");
  CHECK(host.delete_group("modern") == code_of(Errc::kInconsistentGroupProtocol));
  CHECK(host.delete_offset("orders", 0, "modern").error_code == code_of(Errc::kNonEmptyGroup));
  host.advance(seconds(30 * 24 * 3600));
  CHECK(host.log.size() == std::size(kForeignKeys));

  // Its member leaves; what was its coordinator writes a tombstone.
  host.log.push_back({from_hex(kForeignKeys[0]), std::nullopt});
  host.reload();
  CHECK(host.list() == std::vector<std::string>{"modern Consumer Empty"});
  CHECK(host.commit_one({.group = "modern", .offsets = {{0, 12}}}) == 0);
  host.log.push_back({from_hex(kForeignKeys[1]), std::nullopt});
  host.reload();
  CHECK(host.list() == std::vector<std::string>{"modern Classic Empty"});
  CHECK(host.fetch("orders", 0, "modern").committed_offset == Offset(12));
}

TEST_CASE("a record that cannot be read is reported, and the state stays as it was") {
  TestHost host;
  host.stable_group({{}});
  Coordinator coordinator = host.load({});
  const std::string key = host.log.back().key;
  const auto replayed = coordinator.replay({as_bytes(key), as_bytes("\0\x63")});
  REQUIRE(!replayed);
  CHECK(replayed.error().code() == Errc::kCorruptMessage);
  CHECK(replayed.error().detail().starts_with("record of type 2"));
  coordinator.loaded(host.now);
  CHECK(coordinator.explain("g")->state == GroupState::kStable);
}

TEST_CASE("unloading answers everything that waits, and nothing else happens") {
  TestHost host;
  const auto [a, parked_join] = host.join_twice({});
  host.stable_group({{.group = "h"}});
  const auto [b, join_b] = host.join_twice({.group = "i"});
  const auto [c, join_c] = host.join_twice({.group = "i"});
  host.tick();
  const std::string follower = host.leader("i") == b ? c : b;
  const Token parked_sync = host.sync(follower, 1, {}, {.group_id = "i"});
  const auto [d, fresh_join] = host.join_twice({.group = "j"});
  host.coordinator().unload(Errc::kNotCoordinator);
  const size_t before = host.log.size();
  host.flush();
  CHECK(host.log.size() == before);
  CHECK(host.reply<Join>(fresh_join)->error_code == code_of(Errc::kNotCoordinator));
  CHECK(host.reply<Sync>(parked_sync)->error_code == code_of(Errc::kNotCoordinator));
  CHECK(host.answered() == host.asked());
  CHECK(host.answered_twice() == 0);
  CHECK(host.coordinator().next_deadline() == kNever);
}

TEST_CASE("a reply whose records were lost is turned into its API's error") {
  TestHost host;
  host.commit({.offsets = {{0, 1}, {1, 1}}});
  kafka::OffsetCommitRequest::Partition partitions[2] = {};
  kafka::OffsetCommitRequest::Topic topic = {.name = "t", .partitions = partitions};
  host.coordinator().commit_offsets(host.context(9), {.group_id = "g", .topics = {&topic, 1}});
  std::string_view group_id = "g";
  host.coordinator().describe_groups(host.context(6), {.groups = {&group_id, 1}});
  host.coordinator().heartbeat(host.context(4), {.group_id = "g"});
  Actions actions = host.coordinator().take_actions();
  const Errc error = coordinator_error(Errc::kNotEnoughReplicas);
  CHECK(error == Errc::kCoordinatorNotAvailable);
  for (Reply& reply : actions.replies) refuse(reply, error);
  const auto& commit = std::get<kafka::OffsetCommitResponse>(actions.replies[0].response);
  CHECK(commit.topics[0].partitions[1].error_code == code_of(error));
  const auto& described = std::get<kafka::DescribeGroupsResponse>(actions.replies[1].response);
  CHECK(described.groups[0].error_code == code_of(error));
  CHECK(described.groups[0].group_id == "g");
  CHECK(std::get<kafka::HeartbeatResponse>(actions.replies[2].response).error_code ==
        code_of(error));
}

}  // namespace
}  // namespace millrace::group
