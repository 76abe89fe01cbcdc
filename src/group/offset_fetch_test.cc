#include "group/test_host.h"

#include "base/testing.h"

namespace millrace::group {
namespace {

TEST_CASE("of an unknown group or partition nothing is committed, and that is no error") {
  TestHost host;
  host.commit({});
  for (const auto& fetched : {host.fetch("orders", 0, "no such group"), host.fetch("orders", 1),
                              host.fetch("no such topic", 0)}) {
    CHECK(fetched.committed_offset == kNoOffset);
    CHECK(fetched.committed_leader_epoch == kNoLeaderEpoch);
    CHECK(fetched.metadata == "");
    CHECK(fetched.error_code == 0);
  }
  CHECK(host.fetch_all("no such group").topics.empty());
  CHECK(host.fetch_all("no such group").error_code == 0);
}

TEST_CASE("without topics everything a group has committed is fetched") {
  TestHost host;
  host.commit({.topic = "b", .offsets = {{1, 11}, {0, 10}}});
  host.commit({.topic = "a", .offsets = {{7, 70}}});
  const auto& all = host.fetch_all();
  CHECK(all.group_id == "g");
  REQUIRE(all.topics.size() == 2);
  CHECK(all.topics[0].name == "a");
  CHECK(all.topics[0].partitions[0].partition_index == PartitionIndex(7));
  CHECK(all.topics[1].name == "b");
  CHECK(all.topics[1].partitions.size() == 2);
  CHECK(all.topics[1].partitions[1].committed_offset == Offset(11));
}

TEST_CASE("an offset of a topic that was deleted and made again is not the new topic's") {
  TestHost host;
  const TopicId before{Uuid{1, 1}};
  const TopicId after{Uuid{2, 2}};
  host.commit({.topic = "t", .topic_id = before, .offsets = {{0, 5}}});
  CHECK(host.fetch("t", 0, "g", before).committed_offset == Offset(5));
  CHECK(host.fetch("t", 0, "g", after).committed_offset == kNoOffset);
  CHECK(host.fetch("t", 0, "g", TopicId()).committed_offset == Offset(5));
  host.commit({.topic = "u", .offsets = {{0, 6}}});  // by an old client, without id
  CHECK(host.fetch("u", 0, "g", after).committed_offset == Offset(6));
}

TEST_CASE("an administrator drops offsets nobody uses") {
  TestHost host;
  host.stable_group({{}});
  const std::string id = host.leader();
  host.commit({.member_id = id, .generation = 1, .topic = "orders"});
  host.commit({.member_id = id, .generation = 1, .topic = "other"});
  CHECK(host.delete_offset("orders", 0).topics[0].partitions[0].error_code ==
        code_of(Errc::kGroupSubscribedToTopic));
  CHECK(host.delete_offset("other", 0).topics[0].partitions[0].error_code == 0);
  CHECK(host.fetch("orders", 0).committed_offset == Offset(1));
  CHECK(host.fetch("other", 0).committed_offset == kNoOffset);
  const size_t before = host.log.size();
  CHECK(host.delete_offset("other", 0).topics[0].partitions[0].error_code == 0);
  CHECK(host.log.size() == before);  // there was nothing to delete
}

TEST_CASE("offsets are not dropped where nobody can tell whether they are in use") {
  TestHost host;
  CHECK(host.delete_offset("t", 0).error_code == code_of(Errc::kGroupIdNotFound));
  CHECK(host.delete_offset("t", 0, "").error_code == code_of(Errc::kInvalidGroupId));
  host.stable_group({{.group = "connect", .type = "connect"}});
  CHECK(host.delete_offset("t", 0, "connect").error_code == code_of(Errc::kNonEmptyGroup));
  host.stable_group({{.group = "odd", .protocols = {{"range", "not a subscription"}}}});
  CHECK(host.delete_offset("t", 0, "odd").topics[0].partitions[0].error_code ==
        code_of(Errc::kGroupSubscribedToTopic));
  host.advance(seconds(10));
  CHECK(host.delete_offset("t", 0, "connect").error_code == 0);
  CHECK(host.delete_offset("t", 0, "odd").topics[0].partitions[0].error_code == 0);
}

TEST_CASE("a group that is no more than its offsets ends with the last of them") {
  TestHost host;
  host.commit({.offsets = {{0, 1}, {1, 1}}});
  CHECK(host.list() == std::vector<std::string>{"g Classic Empty"});
  host.delete_offset("orders", 0);
  CHECK(host.list().size() == 1);
  host.delete_offset("orders", 1);
  CHECK(host.list().empty());
  host.reload();
  CHECK(host.list().empty());
}

}  // namespace
}  // namespace millrace::group
