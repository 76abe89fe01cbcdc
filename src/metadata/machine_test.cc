// The controller under random operations: what it holds is what its records say, at every prefix,
// and a snapshot of any state gives that state back.
#include <algorithm>

#include "metadata/controller_testing.h"
#include "metadata/snapshot.h"
#include "metadata/topic_name.h"

#include "base/testing.h"

namespace millrace::metadata {
namespace {

using testing::TestCluster;

// Performs one operation, sensible or not.
class RandomUser {
 public:
  RandomUser(TestCluster& cluster, Random random) : c_(cluster), random_(random) {}

  void act() {
    switch (random_.below(12)) {
      case 0:
      case 1:
        c_.create(name(), count(), static_cast<int16_t>(random_.between(-1, 4)), configs(),
                  random_.chance(0.1));
        return;
      case 2:
        return grow();
      case 3:
        return remove();
      case 4:
      case 5:
        return alter();
      case 6:
        return replace();
      case 7:
        c_.now = c_.now + seconds(random_.between(0, 12));
        c_.register_broker(broker(), random_.below(4), rack(),
                           static_cast<int>(random_.between(1, 3)));
        return;
      case 8:
      case 9:
        c_.heartbeat(broker(), random_.chance(0.2), random_.chance(0.1));
        return;
      case 10:
        c_.append(c_.controller.fence_stale_broker(c_.now, c_.arena));
        return;
      default:
        return rest();
    }
  }

 private:
  template <class T, size_t kSize>
  T pick(const T (&from)[kSize]) {
    return from[random_.below(kSize)];
  }
  std::string_view name() {
    constexpr std::string_view kNames[] = {"a", "b", "a.b",      "a_b",
                                           "c", "",  "bad name", "__consumer_offsets"};
    return pick(kNames);
  }
  int broker() { return static_cast<int>(random_.between(1, 5)); }
  int32_t count() { return static_cast<int32_t>(random_.between(-1, 6)); }
  std::optional<std::string_view> rack() {
    constexpr std::optional<std::string_view> kRacks[] = {std::nullopt, "x", "y"};
    return pick(kRacks);
  }
  std::string_view value() {
    constexpr std::string_view kValues[] = {"1",    "1000",    "compact", "delete", "true",
                                            "gzip", "2000000", "50000",   "",       "-1"};
    return pick(kValues);
  }
  std::string_view key() {
    constexpr std::string_view kKeys[] = {"retention.ms",
                                          "cleanup.policy",
                                          "compression.type",
                                          "nonsense",
                                          "log.dirs",
                                          "message.max.bytes",
                                          "log.retention.ms",
                                          "num.io.threads",
                                          "consumer.session.timeout.ms",
                                          "interval.ms",
                                          "unclean.leader.election.enable"};
    return pick(kKeys);
  }
  std::vector<std::pair<std::string_view, std::string_view>> configs() {
    std::vector<std::pair<std::string_view, std::string_view>> some;
    if (random_.chance(0.3)) some.emplace_back("retention.ms", "5");
    if (random_.chance(0.1)) some.emplace_back(key(), value());
    return some;
  }
  std::pair<int8_t, std::string_view> resource() {
    constexpr std::pair<int8_t, std::string_view> kOthers[] = {
        {4, ""}, {4, "1"}, {4, "9"}, {16, "s"}, {32, "g"}, {8, "1"}, {0, ""}};
    return random_.chance(0.5) ? std::pair<int8_t, std::string_view>(2, name()) : pick(kOthers);
  }

  void grow() {
    kafka::CreatePartitionsRequest::Topic topic{.name = name(), .count = count() * 2};
    topic.assignments.reset();
    c_.run(c_.controller.create_partitions({.topics = {&topic, 1}}, c_.arena));
  }
  void remove() {
    std::vector<std::string_view> names{name(), name()};
    c_.run(c_.controller.delete_topics({.topic_names = names}, 5, c_.arena));
  }
  void alter() {
    const auto [type, of] = resource();
    c_.alter(static_cast<ConfigResourceType>(type), of, key(), value(),
             static_cast<int8_t>(random_.below(5)));
  }
  void replace() {
    const auto [type, of] = resource();
    std::vector<kafka::AlterConfigsRequest::Config> configs;
    for (uint64_t n = random_.below(3); n > 0; --n) configs.push_back({key(), value()});
    kafka::AlterConfigsRequest::Resource altered{type, of, configs};
    c_.run(c_.controller.alter_configs({.resources = {&altered, 1}}, c_.arena));
  }
  void rest() {
    const BrokerId id(broker());
    const Broker* known = c_.image().find_broker(id);
    c_.run(c_.controller.allocate_producer_ids(
        {.broker_id = id, .broker_epoch = known == nullptr ? 0 : known->epoch}));
    c_.run(c_.controller.elect_leaders({.topic_partitions = std::nullopt}, c_.arena));
    if (random_.chance(0.2)) {
      c_.run(c_.controller.unregister_broker({.broker_id = id}, c_.arena));
    }
  }

  TestCluster& c_;
  Random random_;
};

// What must hold in any image, whatever happened.
void check_sound(const Image& image) {
  int64_t partitions = 0;
  for (const auto& [id, topic] : image.topics()) {
    CHECK(image.find_topic(topic.name) == &topic);
    CHECK(image.find_colliding(topic.name) == nullptr);
    int32_t next = 0;
    for (const auto& [index, partition] : topic.partitions) {
      ++partitions;
      CHECK(index.value == next++);
      CHECK(!partition.isr.empty());
      CHECK(partition.directories.size() == partition.replicas.size());
      for (const BrokerId member : partition.isr) CHECK(partition.has_replica(member));
      if (partition.leader == kNoBroker) continue;
      CHECK(partition.is_in_sync(partition.leader));
      const Broker* leader = image.find_broker(partition.leader);
      REQUIRE(leader != nullptr);
      CHECK(leader->is_active());
    }
    CHECK(next > 0);
  }
  CHECK(image.partition_count() == partitions);
  for (const auto& [resource, config] : image.configs()) {
    CHECK(!config.empty());
    const bool stray =
        resource.type == ConfigResourceType::kTopic && image.find_topic(resource.name) == nullptr;
    CHECK(!stray);
  }
}

Image restored(const Image& image) {
  Arena arena;
  Image copy;
  Delta delta;
  // Through bytes, as a snapshot on disk goes.
  for (const Record& record : write_snapshot(image, arena)) {
    Buffer bytes;
    REQUIRE(encode_record(record, bytes));
    Arena decoded;
    const Result<Record> read = decode_record(bytes, decoded);
    REQUIRE(read);
    REQUIRE(copy.replay(*read, delta));
  }
  return copy;
}

TEST_CASE("whatever is asked, records tell the whole truth") {
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    CAPTURE(seed);
    TestCluster c(3, seed);
    RandomUser user(c, Random(seed * 7919));
    for (int step = 0; step < 150; ++step) {
      CAPTURE(step);
      c.arena.reset();
      user.act();
      REQUIRE(c.loader.image() == c.image());
      check_sound(c.image());
    }
    CHECK(restored(c.image()) == c.image());
  }
}

TEST_CASE("every prefix of a log is a sound image, and its snapshot the same image") {
  const uint64_t seed = 77;
  CAPTURE(seed);
  TestCluster c(3, seed);
  RandomUser user(c, Random(seed));
  for (int step = 0; step < 200; ++step) {
    c.arena.reset();
    user.act();
  }
  Loader loader;
  Image changed;
  kafka::BatchCursor cursor(c.log());
  while (const kafka::RecordBatchView* batch = cursor.next()) {
    const Image before = loader.image();
    const Result<Delta> delta = loader.load(*batch);
    REQUIRE(delta);
    check_sound(loader.image());
    REQUIRE(restored(loader.image()) == loader.image());
    // What the delta does not name has not changed.
    for (const auto& [id, topic] : loader.image().topics()) {
      const Topic* old = before.find_topic(id);
      if (!delta->partitions.contains(id)) {
        REQUIRE(old != nullptr);
        CHECK(*old == topic);
      }
    }
    for (const auto& [id, topic] : before.topics()) {
      CHECK((loader.image().find_topic(id) != nullptr) != delta->removed_topics.contains(id));
    }
    for (const auto& [resource, config] : loader.image().configs()) {
      if (!delta->configs.contains(resource)) CHECK(before.config(resource) == config);
    }
    for (const auto& [id, broker] : loader.image().brokers()) {
      if (!delta->brokers.contains(id)) CHECK(*before.find_broker(id) == broker);
    }
  }
  CHECK(loader.image() == c.image());
}

TEST_CASE("a snapshot keeps what only other parts use, in the versions of an older cluster too") {
  for (const int16_t level : {int16_t{30}, int16_t{22}, int16_t{7}}) {
    CAPTURE(level);
    Image image;
    Delta delta;
    const auto replay = [&](const RecordBody& body) {
      const int16_t version = record_version(body, level);
      const Result<> result = image.replay({body, version}, delta);
      REQUIRE(result);
    };
    std::vector<BrokerId> replicas{BrokerId(1)};
    std::vector<kafka::ClientQuotaRecord::EntityPart> entity{{"user", std::nullopt}};
    std::vector<std::string_view> renewers{"User:a", "User:b"};
    const uint8_t secret[] = {1, 2, 3};
    std::vector<kafka::RegisterBrokerRecord::Endpoint> endpoints{{"PLAINTEXT", "h", 1, 0}};
    replay(kafka::FeatureLevelRecord{.name = "metadata.version", .feature_level = level});
    replay(kafka::FeatureLevelRecord{.name = "group.version", .feature_level = 1});
    kafka::RegisterBrokerRecord broker{
        .broker_id = BrokerId(1), .broker_epoch = 4, .endpoints = endpoints, .rack = "r"};
    replay(broker);
    replay(kafka::RegisterControllerRecord{.controller_id = BrokerId(1)});
    replay(kafka::TopicRecord{.name = "t", .topic_id = TopicId{Uuid{1, 1}}});
    replay(kafka::PartitionRecord{.partition_id = PartitionIndex(0),
                                  .topic_id = TopicId{Uuid{1, 1}},
                                  .replicas = replicas,
                                  .isr = replicas,
                                  .leader = BrokerId(1),
                                  .leader_recovery_state = 1,
                                  .leader_epoch = LeaderEpoch(5),
                                  .partition_epoch = 6});
    replay(kafka::ClientQuotaRecord{.entity = entity, .key = "k", .value = 1.5});
    replay(kafka::ProducerIdsRecord{.next_producer_id = ProducerId(3000)});
    replay(kafka::AccessControlEntryRecord{.id = {3, 4}, .resource_name = "t", .host = "*"});
    replay(kafka::UserScramCredentialRecord{.name = "bob",
                                            .mechanism = 2,
                                            .salt = secret,
                                            .stored_key = secret,
                                            .server_key = secret,
                                            .iterations = 4096});
    replay(kafka::DelegationTokenRecord{.owner = "a", .renewers = renewers, .token_id = "id"});
    CHECK(restored(image) == image);
    Arena arena;
    const Records records = write_snapshot(image, arena);
    const auto& first = std::get<kafka::FeatureLevelRecord>(records.front().body);
    CHECK(first.name == "metadata.version");
  }
  Arena arena;
  CHECK(write_snapshot(Image(), arena).empty());
}

}  // namespace
}  // namespace millrace::metadata
