// The small files and control batches of the quorum: quorum-state, LeaderChange.
#include "base/random.h"
#include "kafka/batch_testing.h"
#include "metadata/quorum_batch.h"
#include "metadata/quorum_state.h"

#include "base/testing.h"

namespace millrace::metadata {
namespace {

using kafka::testing::from_hex;

TEST_CASE("quorum-state is written as Kafka 4.3.1 writes it, and read back") {
  const QuorumState state{
      .leader = BrokerId(1), .leader_epoch = LeaderEpoch(1), .voters = {BrokerId(1)}};
  const std::string recorded =
      R"({"clusterId":"","leaderId":1,"leaderEpoch":1,"votedId":-1,"appliedOffset":0,)"
      R"("currentVoters":[{"voterId":1}],"data_version":0})";
  CHECK(format_quorum_state(state) == recorded);
  CHECK(parse_quorum_state(recorded) == state);

  const QuorumState dynamic{.data_version = 1,
                            .leader = kNoBroker,
                            .leader_epoch = LeaderEpoch(5),
                            .voted = BrokerId(2),
                            .voted_directory = {1, 1000}};
  CHECK(parse_quorum_state(format_quorum_state(dynamic)) == dynamic);
  const QuorumState many{.voters = {BrokerId(1), BrokerId(2), BrokerId(3)}};
  CHECK(parse_quorum_state(format_quorum_state(many)) == many);
}

TEST_CASE("a damaged quorum-state is refused, a newer one by its version") {
  const auto code = [](std::string_view text) {
    const Result<QuorumState> state = parse_quorum_state(text);
    return state ? Errc::kNone : state.error().code();
  };
  for (const char* bad :
       {"", "x", "[]", "{}", R"({"data_version":0})",
        R"({"leaderId":1,"leaderEpoch":-1,"votedId":-1,"data_version":0})",
        R"({"leaderId":"1","leaderEpoch":1,"votedId":-1,"data_version":0})",
        R"({"leaderId":99999999999,"leaderEpoch":1,"votedId":-1,"data_version":0})",
        R"({"leaderId":1,"leaderEpoch":1,"votedId":-1,"data_version":-1})",
        R"({"leaderId":1,"leaderEpoch":1,"votedId":-1,"currentVoters":[1],"data_version":0})",
        R"({"leaderId":1,"leaderEpoch":1,"votedId":-1,"votedDirectoryId":"?","data_version":1})"}) {
    CAPTURE(bad);
    CHECK(code(bad) == Errc::kCorruptFile);
  }
  CHECK(code(R"({"leaderId":1,"leaderEpoch":1,"votedId":-1,"data_version":2})") ==
        Errc::kNewerFormat);
  CHECK(code(std::string(2 << 20, ' ')) == Errc::kCorruptFile);

  const uint64_t seed = 9;
  CAPTURE(seed);
  Random random(seed);
  const std::string whole = format_quorum_state({.voters = {BrokerId(1)}});
  for (int i = 0; i < 5'000; ++i) {
    std::string text = whole.substr(0, random.below(whole.size() + 1));
    if (!text.empty()) text[random.below(text.size())] = static_cast<char>(random.next());
    const Errc result = code(text);
    const bool expected =
        result == Errc::kNone || result == Errc::kCorruptFile || result == Errc::kNewerFormat;
    CHECK(expected);
  }
}

TEST_CASE("a leader opens its epoch with Kafka's bytes") {
  // The value as in the log of Apache Kafka 4.3.1: version 0, leader 1, voters [1], granting [1].
  const std::vector<BrokerId> voters{BrokerId(1)};
  Buffer bytes;
  REQUIRE(append_leader_change({.base_offset = Offset(0), .epoch = LeaderEpoch(1), .now = {9}},
                               BrokerId(1), voters, voters, bytes));
  kafka::BatchCursor cursor(bytes);
  const kafka::RecordBatchView* batch = cursor.next();
  REQUIRE(batch != nullptr);
  CHECK(batch->size() == 91);
  CHECK(batch->is_control());
  CHECK(batch->partition_leader_epoch() == LeaderEpoch(1));
  const std::string_view value = as_text(batch->payload());
  CHECK(
      value.ends_with(as_text(from_hex("00000000000102000000010002000000010000"
                                       "00"))));
}

TEST_CASE("records that belong together stand in one batch or are refused") {
  Records records;
  const std::string value(32'000, 'v');
  for (int i = 0; i < 300; ++i) {
    records.push_back({kafka::ConfigRecord{.name = "n", .value = value}});
  }
  Buffer bytes(as_bytes("kept"));
  const Result<> result = append_metadata_batch(records, {.now = {1}}, BatchRule::kOneBatch, bytes);
  REQUIRE(!result);
  CHECK(result.error().code() == Errc::kRecordListTooLarge);
  CHECK(as_text(bytes) == "kept");
  bytes.clear();
  REQUIRE(append_metadata_batch(records, {.base_offset = Offset(10), .now = {1}},
                                BatchRule::kMaySplit, bytes));
  kafka::BatchCursor cursor(bytes);
  Offset next(10);
  while (const kafka::RecordBatchView* batch = cursor.next()) {
    CHECK(batch->base_offset() == next);
    next = batch->next_offset();
  }
  CHECK(next == Offset(310));
  bytes.clear();
  CHECK(append_metadata_batch({}, {.now = {1}}, BatchRule::kOneBatch, bytes));
  CHECK(bytes.empty());
}

}  // namespace
}  // namespace millrace::metadata
