// Batches that other implementations wrote: we read them, and what has one form only we write
// alike.
#include "base/testing.h"
#include "kafka/batch_testing.h"
#include "kafka/control_record.h"
#include "kafka/crc32c.h"

namespace millrace::kafka {
namespace {

using testing::build;
using testing::from_hex;
using testing::OwnedRecord;

constexpr std::string_view kRace = "a millrace leads the stream";
constexpr std::string_view kWheel = "a millrace leads the stream to the wheel";
constexpr int64_t kThen = 1'700'000'000'000;

struct Golden {
  const char* writer;
  const char* hex;
};

constexpr Golden kThreeRecords[] = {
    {"kafka-clients 4.3.1, none",
     "000000000000000000000095ffffffff021bcd55630000000000020000018bcfe568000000018bcfe568"
     "05ffffffffffffffffffffffffffff0000000346000000046b313661206d696c6c72616365206c656164"
     "73207468652073747265616d0070000a02015061206d696c6c72616365206c6561647320746865207374"
     "7265616d20746f2074686520776865656c0402680278086e6f6e65010c000504000100"},
    {"kafka-clients 4.3.1, gzip",
     "00000000000000000000008dffffffff02cdb3a7590001000000020000018bcfe568000000018bcfe568"
     "05ffffffffffffffffffffffffffff000000031f8b08000000000000ff7363606060c936344b54c8cdcc"
     "c9294a4c4e55c8494d4c295628c94855282e294a4dcc652860e062620cc0a342a1241fcc2bcf484dcd61"
     "61ca60aae0c8cbcf4b65e46160656160640000cc8ef59564000000"},
    {"kafka-clients 4.3.1, snappy",
     "000000000000000000000093ffffffff02c9b7c20b0002000000020000018bcfe568000000018bcfe568"
     "05ffffffffffffffffffffffffffff0000000382534e415050590000000001000000010000004e64a846"
     "000000046b313661206d696c6c72616365206c65616473207468652073747265616d0070000a02015061"
     "6622000820746f053058776865656c0402680278086e6f6e65010c000504000100"},
    {"kafka-clients 4.3.1, lz4",
     "00000000000000000000008effffffff02f9c7d3570003000000020000018bcfe568000000018bcfe568"
     "05ffffffffffffffffffffffffffff0000000304224d186040824e000000ff1b46000000046b31366120"
     "6d696c6c72616365206c65616473207468652073747265616d0070000a0201502200083120746f3000f0"
     "08776865656c0402680278086e6f6e65010c00050400010000000000"},
    {"kafka-clients 4.3.1, zstd",
     "000000000000000000000087ffffffff0206c9391f0004000000020000018bcfe568000000018bcfe568"
     "05ffffffffffffffffffffffffffff0000000328b52ffd005854020042c40f1790c539509466b4c98243"
     "3e4c246b52d49199752b71225346a3c0047eb125044e3a68ff04602f113c831b2b7d7b2e9f5e3a45bff9"
     "44dbeea2528d8241b68f0200530943255465010000"},
    {"kafka-python 3.0.12, gzip",
     "00000000000000000000008d0000000002fc72f8940001000000020000018bcfe568000000018bcfe568"
     "05ffffffffffffffffffffffffffff000000031f8b080083c2016b02ff7363606060c936344b54c8cdcc"
     "c9294a4c4e55c8494d4c295628c94855282e294a4dcc652860e062620cc0a342a1241fcc2bcf484dcd61"
     "61ca60aae0c8cbcf4b65e46160656160640000cc8ef59564000000"},
    {"kafka-python 3.0.12, zstd",
     "000000000000000000000084000000000256ad3bca0004000000020000018bcfe568000000018bcfe568"
     "05ffffffffffffffffffffffffffff0000000328b52ffd206455020042c40f1790c539509466b4c98243"
     "3e4c246b52d49199752b71225346a3c0047eb125044e3a68ff04602f113c831b2b7d7b2e9f5e3a45bff9"
     "44dbeea2528d8241b68f0200530943255465"},
};

// lz4 with a content size in its frame.
constexpr Golden kKafkaPythonLz4 = {
    "kafka-python 3.0.12, lz4",
    "00000000000000000000009c0000000002be25a4f90003000000020000018bcfe568000000018bcfe568"
    "05ffffffffffffffffffffffffffff0000000304224d186840b600000000000000b954000000ff1d4600"
    "0000046b313661206d696c6c72616365206c65616473207468652073747265616d009202000a0201f001"
    "2400083120746f32005f776865656c28003df0030402680278086e6f6e65010c00050400010000000000"};

constexpr Golden kTwoRecords[] = {
    {"librdkafka 2.0.2, none",
     "00000000000000000000009a00000000020e759d8d000000000001000001a1fedff64b000001a1fedff6"
     "4bffffffffffffffffffffffffffff00000002ac01000000046b318a0161206d696c6c72616365206c65"
     "616473207468652073747265616d3b2061206d696c6c72616365206c6561647320746865207374726561"
     "6d20746f2074686520776865656c04026802780279023220000002046b3201040268027802790232"},
    {"librdkafka 2.0.2, gzip",
     "00000000000000000000008b00000000020f1972bf000100000001000001a1fedff71f000001a1fedff7"
     "1fffffffffffffffffffffffffffff000000021f8b08000000000000035bc3c8c0c0c0926dd8c598a890"
     "9b99935394989caa90939a9852ac509291aa505c52949a986bad804752a1241fcc2bcf484dcd6161ca60"
     "aa60aa64325260606062c93662840b0000282c48ba69000000"},
    {"librdkafka 2.0.2, raw snappy",
     "0000000000000000000000830000000002e4e8d8c1000200000001000001a1fedff7f2000001a1fedff7"
     "f2ffffffffffffffffffffffffffff000000026998ac01000000046b318a0161206d696c6c7261636520"
     "6c65616473207468652073747265616d3b206a1d000820746f052b78776865656c040268027802790232"
     "20000002046b3201040268027802790232"},
    {"librdkafka 2.0.2, zstd",
     "000000000000000000000087000000000276a47a99000400000001000001a1fedff999000001a1fedff9"
     "99ffffffffffffffffffffffffffff0000000228b52ffd00586d02000404ac01000000046b318a016120"
     "6d696c6c72616365206c65616473207468652073747265616d3b2020746f776865656c04026802780279"
     "023220000002046b32010300685673ea1a07a17a02"},
};

constexpr Golden kLibrdkafkaLz4 = {
    "librdkafka 2.0.2, lz4",
    "0000000000000000000000970000000002e8fd3d58000300000001000001a1fee015a2000001a1fee015"
    "a2ffffffffffffffffffffffffffff0000000204224d1860408257000000ff188002000000046b31de01"
    "61206d696c6c72616365206c65616473207468652073747265616d3b201d00083120746f2b005f776865"
    "656c2a0017f00b04026802780279023220000002046b320104026802780279023200000000"};

// LogAppendTime, producer 4001 epoch 7, sequence 2^31 - 2.
constexpr std::string_view kTransactional =
    "0000000000000000000000950000000502d770f4d60018000000020000018bcfe568000000018bcfe58f"
    "0f0000000000000fa100077ffffffe0000000346000000046b313661206d696c6c72616365206c656164"
    "73207468652073747265616d0070000a02015061206d696c6c72616365206c6561647320746865207374"
    "7265616d20746f2074686520776865656c0402680278086e6f6e65010c000504000100";

// What compaction leaves of a transactional batch at 100 to 109.
constexpr std::string_view kEmpty =
    "00000000000000640000003100000003028f4e531a001000000009ffffffffffffffff0000018bcfe568"
    "000000000000000fa100070000000c00000000";

// A commit marker at offset 55.
constexpr std::string_view kMarker =
    "00000000000000370000004200000003022e38fb0c0030000000000000018bcfe568000000018bcfe568"
    "000000000000000fa10007ffffffff000000012000000008000000010c00000000000900";

// Two records of a compacted batch at 100 to 109, with a delete horizon.
constexpr std::string_view kHorizon =
    "0000000000000064000000460000000302589c7fd60040000000090000018bcfed09200000018bcfe568"
    "010000000000000fa100070000000c000000021200bf843d02026b01001400bd843d08026c027600";

std::vector<OwnedRecord> three_records() {
  return {{.timestamp_ms = kThen, .key = "k1", .value = std::string(kRace), .offset = 0},
          {.timestamp_ms = kThen + 5,
           .value = std::string(kWheel),
           .headers = {{"h", "x"}, {"none", std::nullopt}},
           .offset = 1},
          {.timestamp_ms = kThen - 3, .key = "", .offset = 2}};
}

std::vector<OwnedRecord> two_records(int64_t timestamp_ms, std::string value) {
  return {{.timestamp_ms = timestamp_ms,
           .key = "k1",
           .value = std::move(value),
           .headers = {{"h", "x"}, {"y", "2"}},
           .offset = 0},
          {.timestamp_ms = timestamp_ms,
           .key = "k2",
           .headers = {{"h", "x"}, {"y", "2"}},
           .offset = 1}};
}

TEST_CASE("batches of the Java client and kafka-python are read, every codec") {
  for (const Golden& golden : kThreeRecords) {
    CAPTURE(golden.writer);
    auto records = testing::read(from_hex(golden.hex));
    REQUIRE(records.has_value());
    CHECK(*records == three_records());
  }
  auto records = testing::read(from_hex(kKafkaPythonLz4.hex));
  REQUIRE(records.has_value());
  REQUIRE(records->size() == 3);
  CHECK(records->at(1).value == std::string(kWheel) + std::string(kWheel) + std::string(kWheel));
}

TEST_CASE("batches of librdkafka are read, every codec") {
  const std::string value = std::string(kRace) + "; " + std::string(kWheel);
  for (const Golden& golden : kTwoRecords) {
    CAPTURE(golden.writer);
    const Buffer batch = from_hex(golden.hex);
    auto records = testing::read(batch);
    REQUIRE(records.has_value());
    CHECK(*records == two_records(parse_batch(batch)->base_timestamp().ms, value));
  }
  const Buffer batch = from_hex(kLibrdkafkaLz4.hex);
  auto records = testing::read(batch);
  REQUIRE(records.has_value());
  CHECK(*records ==
        two_records(parse_batch(batch)->base_timestamp().ms, value + "; " + std::string(kWheel)));
}

TEST_CASE("an uncompressed batch is written byte for byte as the Java client writes it") {
  CHECK(equal(build({}, three_records()), from_hex(kThreeRecords[0].hex)));
}

TEST_CASE("snappy and lz4 batches are written byte for byte as the Java client writes them") {
  CHECK(equal(build({.codec = Codec::kSnappy}, three_records()), from_hex(kThreeRecords[2].hex)));
  CHECK(equal(build({.codec = Codec::kLz4}, three_records()), from_hex(kThreeRecords[3].hex)));
}

TEST_CASE("a transactional LogAppendTime batch is written as Kafka writes it") {
  const BatchOptions options = {.partition_leader_epoch = LeaderEpoch(5),
                                .timestamp_type = TimestampType::kLogAppendTime,
                                .log_append_time = {1'700'000'009'999},
                                .producer_id = ProducerId(4001),
                                .producer_epoch = ProducerEpoch(7),
                                .base_sequence = 2'147'483'646,
                                .transactional = true};
  const Buffer golden = from_hex(kTransactional);
  // Java takes the deltas from the record's own time and then ignores them; ours are 0.
  const Buffer ours = build(options, three_records());
  const RecordBatchView theirs = *parse_batch(golden);
  CHECK(verify_crc(theirs).has_value());
  CHECK(theirs.is_transactional());
  CHECK_FALSE(theirs.is_control());
  CHECK(theirs.last_sequence() == 0);
  CHECK(theirs.producer_id() == ProducerId(4001));
  CHECK(*testing::read(golden) == *testing::read(ours));
  CHECK(testing::read(golden)->at(1).timestamp_ms == 1'700'000'009'999);
}

TEST_CASE("a batch without records is written as Kafka's compaction writes it") {
  const BatchOptions options = {.base_offset = Offset(100),
                                .partition_leader_epoch = LeaderEpoch(3),
                                .codec = Codec::kZstd,
                                .producer_id = ProducerId(4001),
                                .producer_epoch = ProducerEpoch(7),
                                .base_sequence = 12,
                                .transactional = true,
                                .delete_horizon = Timestamp{5}};
  Buffer batch;
  append_empty_batch(options, 9, {kThen}, batch);
  CHECK(equal(batch, from_hex(kEmpty)));
  CHECK(testing::read(batch)->empty());
  CHECK(parse_batch(batch)->last_sequence() == 21);
  CHECK(parse_batch(batch)->next_offset() == Offset(110));
}

TEST_CASE("a transaction marker is written and read as Kafka's") {
  const auto key = control_record_key(ControlRecordType::kCommit);
  const auto value = end_transaction_marker_value(9);
  Compressor compressor;
  RecordBatchBuilder builder(compressor);
  builder.begin({.base_offset = Offset(55),
                 .partition_leader_epoch = LeaderEpoch(3),
                 .producer_id = ProducerId(4001),
                 .producer_epoch = ProducerEpoch(7),
                 .transactional = true,
                 .control = true});
  REQUIRE(builder.append({.timestamp = {kThen}, .key = key, .value = value}).has_value());
  const Bytes ours = *builder.finish();
  CHECK(equal(ours, from_hex(kMarker)));

  const RecordBatchView batch = *parse_batch(ours);
  CHECK(batch.is_control());
  CHECK(batch.last_sequence() == kNoSequence);
  RecordCursor records(batch, batch.payload());
  const auto marker = parse_end_transaction_marker(*records.next());
  REQUIRE(marker.has_value());
  CHECK(marker->commit);
  CHECK(marker->coordinator_epoch == 9);
}

TEST_CASE("a compacted batch with a delete horizon is written as Kafka writes it, and read") {
  const BatchOptions options = {.base_offset = Offset(100),
                                .partition_leader_epoch = LeaderEpoch(3),
                                .producer_id = ProducerId(4001),
                                .producer_epoch = ProducerEpoch(7),
                                .base_sequence = 12,
                                .delete_horizon = Timestamp{1'700'000'500'000}};
  const Buffer golden = from_hex(kHorizon);
  const RecordBatchView theirs = *parse_batch(golden);
  CHECK(theirs.delete_horizon() == Timestamp{1'700'000'500'000});
  const std::vector<OwnedRecord> expected = {
      {.timestamp_ms = kThen, .key = "k", .offset = 101},
      {.timestamp_ms = kThen + 1, .key = "l", .value = "v", .offset = 104}};
  CHECK(*testing::read(golden) == expected);

  Compressor compressor;
  RecordBatchBuilder builder(compressor);
  builder.begin(options);
  RecordCursor records(theirs, theirs.payload());
  while (const RecordView* record = records.next()) REQUIRE(builder.copy(*record).has_value());
  builder.set_last_offset_delta(theirs.last_offset_delta());
  CHECK(equal(*builder.finish(), golden));
}

}  // namespace
}  // namespace millrace::kafka
