#include "group/test_host.h"

#include "base/testing.h"

namespace millrace::group {
namespace {

Config quick() {
  return {.initial_rebalance_delay = Duration{},
          .offsets_retention = seconds(1'000),
          .retention_check_interval = seconds(100)};
}

bool has(TestHost& host, std::string_view topic, std::string_view group = "g") {
  return host.fetch(topic, 0, group).committed_offset != kNoOffset;
}

TEST_CASE("offsets without members expire their retention after the commit") {
  TestHost host(quick());
  host.commit({.topic = "early"});
  host.advance(seconds(500));
  host.commit({.topic = "late"});
  host.advance(milliseconds(499'999));
  CHECK(has(host, "early"));
  host.advance(milliseconds(1));
  CHECK(!has(host, "early"));
  CHECK(has(host, "late"));
  host.advance(seconds(500));
  CHECK(!has(host, "late"));
  CHECK(host.list().empty());
  host.reload();
  CHECK(host.list().empty());
}

TEST_CASE("a group's offsets expire their retention after it became empty, then it goes itself") {
  TestHost host(quick());
  const auto ids = host.stable_group({{.session_ms = 1'800'000}});
  host.commit({.member_id = ids[0], .generation = 1});
  host.advance(seconds(1'500));
  CHECK(has(host, "orders"));
  host.leave({{.member_id = ids[0]}});
  host.advance(seconds(999));
  CHECK(has(host, "orders"));
  host.advance(seconds(101));
  CHECK(!has(host, "orders"));
  CHECK(host.list().empty());
  host.reload();
  CHECK(host.list().empty());
}

TEST_CASE("of a stable group those offsets expire whose topic nobody subscribes to any more") {
  TestHost host(quick());
  const auto ids = host.stable_group({{.session_ms = 1'800'000}});
  host.commit({.member_id = ids[0], .generation = 1, .topic = "orders"});
  host.commit({.member_id = ids[0], .generation = 1, .topic = "before"});
  host.advance(seconds(1'100));
  CHECK(has(host, "orders"));
  CHECK(!has(host, "before"));
  CHECK(host.state() == GroupState::kStable);
}

TEST_CASE("nothing expires during a rebalance, nor where the subscription is not known") {
  TestHost host(quick());
  const JoinOptions connect = {.group = "connect", .session_ms = 1'800'000, .type = "connect"};
  const auto workers = host.stable_group({connect});
  host.commit({.group = "connect", .member_id = workers[0], .generation = 1});
  const JoinOptions slow = {.session_ms = 1'800'000, .rebalance_ms = 1'800'000};
  const auto ids = host.stable_group({slow, slow});
  host.commit({.member_id = ids[0], .generation = 1, .topic = "before"});
  JoinOptions back = slow;
  back.member_id = host.leader();
  host.join(back);
  host.advance(seconds(1'500));
  CHECK(host.state() == GroupState::kPreparingRebalance);
  CHECK(has(host, "before"));
  CHECK(has(host, "orders", "connect"));
}

TEST_CASE("an old client's own retention counts instead") {
  TestHost host(quick());
  host.commit({.topic = "short", .retention_ms = 150'000, .version = 2});
  host.commit({.topic = "long", .retention_ms = 5'000'000, .version = 4});
  host.advance(seconds(200));
  CHECK(!has(host, "short"));
  host.advance(seconds(4'000));
  CHECK(has(host, "long"));
  host.reload();
  host.advance(seconds(1'000));
  CHECK(!has(host, "long"));
}

TEST_CASE("an offset in an open transaction does not expire") {
  TestHost host(quick());
  host.commit({});
  host.coordinator() = host.load(quick());
  CHECK(host.coordinator().replay(host.log[0].view(), ProducerId(7)));
  host.coordinator().loaded(host.now);
  host.advance(seconds(2'000));
  CHECK(has(host, "orders"));
  host.coordinator().end_transaction(ProducerId(7), TransactionResult::kAbort);
  host.advance(seconds(100));
  CHECK(!has(host, "orders"));
}

TEST_CASE("a group that nobody joined in the end is forgotten at the next sweep") {
  TestHost host(quick());
  host.join({});
  host.advance(seconds(99));
  CHECK(host.list().size() == 1);
  host.advance(seconds(1));
  CHECK(host.list().empty());
  host.reload();
  CHECK(host.list().empty());
}

TEST_CASE("a sweep over very many offsets goes in steps, and reaches all") {
  TestHost host({.offsets_retention = seconds(1'000), .retention_check_interval = seconds(1'000)});
  TestHost::CommitOptions options;
  options.offsets.clear();
  for (int i = 0; i < 7'000; ++i) options.offsets.emplace_back(i, 1);
  for (const char* group : {"a", "b", "c", "d"}) {
    options.group = group;
    host.commit(options);
  }
  host.advance(milliseconds(999'999));
  host.log.clear();
  host.now = {host.now.mono + milliseconds(1), host.now.wall + milliseconds(1)};
  host.tick();
  CHECK(host.log.size() == 14'002);  // the groups end with them
  CHECK(host.coordinator().next_deadline() == host.now.mono + milliseconds(1));
  host.advance(milliseconds(1));
  CHECK(host.log.size() == 28'004);
  CHECK(host.list().empty());
}

TEST_CASE("with a topic its offsets go, unless they are of another topic of the same name") {
  TestHost host;
  const TopicId dead{Uuid{1, 1}};
  const TopicId alive{Uuid{2, 2}};
  host.commit({.group = "by id", .topic = "t", .topic_id = dead});
  host.commit({.group = "by name", .topic = "t"});
  host.commit({.group = "reborn", .topic = "t", .topic_id = alive});
  host.commit({.group = "both", .topic = "t", .topic_id = dead});
  host.commit({.group = "both", .topic = "u"});
  const DeletedTopic deleted[] = {{"t", dead}, {"never used", alive}};
  host.coordinator().topics_deleted(deleted);
  host.flush();
  CHECK(host.list() == std::vector<std::string>{"both Classic Empty", "reborn Classic Empty"});
  CHECK(!has(host, "t", "both"));
  CHECK(has(host, "u", "both"));
  host.reload();
  CHECK(host.list() == std::vector<std::string>{"both Classic Empty", "reborn Classic Empty"});
}

}  // namespace
}  // namespace millrace::group
