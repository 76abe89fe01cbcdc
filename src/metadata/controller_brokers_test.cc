#include "metadata/controller_testing.h"

#include "base/testing.h"

namespace millrace::metadata {
namespace {

using testing::code_of;
using testing::TestCluster;

TEST_CASE("an empty log begins with the bootstrap records, inside a transaction") {
  TestCluster c(0);
  CHECK(c.image().metadata_version() == 30);
  CHECK(c.image().features().size() == 1);  // what is not built is not finalised
  CHECK(c.next() == Offset(3));             // begin, metadata.version, end
  CHECK(!c.loader.in_transaction());
  CHECK(c.loader.image() == c.image());
}

TEST_CASE("a new controller aborts what its predecessor left open, and starts nothing twice") {
  TestCluster c(1);
  Controller next({.node = BrokerId(1), .cluster_id = "x"}, c.settings, c.random, c.image());
  CHECK(next.activate(bootstrap_records(), false, c.now)->empty());
  const auto records = next.activate(bootstrap_records(), true, c.now);
  REQUIRE(records->size() == 1);
  CHECK(record_name(records->front()) == "AbortTransactionRecord");
}

TEST_CASE("a cluster with features this server lacks is not led by it") {
  for (const auto& [name, level] : std::vector<std::pair<std::string_view, int16_t>>{
           {"group.version", 2}, {"metadata.version", 31}, {"no.such.feature", 1}}) {
    CAPTURE(name);
    Image image;
    Delta delta;
    REQUIRE(image.replay({kafka::FeatureLevelRecord{.name = name, .feature_level = level}}, delta));
    TestCluster c(0);
    Controller controller({.node = BrokerId(1), .cluster_id = "x"}, c.settings, c.random, image);
    const auto records = controller.activate(bootstrap_records(), false, c.now);
    REQUIRE(!records);
    CHECK(records.error().code() == Errc::kNewerFormat);
    CHECK(records.error().detail().find(name) != std::string::npos);
  }
}

TEST_CASE("a cluster that Kafka has formatted is led, with what it finalised left as it is") {
  Image image;
  Delta delta;
  const std::vector<std::pair<std::string, int16_t>> levels{{"eligible.leader.replicas.version", 1},
                                                            {"group.version", 1},
                                                            {"metadata.version", 30},
                                                            {"share.version", 1},
                                                            {"streams.version", 1},
                                                            {"transaction.version", 2}};
  for (const auto& [name, level] : levels) {
    REQUIRE(image.replay({kafka::FeatureLevelRecord{.name = name, .feature_level = level}}, delta));
  }
  TestCluster c(0);
  Controller controller({.node = BrokerId(1), .cluster_id = "x"}, c.settings, c.random, image);
  const auto records = controller.activate(bootstrap_records(), false, c.now);
  REQUIRE(records);
  CHECK(records->empty());
  CHECK(controller.image().feature_level("transaction.version") == 2);
}

TEST_CASE("a broker registers fenced and is unfenced when it has caught up") {
  TestCluster c(0);
  const Offset next = c.next();
  const auto reply = c.register_broker(1);
  CHECK(reply.error_code == 0);
  CHECK(reply.broker_epoch == next.value);
  CHECK(c.image().find_broker(BrokerId(1))->fenced);
  CHECK(c.image().find_broker(BrokerId(1))->directories == std::vector{TestCluster::directory(1)});

  const kafka::BrokerHeartbeatRequest behind{.broker_id = BrokerId(1),
                                             .broker_epoch = reply.broker_epoch,
                                             .current_metadata_offset = next - 1};
  const auto early = c.run(c.controller.heartbeat(behind, c.now, c.next(), c.arena));
  CHECK(!early.is_caught_up);
  CHECK(early.is_fenced);
  CHECK(c.heartbeat(1, true).is_fenced);
  const auto later = c.heartbeat(1);
  CHECK(later.is_caught_up);
  CHECK(!later.is_fenced);
  CHECK(c.image().find_broker(BrokerId(1))->is_active());
}

TEST_CASE("registrations that do not fit are refused") {
  TestCluster c(1);
  std::vector<kafka::BrokerRegistrationRequest::Feature> features{
      {.name = kMetadataVersionFeature, .min_supported_version = 7, .max_supported_version = 30}};
  std::vector<Uuid> directories{{2, 1000}};
  const auto code = [&](auto change) {
    kafka::BrokerRegistrationRequest request{.broker_id = BrokerId(2),
                                             .cluster_id = testing::kClusterId,
                                             .incarnation_id = {2, 2},
                                             .features = features,
                                             .log_dirs = directories};
    change(request);
    return code_of(
        c.controller.register_broker(request, c.now, c.next(), c.arena).reply.error_code);
  };
  using Request = kafka::BrokerRegistrationRequest;
  CHECK(code([](Request&) {}) == Errc::kNone);
  CHECK(code([](Request& r) { r.cluster_id = "other"; }) == Errc::kInconsistentClusterId);
  CHECK(code([](Request& r) { r.broker_id = BrokerId(1); }) == Errc::kDuplicateBrokerRegistration);
  CHECK(code([](Request& r) { r.features = {}; }) == Errc::kUnsupportedVersion);
  CHECK(code([](Request& r) { r.log_dirs = {}; }) == Errc::kInvalidRegistration);
  CHECK(code([](Request& r) { r.is_migrating_zk_broker = true; }) == Errc::kBrokerIdNotRegistered);
  std::vector<Uuid> reserved{{0, 5}};
  CHECK(code([&](Request& r) { r.log_dirs = reserved; }) == Errc::kInvalidRegistration);
  std::vector<Uuid> doubled{{2, 1000}, {2, 1000}};
  CHECK(code([&](Request& r) { r.log_dirs = doubled; }) == Errc::kInvalidRegistration);
  std::vector<Uuid> foreign{TestCluster::directory(1)};
  CHECK(code([&](Request& r) { r.log_dirs = foreign; }) == Errc::kInvalidRegistration);
  features[0].max_supported_version = 29;
  CHECK(code([](Request&) {}) == Errc::kUnsupportedVersion);
}

TEST_CASE("the same process may amend its registration; another waits for the session to end") {
  TestCluster c(1);
  const int64_t epoch = c.image().find_broker(BrokerId(1))->epoch;
  CHECK(c.register_broker(1, 1).broker_epoch == epoch);
  CHECK(c.image().find_broker(BrokerId(1))->is_active());
  CHECK(code_of(c.register_broker(1, 2).error_code) == Errc::kDuplicateBrokerRegistration);
  c.now = c.now + seconds(9);
  const auto reply = c.register_broker(1, 2);
  CHECK(reply.error_code == 0);
  CHECK(reply.broker_epoch > epoch);
  CHECK(c.image().find_broker(BrokerId(1))->fenced);
}

TEST_CASE("after a crash this node's own broker need not wait for its old session") {
  TestCluster c(2);
  Controller next({.node = BrokerId(1), .cluster_id = std::string(testing::kClusterId)}, c.settings,
                  c.random, c.image());
  REQUIRE(next.activate(bootstrap_records(), false, c.now));
  std::vector<kafka::BrokerRegistrationRequest::Feature> features{
      {.name = kMetadataVersionFeature, .min_supported_version = 7, .max_supported_version = 30}};
  const auto code = [&](int id) {
    std::vector<Uuid> directories{TestCluster::directory(id)};
    const kafka::BrokerRegistrationRequest request{.broker_id = BrokerId(id),
                                                   .cluster_id = testing::kClusterId,
                                                   .incarnation_id = {9, 9},
                                                   .features = features,
                                                   .log_dirs = directories};
    return code_of(next.register_broker(request, c.now, c.next(), c.arena).reply.error_code);
  };
  CHECK(code(1) == Errc::kNone);
  CHECK(code(2) == Errc::kDuplicateBrokerRegistration);
}

TEST_CASE("a restart takes leaderships away and gives them back, each with a new leader epoch") {
  TestCluster c(1);
  c.create("a", 2);
  c.now = c.now + seconds(60);
  c.register_broker(1, 2);
  CHECK(c.partition("a").leader == kNoBroker);
  CHECK(c.partition("a").isr == std::vector{BrokerId(1)});
  c.unfence(1);
  CHECK(c.partition("a").leader == BrokerId(1));
  CHECK(c.partition("a").leader_epoch == LeaderEpoch(2));
  CHECK(c.partition("a", 1).partition_epoch == 2);
}

TEST_CASE("a fenced broker's partitions are led by others, and it leaves their in-sync sets") {
  TestCluster c(3);
  c.create("a", 6, 3);
  c.fence(2);
  for (const auto& [index, partition] : c.image().find_topic("a")->partitions) {
    CHECK(partition.leader != BrokerId(2));
    CHECK(!partition.is_in_sync(BrokerId(2)));
    CHECK(partition.has_replica(BrokerId(2)));
  }
  c.unfence(2);
  CHECK(!c.partition("a").is_in_sync(BrokerId(2)));  // it must catch up first
}

TEST_CASE("sessions end in the order they were last heard of") {
  TestCluster c(3);
  c.create("a", 3, 3);
  CHECK(c.controller.next_session_end() == c.now + seconds(9));
  CHECK(c.controller.fence_stale_broker(c.now, c.arena).empty());
  c.now = c.now + seconds(5);
  c.heartbeat(1);
  c.now = c.now + seconds(1);
  c.heartbeat(3);
  c.now = c.now + seconds(4);
  c.append(c.controller.fence_stale_broker(c.now, c.arena));
  CHECK(c.image().find_broker(BrokerId(2))->fenced);
  CHECK(c.controller.fence_stale_broker(c.now, c.arena).empty());
  c.now = c.now + seconds(4);
  c.append(c.controller.fence_stale_broker(c.now, c.arena));
  CHECK(c.image().find_broker(BrokerId(1))->fenced);
  CHECK(!c.image().find_broker(BrokerId(3))->fenced);
  CHECK(c.partition("a").leader == BrokerId(3));
}

TEST_CASE("a broker that wants to stop hands its leaderships over first") {
  TestCluster c(2);
  c.create("a", 4, 2);
  auto reply = c.heartbeat(1, false, true);
  CHECK(!reply.should_shut_down);
  CHECK(!reply.is_fenced);
  CHECK(c.image().find_broker(BrokerId(1))->in_controlled_shutdown);
  for (const auto& [index, partition] : c.image().find_topic("a")->partitions) {
    CHECK(partition.leader == BrokerId(2));
  }
  reply = c.heartbeat(1, false, true);
  CHECK(!reply.should_shut_down);  // broker 2 has not heard of it yet
  c.heartbeat(2);
  reply = c.heartbeat(1, false, true);
  CHECK(reply.should_shut_down);
  CHECK(c.image().find_broker(BrokerId(1))->fenced);
}

TEST_CASE("the only broker may stop too, and a fenced one at once") {
  TestCluster c(1);
  c.create("a");
  CHECK(!c.heartbeat(1, false, true).should_shut_down);
  CHECK(c.partition("a").leader == kNoBroker);
  CHECK(c.heartbeat(1, false, true).should_shut_down);
  CHECK(c.heartbeat(1, false, true).should_shut_down);
  TestCluster idle(1);
  CHECK(idle.heartbeat(1, false, true).should_shut_down);
}

TEST_CASE("heartbeats of strangers and of old epochs are refused") {
  TestCluster c(1);
  const auto code = [&](int id, int64_t epoch) {
    const kafka::BrokerHeartbeatRequest request{.broker_id = BrokerId(id), .broker_epoch = epoch};
    return code_of(c.controller.heartbeat(request, c.now, c.next(), c.arena).reply.error_code);
  };
  CHECK(code(1, 999) == Errc::kStaleBrokerEpoch);
  CHECK(code(7, 0) == Errc::kBrokerIdNotRegistered);
}

TEST_CASE("directories that fail or are cordoned are noted, and failed ones lead nothing") {
  TestCluster c(2);
  c.now = c.now + seconds(60);
  c.register_broker(1, 2, {}, 2);
  c.unfence(1);
  c.unfence(2);
  const int64_t epoch = c.image().find_broker(BrokerId(1))->epoch;
  std::vector<Uuid> some{TestCluster::directory(1, 1)};
  kafka::BrokerHeartbeatRequest request{
      .broker_id = BrokerId(1), .broker_epoch = epoch, .current_metadata_offset = c.next()};
  request.cordoned_log_dirs = std::span(some);
  c.run(c.controller.heartbeat(request, c.now, c.next(), c.arena));
  CHECK(c.image().find_broker(BrokerId(1))->cordoned_directories == some);
  const Offset before = c.next();
  c.run(c.controller.heartbeat(request, c.now, c.next(), c.arena));
  CHECK(c.next() == before);

  c.create("a", 2, 2);  // on broker 1 in the directory that is left
  CHECK(c.partition("a").directory_of(BrokerId(1)) == TestCluster::directory(1, 0));
  std::vector<Uuid> lost{TestCluster::directory(1, 0)};
  request.offline_log_dirs = lost;
  c.run(c.controller.heartbeat(request, c.now, c.next(), c.arena));
  CHECK(c.image().find_broker(BrokerId(1))->directories == some);
  for (const auto& [index, partition] : c.image().find_topic("a")->partitions) {
    CHECK(partition.leader == BrokerId(2));
  }
}

TEST_CASE("a broker can be forgotten") {
  TestCluster c(2);
  c.create("a", 2, 2);
  auto reply = c.run(c.controller.unregister_broker({.broker_id = BrokerId(2)}, c.arena));
  CHECK(reply.error_code == 0);
  CHECK(c.image().find_broker(BrokerId(2)) == nullptr);
  CHECK(c.partition("a").leader == BrokerId(1));
  reply = c.run(c.controller.unregister_broker({.broker_id = BrokerId(2)}, c.arena));
  CHECK(reply.error_message == "Broker ID 2 is not currently registered");
}

TEST_CASE("producer ids come in blocks, and no block twice") {
  TestCluster c(1);
  const int64_t epoch = c.image().find_broker(BrokerId(1))->epoch;
  const kafka::AllocateProducerIdsRequest request{.broker_id = BrokerId(1), .broker_epoch = epoch};
  const auto first = c.run(c.controller.allocate_producer_ids(request));
  const auto second = c.run(c.controller.allocate_producer_ids(request));
  CHECK(first.producer_id_start == ProducerId(0));
  CHECK(first.producer_id_len == 1000);
  CHECK(second.producer_id_start == ProducerId(1000));
  CHECK(c.image().next_producer_id() == ProducerId(2000));
  const auto stale = c.run(
      c.controller.allocate_producer_ids({.broker_id = BrokerId(1), .broker_epoch = epoch + 1}));
  CHECK(code_of(stale.error_code) == Errc::kStaleBrokerEpoch);
}

TEST_CASE("the block after the last possible one is refused") {
  TestCluster c(1);
  c.append({{kafka::ProducerIdsRecord{.next_producer_id = ProducerId(INT64_MAX - 10)}}});
  const auto reply = c.run(c.controller.allocate_producer_ids(
      {.broker_id = BrokerId(1), .broker_epoch = c.image().find_broker(BrokerId(1))->epoch}));
  CHECK(code_of(reply.error_code) == Errc::kUnknownServerError);
}

TEST_CASE("fencing may take more records than one request is allowed") {
  TestCluster c(1);
  for (const char* name : {"a", "b"}) c.create(name, 6'000);
  const auto reply = c.heartbeat(1, true);
  CHECK(reply.is_fenced);
  CHECK(c.partition("b", 5'999).leader == kNoBroker);
}

}  // namespace
}  // namespace millrace::metadata
