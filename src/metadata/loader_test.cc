#include "metadata/loader.h"

#include "kafka/control_record.h"
#include "kafka/record_batch_builder.h"
#include "kafka/records/control/kraft_version.h"
#include "kafka/wire.h"
#include "metadata/controller_testing.h"
#include "metadata/snapshot.h"

#include "base/testing.h"

namespace millrace::metadata {
namespace {

using testing::TestCluster;

struct Log {
  Buffer bytes;
  Offset next{0};

  void append(const Records& records) {
    REQUIRE(append_metadata_batch(records,
                                  {.base_offset = next, .epoch = LeaderEpoch(2), .now = {7}},
                                  BatchRule::kOneBatch, bytes));
    next = next + static_cast<int64_t>(records.size());
  }
  void append_leader_change() {
    const std::vector<BrokerId> voters{BrokerId(1)};
    REQUIRE(
        metadata::append_leader_change({.base_offset = next, .epoch = LeaderEpoch(2), .now = {7}},
                                       BrokerId(1), voters, voters, bytes));
    next = next.next();
  }
  template <class Message>
  void append_control(kafka::ControlRecordType type, const Message& message) {
    Buffer value;
    kafka::Writer writer(value);
    REQUIRE(message.encode(writer, 0));
    kafka::Compressor compressor;
    kafka::RecordBatchBuilder builder(compressor);
    kafka::BatchOptions options{.base_offset = next, .partition_leader_epoch = LeaderEpoch(2)};
    options.control = true;
    builder.begin(options);
    const auto key = kafka::control_record_key(type);
    REQUIRE(builder.append({.timestamp = {7}, .key = Bytes(key), .value = value.bytes()}));
    bytes.append(*builder.finish());
    next = next.next();
  }
};

Result<Delta> load(Loader& loader, Bytes bytes) {
  Delta all;
  kafka::BatchCursor cursor(bytes);
  while (const kafka::RecordBatchView* batch = cursor.next()) {
    Result<Delta> delta = loader.load(*batch);
    if (!delta) return delta;
    all.merge(std::move(*delta));
  }
  return all;
}

Record feature(std::string_view name, int16_t level) {
  return {kafka::FeatureLevelRecord{.name = name, .feature_level = level}};
}

TEST_CASE("batches move the image on, control batches only the position") {
  Log log;
  log.append_leader_change();
  log.append({feature("metadata.version", 30)});
  Loader loader;
  const Result<Delta> delta = load(loader, log.bytes);
  REQUIRE(delta);
  CHECK(delta->features == std::set<std::string>{"metadata.version"});
  CHECK(loader.image().metadata_version() == 30);
  CHECK(loader.next_offset() == Offset(2));
  CHECK(loader.epoch() == LeaderEpoch(2));
  CHECK(loader.last_timestamp() == Timestamp{7});
}

TEST_CASE("control records tell who may vote, the last word counts") {
  Log log;
  Arena arena;
  const auto voter = [](int id) {
    return Voter{.key = {BrokerId(id), {5, 5}},
                 .endpoints = {{.name = "CONTROLLER", .host = "there", .port = 9093}},
                 .kraft_version = {0, 1}};
  };
  log.append_control(kafka::ControlRecordType::kKRaftVersion,
                     kafka::KRaftVersionRecord{.kraft_version = 1});
  log.append_control(kafka::ControlRecordType::kKRaftVoters,
                     voters_record({voter(1), voter(2)}, arena));
  log.append_control(kafka::ControlRecordType::kKRaftVoters, voters_record({voter(1)}, arena));
  Loader loader;
  REQUIRE(load(loader, log.bytes));
  CHECK(loader.quorum() == VoterSet{.kraft_version = 1, .voters = {voter(1)}});
  CHECK(loader.image().empty());
}

TEST_CASE("a quorum of a later kraft.version is refused by name") {
  Log log;
  log.append_control(kafka::ControlRecordType::kKRaftVersion,
                     kafka::KRaftVersionRecord{.kraft_version = 2});
  Loader loader;
  const Result<Delta> delta = load(loader, log.bytes);
  REQUIRE(!delta);
  CHECK(delta.error().code() == Errc::kUnsupportedVersion);
  CHECK(delta.error().detail().find("kraft.version 2") != std::string::npos);
}

TEST_CASE("what stands in a transaction shows when it ends, across batches") {
  Log log;
  log.append({{kafka::BeginTransactionRecord{.name = "x"}}, feature("a", 1)});
  Loader loader;
  Result<Delta> delta = load(loader, log.bytes);
  REQUIRE(delta);
  CHECK(delta->empty());
  CHECK(loader.in_transaction());
  CHECK(loader.image().empty());

  log.bytes.clear();
  log.append({feature("b", 2), {kafka::EndTransactionRecord{}}, feature("c", 3)});
  delta = load(loader, log.bytes);
  REQUIRE(delta);
  CHECK(delta->features == std::set<std::string>{"a", "b", "c"});
  CHECK(!loader.in_transaction());
}

TEST_CASE("an aborted transaction leaves nothing") {
  Log log;
  log.append({{kafka::BeginTransactionRecord{}},
              feature("a", 1),
              {kafka::AbortTransactionRecord{}},
              feature("b", 1)});
  Loader loader;
  REQUIRE(load(loader, log.bytes));
  CHECK(loader.image().features().size() == 1);
  CHECK(loader.image().feature_level("b") == 1);
}

TEST_CASE("a log that contradicts itself stops the loader with offset and reason") {
  const auto refusal = [](const Records& records) {
    Log log;
    log.append(records);
    Loader loader;
    const Result<Delta> delta = load(loader, log.bytes);
    return delta ? std::string() : delta.error().detail();
  };
  CHECK(refusal({{kafka::EndTransactionRecord{}}}) ==
        "metadata log, offset 0: a transaction ends that never began");
  CHECK(refusal({{kafka::AbortTransactionRecord{}}}) != "");
  CHECK(refusal({{kafka::BeginTransactionRecord{}}, {kafka::BeginTransactionRecord{}}}) ==
        "metadata log, offset 0: a transaction begins inside another");
  CHECK(refusal({{kafka::RemoveTopicRecord{.topic_id = TopicId{Uuid{1, 1}}}}}) != "");

  Log log;
  log.append({feature("a", 1)});
  Loader behind(Image(), Offset(5));
  CHECK(load(behind, log.bytes).error().detail() ==
        "metadata log: offset 0 follows where 5 is next");
}

TEST_CASE("a loader that starts from a snapshot ends where one ends that read it all") {
  TestCluster c(2);
  c.create("a", 3, 2);
  const Offset snapshot_end = c.next();
  Arena arena;
  const Records records = write_snapshot(c.image(), arena);
  Image restored;
  Delta delta;
  for (const Record& record : records) REQUIRE(restored.replay(record, delta));
  c.create("b");
  c.fence(2);

  Loader loader(restored, snapshot_end, LeaderEpoch(1));
  kafka::BatchCursor cursor(c.log());
  while (const kafka::RecordBatchView* batch = cursor.next()) {
    if (batch->base_offset() >= snapshot_end) REQUIRE(loader.load(*batch));
  }
  CHECK(loader.image() == c.image());
  CHECK(loader.next_offset() == c.next());
}

}  // namespace
}  // namespace millrace::metadata
