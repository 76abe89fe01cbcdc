#include "metadata/record.h"

#include "base/random.h"
#include "kafka/batch_testing.h"
#include "metadata/features.h"

#include "base/testing.h"

namespace millrace::metadata {
namespace {

using kafka::testing::from_hex;

Buffer encoded(const Record& record) {
  Buffer bytes;
  REQUIRE(encode_record(record, bytes));
  return bytes;
}

std::string refusal(Bytes bytes) {
  Arena arena;
  const Result<Record> record = decode_record(bytes, arena);
  return record ? "" : record.error().detail();
}

TEST_CASE("a record's bytes are Kafka's") {
  // From the bootstrap.checkpoint and the log of Apache Kafka 4.3.1.
  CHECK(equal(encoded({kafka::FeatureLevelRecord{.name = "metadata.version", .feature_level = 30}}),
              from_hex("010c00116d657461646174612e76657273696f6e001e00")));
  CHECK(equal(encoded({kafka::NoOpRecord{}}), from_hex("01140000")));
  CHECK(equal(encoded({kafka::EndTransactionRecord{}}), from_hex("01180000")));
  const kafka::ConfigRecord config{
      .resource_type = 4, .resource_name = "", .name = "min.insync.replicas", .value = "1"};
  CHECK(equal(encoded({config}),
              from_hex("0104000401146d696e2e696e73796e632e7265706c69636173023100")));
}

TEST_CASE("every kind of record is written and read back, in each of its versions") {
  const auto round_trip = [](auto body) {
    using Body = decltype(body);
    for (int16_t version = Body::kVersionMin; version <= Body::kVersionMax; ++version) {
      CAPTURE(Body::kName);
      CAPTURE(version);
      Arena arena;
      const Buffer bytes = encoded({body, version});
      const Result<Record> read = decode_record(bytes, arena);
      REQUIRE(read);
      CHECK(read->version == version);
      CHECK(record_name(*read) == Body::kName);
      REQUIRE(std::holds_alternative<Body>(read->body));
      CHECK((std::get<Body>(read->body) == body));
    }
  };
  const auto all = [&]<class... Bodies>(std::type_identity<std::variant<Bodies...>>) {
    (round_trip(Bodies{}), ...);
  };
  all(std::type_identity<RecordBody>{});
}

TEST_CASE("what is no record is refused with a reason") {
  CHECK(refusal(from_hex("")) == "a metadata record ends inside its frame");
  CHECK(refusal(from_hex("01")) == "a metadata record ends inside its frame");
  CHECK(refusal(from_hex("021400")) == "a metadata record has frame version 2, known is 1");
  CHECK(refusal(from_hex("01630000")) ==
        "metadata record type 99 version 0 is not known; the cluster's metadata.version is newer "
        "than this server");
  CHECK(refusal(from_hex("0106000000")).find("type 6") != std::string::npos);  // once a kind
  CHECK(refusal(from_hex("01ffffffff0f0000")).find("type 4294967295") != std::string::npos);
  CHECK(refusal(from_hex("0114ffff7f00")).find("version") != std::string::npos);
  CHECK(refusal(from_hex("0114000000")) == "1 bytes follow the NoOpRecord in its value");
  CHECK(refusal(from_hex("010c0011")) != "");
}

TEST_CASE("any bytes give a record or an error") {
  const uint64_t seed = 3;
  CAPTURE(seed);
  Random random(seed);
  Arena arena;
  for (int i = 0; i < 20'000; ++i) {
    Buffer bytes;
    *bytes.extend(1) = 1;
    *bytes.extend(1) = static_cast<uint8_t>(random.below(30));
    *bytes.extend(1) = static_cast<uint8_t>(random.below(4));
    for (uint64_t n = random.below(40); n > 0; --n) {
      *bytes.extend(1) = static_cast<uint8_t>(random.chance(0.5) ? random.below(6) : random.next());
    }
    arena.reset();
    const Result<Record> record = decode_record(bytes, arena);
    const bool expected = record || record.error().code() == Errc::kCorruptMessage ||
                          record.error().code() == Errc::kUnsupportedVersion;
    CHECK(expected);
  }
}

TEST_CASE("a record that its version has no place for is not half written") {
  Buffer bytes(as_bytes("kept"));
  Uuid directory{1, 1000};
  const kafka::PartitionRecord partition{.directories = {&directory, 1}};
  CHECK(!encode_record({partition, 0}, bytes));
  CHECK(as_text(bytes) == "kept");
}

TEST_CASE("versions follow metadata.version, or the fields that are set") {
  const auto version = [](RecordBody body, int16_t level) { return record_version(body, level); };
  CHECK(version(kafka::RegisterBrokerRecord{}, 7) == 1);
  CHECK(version(kafka::RegisterBrokerRecord{}, 8) == 2);
  CHECK(version(kafka::RegisterBrokerRecord{}, 17) == 3);
  CHECK(version(kafka::RegisterBrokerRecord{}, 30) == 4);
  CHECK(version(kafka::PartitionRecord{}, 16) == 0);
  CHECK(version(kafka::PartitionRecord{}, 17) == 1);
  CHECK(version(kafka::PartitionChangeRecord{}, 23) == 2);
  CHECK(version(kafka::ConfigRecord{}, 30) == 0);
  CHECK(version(kafka::BrokerRegistrationChangeRecord{.fenced = 1}, 30) == 0);
  CHECK(version(kafka::BrokerRegistrationChangeRecord{.in_controlled_shutdown = 1}, 30) == 1);
  kafka::BrokerRegistrationChangeRecord cordoned;
  cordoned.cordoned_log_dirs.emplace();
  CHECK(version(cordoned, 30) == 3);
  CHECK(metadata_version_name(30) == "4.3-IV0");
  CHECK(metadata_version_name(17) == "3.7-IV2");
  CHECK(metadata_version_name(31).empty());
}

}  // namespace
}  // namespace millrace::metadata
