#include "metadata/checkpoint.h"

#include "base/random.h"
#include "kafka/batch_testing.h"
#include "metadata/features.h"

#include "base/testing.h"

namespace millrace::metadata {
namespace {

using kafka::testing::from_hex;

// bootstrap.checkpoint as Apache Kafka 4.3.1 formats it.
constexpr std::string_view kRecorded =
    "00000000000000000000004700000000027e41af64002000000000000001a1ff360ae4000001a1ff360ae4ffff"
    "ffffffffffffffffffffffff000000012a00000008000000031600000000000000000000000000000000000000"
    "01000000f10000000002d530e4b9000000000005000001a1ff360b9c000001a1ff360b9cffffffffffffffffff"
    "ffffffffff000000063a000000012e010c00116d657461646174612e76657273696f6e001e00005a000002014e"
    "010c0021656c696769626c652e6c65616465722e7265706c696361732e76657273696f6e000100003400000401"
    "28010c000e67726f75702e76657273696f6e00010000340000060128010c000e73686172652e76657273696f6e"
    "0001000038000008012c010c001073747265616d732e76657273696f6e000100004000000a0134010c00147472"
    "616e73616374696f6e2e76657273696f6e0002000000000000000000070000003f0000000002e566ea79002000"
    "000000000001a1ff360b9e000001a1ff360b9effffffffffffffffffffffffffff000000011a00000008000000"
    "040600000000";

struct Read {
  CheckpointHeader header;
  std::vector<std::pair<std::string, int16_t>> features;
};

Result<Read> read(Bytes file) {
  Read result;
  const auto header = read_checkpoint(file, [&](const Record& record) -> Result<> {
    if (const auto* feature = std::get_if<kafka::FeatureLevelRecord>(&record.body)) {
      result.features.emplace_back(feature->name, feature->feature_level);
    }
    return {};
  });
  if (!header) return fail(header.error());
  result.header = *header;
  return result;
}

Buffer written(const CheckpointHeader& header, const Records& records) {
  Buffer file;
  REQUIRE(write_checkpoint(header, LeaderEpoch(3), records, Timestamp{1234}, file));
  return file;
}

TEST_CASE("Kafka's bootstrap.checkpoint is read") {
  const Result<Read> file = read(from_hex(kRecorded));
  INFO((file ? "" : file.error().detail()));
  REQUIRE(file);
  CHECK(file->header == CheckpointHeader{});
  CHECK(file->features.size() == 6);
  CHECK(file->features.front() == std::pair<std::string, int16_t>("metadata.version", 30));
  CHECK(file->features.back() == std::pair<std::string, int16_t>("transaction.version", 2));
}

TEST_CASE("what is written has Kafka's bytes, but for clock and CRC") {
  const Buffer expected = from_hex(kRecorded);
  Records records;
  REQUIRE(read_checkpoint(expected, [&](const Record& record) -> Result<> {
    records.push_back(record);
    return {};
  }));
  Buffer file;
  REQUIRE(write_checkpoint({}, LeaderEpoch(0), records, Timestamp{0}, file));
  REQUIRE(file.size() == expected.size());
  const auto without_clock = [](const Buffer& from) {
    Buffer copy(from.bytes());
    kafka::BatchCursor batches(from);
    size_t start = 0;
    while (batches.next() != nullptr) {
      namespace at = kafka::batch_layout;
      for (size_t i = at::kCrc; i < at::kAttributes; ++i) copy.data()[start + i] = 0;
      for (size_t i = at::kBaseTimestamp; i < at::kProducerId; ++i) copy.data()[start + i] = 0;
      start = batches.position();
    }
    return copy;
  };
  CHECK(equal(without_clock(file), without_clock(expected)));
}

TEST_CASE("voters stand in the header once the quorum keeps them") {
  CheckpointHeader header{.last_contained = {99}, .quorum = {.kraft_version = 1}};
  header.quorum.voters.push_back({.key = {BrokerId(1), {5, 5}},
                                  .endpoints = {{"CONTROLLER", "host", 9093, 0}},
                                  .kraft_version = {0, 1}});
  const Buffer file = written(header, bootstrap_records());
  const Result<Read> back = read(file);
  REQUIRE(back);
  CHECK(back->header == header);
  CHECK(back->features.size() == 1);
}

TEST_CASE("records are split over batches when they are many") {
  Records records;
  const std::string value(30'000, 'v');
  for (int i = 0; i < 600; ++i) {
    records.push_back({kafka::ConfigRecord{
        .resource_type = 2, .resource_name = "t", .name = "n", .value = value}});
  }
  const Buffer file = written({}, records);
  int batches = 0;
  kafka::BatchCursor cursor(file);
  while (const kafka::RecordBatchView* batch = cursor.next()) {
    ++batches;
    CHECK(batch->size() <= kMetadataBatchBytesMax);
    CHECK(batch->partition_leader_epoch() == LeaderEpoch(3));
  }
  CHECK(batches == 2 + 3);
  int count = 0;
  CHECK(read_checkpoint(file, [&](const Record&) -> Result<> {
    ++count;
    return {};
  }));
  CHECK(count == 600);
}

TEST_CASE("a damaged snapshot is refused with where and why") {
  const Buffer whole = written({}, bootstrap_records());
  const auto refusal = [](Bytes bytes) {
    const Result<Read> file = read(bytes);
    return file ? std::string() : file.error().detail();
  };
  CHECK(refusal({}) == "snapshot: it ends without its footer");
  for (size_t size = 0; size < whole.size(); ++size) {
    CAPTURE(size);
    CHECK(refusal(whole.bytes().first(size)) != "");
  }
  // Only the epoch and, as far as it is the first batch's, the base offset stand outside the CRC;
  // the offset is checked against what came before.
  std::vector<bool> unchecked(whole.size());
  kafka::BatchCursor batches(whole);
  for (size_t start = 0; batches.next() != nullptr; start = batches.position()) {
    for (size_t i = 0; i < sizeof(int32_t); ++i) {
      unchecked[start + kafka::batch_layout::kPartitionLeaderEpoch + i] = true;
    }
  }
  for (size_t i = 0; i < whole.size(); ++i) {
    Buffer flipped(whole.bytes());
    flipped.data()[i] ^= 0x10;
    CAPTURE(i);
    CHECK(refusal(flipped).empty() == unchecked[i]);
  }
  Buffer twice(whole.bytes());
  twice.append(whole);
  CHECK(refusal(twice) != "");
}

TEST_CASE("a snapshot's name is its end and its epoch") {
  CHECK(checkpoint_file_name({Offset(42), LeaderEpoch(3)}) ==
        "00000000000000000042-0000000003.checkpoint");
  const auto parsed = parse_checkpoint_file_name("00000000000000000042-0000000003.checkpoint");
  CHECK(parsed == SnapshotId{Offset(42), LeaderEpoch(3)});
  for (const char* name :
       {"", "bootstrap.checkpoint", "42-3.checkpoint",
        "00000000000000000042-0000000003.checkpoint.part",
        "0000000000000000004x-0000000003.checkpoint", "00000000000000000042_0000000003.checkpoint",
        "-0000000000000000042-0000000003.checkpoint",
        "99999999999999999999-0000000003.checkpoint"}) {
    CAPTURE(name);
    CHECK(!parse_checkpoint_file_name(name));
  }
}

TEST_CASE("any bytes give a snapshot or an error") {
  const uint64_t seed = 5;
  CAPTURE(seed);
  Random random(seed);
  const Buffer whole = from_hex(kRecorded);
  for (int i = 0; i < 2'000; ++i) {
    Buffer bytes(whole.bytes().first(random.below(whole.size())));
    for (uint64_t n = random.below(5); n > 0 && !bytes.empty(); --n) {
      bytes.data()[random.below(bytes.size())] = static_cast<uint8_t>(random.next());
    }
    CHECK(!read(bytes));
  }
}

}  // namespace
}  // namespace millrace::metadata
