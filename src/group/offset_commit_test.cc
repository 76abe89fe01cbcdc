#include "group/test_host.h"

#include "base/testing.h"

namespace millrace::group {
namespace {

TEST_CASE("a commit is in the log before it is confirmed, and is fetched as it was committed") {
  TestHost host;
  const TopicId topic{Uuid{1, 2}};
  CHECK(host.commit_one({.topic_id = topic, .offsets = {{3, 42}}, .metadata = "note"}) == 0);
  CHECK(host.log.size() == 1);
  const auto fetched = host.fetch("orders", 3);
  CHECK(fetched.committed_offset == Offset(42));
  CHECK(fetched.committed_leader_epoch == LeaderEpoch(3));
  CHECK(fetched.metadata == "note");
  CHECK(fetched.error_code == 0);
}

TEST_CASE("whoever may not commit is told why") {
  TestHost host;
  const auto ids = host.stable_group({{}, {.instance = "s"}});
  host.stable_group({{.group = "gone"}});
  host.advance(seconds(9));
  host.heartbeat(ids[0], 1);
  host.heartbeat(ids[1], 1);
  host.advance(seconds(1));  // "gone" is empty now
  struct Row {
    const char* why;
    TestHost::CommitOptions options;
    Errc error;
  };
  const Row rows[] = {
      {"a member", {.member_id = ids[0], .generation = 1}, Errc::kNone},
      {"a static member", {.member_id = ids[1], .instance = "s", .generation = 1}, Errc::kNone},
      {"nobody, into a group with members", {}, Errc::kUnknownMemberId},
      {"a member without generation", {.member_id = ids[0]}, Errc::kIllegalGeneration},
      {"an old generation", {.member_id = ids[0], .generation = 0}, Errc::kIllegalGeneration},
      {"a stranger", {.member_id = "m", .generation = 1}, Errc::kUnknownMemberId},
      {"fenced", {.member_id = ids[0], .instance = "s", .generation = 1}, Errc::kFencedInstanceId},
      {"nobody, into an empty group", {.group = "gone"}, Errc::kNone},
      {"a former member",
       {.group = "gone", .member_id = "m", .generation = 1},
       Errc::kUnknownMemberId},
      {"nobody, into no group", {.group = "new"}, Errc::kNone},
      {"nobody, into the group without a name", {.group = ""}, Errc::kNone},
      {"a member of no group",
       {.group = "x", .member_id = "m", .generation = 1},
       Errc::kGroupIdNotFound},
      {"the same, long ago",
       {.group = "x", .member_id = "m", .generation = 1, .version = 8},
       Errc::kIllegalGeneration},
  };
  for (const Row& row : rows) {
    CAPTURE(row.why);
    CHECK(host.commit_one(row.options) == code_of(row.error));
  }
  CHECK(!host.coordinator().explain("x"));
}

TEST_CASE("during a rebalance commits of the generation before pass, until the next has begun") {
  TestHost host;
  const auto ids = host.stable_group({{}, {}});
  host.join({.member_id = host.leader()});
  CHECK(host.state() == GroupState::kPreparingRebalance);
  CHECK(host.commit_one({.member_id = ids[0], .generation = 1}) == 0);
  host.join({.member_id = host.leader() == ids[0] ? ids[1] : ids[0]});
  CHECK(host.state() == GroupState::kCompletingRebalance);
  CHECK(host.commit_one({.member_id = ids[0], .generation = 2}) ==
        code_of(Errc::kRebalanceInProgress));
  CHECK(host.commit_one({.member_id = ids[0], .generation = 1}) ==
        code_of(Errc::kIllegalGeneration));
}

TEST_CASE("a note longer than offset.metadata.max.bytes refuses its partition only") {
  TestHost host;
  const auto commit = [&](std::string note) {
    return host.commit_one({.metadata = std::move(note)});
  };
  std::string wide;
  for (int i = 0; i < 4'096; ++i) wide += "ü";
  CHECK(commit(std::string(4'096, 'x')) == 0);
  CHECK(commit(wide) == 0);  // Kafka counts characters
  CHECK(commit(wide + "x") == code_of(Errc::kOffsetMetadataTooLarge));

  kafka::OffsetCommitRequest::Partition partitions[] = {
      {.partition_index = PartitionIndex(0), .committed_offset = Offset(7)},
      {.partition_index = PartitionIndex(1), .committed_offset = Offset(8)}};
  const std::string long_note(4'097, 'x');
  partitions[0].committed_metadata = long_note;
  partitions[1].committed_metadata = std::nullopt;
  kafka::OffsetCommitRequest::Topic topic = {.name = "t", .partitions = partitions};
  const RequestContext context = host.context(9);
  host.coordinator().commit_offsets(context, {.group_id = "h", .topics = {&topic, 1}});
  host.flush();
  const auto& response = *host.reply<kafka::OffsetCommitResponse>(context.token);
  CHECK(response.topics[0].partitions[0].error_code == code_of(Errc::kOffsetMetadataTooLarge));
  CHECK(response.topics[0].partitions[1].error_code == 0);
  CHECK(host.fetch("t", 0, "h").committed_offset == kNoOffset);
  CHECK(host.fetch("t", 1, "h").committed_offset == Offset(8));
}

TEST_CASE("a commit of which nothing is written makes no group") {
  TestHost host;
  host.commit({.metadata = std::string(5'000, 'x')});
  CHECK(!host.coordinator().explain("g"));
  CHECK(host.log.empty());
}

TEST_CASE("the reply has the request's topics and partitions, in its order") {
  TestHost host;
  const auto& response =
      host.commit({.topic_id = TopicId{Uuid{5, 6}}, .offsets = {{9, 1}, {2, 1}}});
  REQUIRE(response.topics.size() == 1);
  CHECK(response.topics[0].name == "orders");
  CHECK(response.topics[0].topic_id == TopicId{Uuid{5, 6}});
  CHECK(response.topics[0].partitions[0].partition_index == PartitionIndex(9));
  CHECK(response.topics[0].partitions[1].partition_index == PartitionIndex(2));
}

}  // namespace
}  // namespace millrace::group
