#include "log/producer_state.h"

#include "kafka/batch_testing.h"
#include "log/producer_snapshot.h"

#include "base/testing.h"

namespace millrace::log {
namespace {

using kafka::testing::from_hex;

/// A producer's batch as it stands in the log.
struct Sent {
  int64_t producer = 9;
  int16_t epoch = 0;
  int32_t sequence = 0;
  int32_t count = 1;
  int64_t offset = 0;
  bool transactional = false;
  bool control = false;
};

class Batch {
 public:
  explicit Batch(const Sent& sent) {
    std::vector<kafka::testing::OwnedRecord> records;
    records.reserve(static_cast<size_t>(sent.count));
    for (int32_t i = 0; i < sent.count; ++i) {
      records.push_back(
          {.timestamp_ms = 1000 + sent.offset + i, .value = "v", .offset = sent.offset + i});
    }
    bytes_ = kafka::testing::build({.base_offset = Offset(sent.offset),
                                    .producer_id = ProducerId(sent.producer),
                                    .producer_epoch = ProducerEpoch(sent.epoch),
                                    .base_sequence = sent.sequence,
                                    .transactional = sent.transactional,
                                    .control = sent.control},
                                   records);
  }
  kafka::RecordBatchView view() const { return *kafka::parse_batch(bytes_); }

 private:
  Buffer bytes_;
};

Errc refused(const ProducerStates& states, const Sent& sent,
             AppendOrigin origin = AppendOrigin::kClient) {
  const auto checked = states.check(Batch(sent).view(), origin);
  return checked ? Errc::kNone : checked.error().code();
}

void update(ProducerStates& states, const Sent& sent) {
  states.update(Batch(sent).view());
}

std::optional<AbortedTransaction> end(ProducerStates& states, const Sent& sent, bool commit,
                                      int32_t coordinator_epoch = 0) {
  const Batch batch(sent);
  return states.update_marker(batch.view(), {commit, coordinator_epoch}, {5});
}

TEST_CASE("a producer that is not known may begin with any sequence") {
  CHECK(refused({}, {.sequence = 77}) == Errc::kNone);
}

TEST_CASE("the next batch continues the sequence; a gap is refused") {
  ProducerStates states;
  update(states, {.sequence = 0, .count = 3});
  CHECK(refused(states, {.sequence = 3}) == Errc::kNone);
  CHECK(refused(states, {.sequence = 4}) == Errc::kOutOfOrderSequenceNumber);
  CHECK(refused(states, {.sequence = 2}) == Errc::kOutOfOrderSequenceNumber);
}

TEST_CASE("one of the last five batches sent again is told by its first and last sequence") {
  ProducerStates states;
  for (int i = 0; i < 7; ++i) {
    update(states, {.sequence = i * 2, .count = 2, .offset = 100 + i * 2});
  }
  for (int i = 2; i < 7; ++i) {
    const Batch again({.sequence = i * 2, .count = 2});
    const auto checked = states.check(again.view(), AppendOrigin::kClient);
    REQUIRE((checked && *checked));
    CHECK((*checked)->first_offset() == Offset(100 + i * 2));
    CHECK((*checked)->last_offset == Offset(101 + i * 2));
  }
  CHECK(refused(states, {.sequence = 2, .count = 2}) == Errc::kOutOfOrderSequenceNumber);
  CHECK(refused(states, {.sequence = 12, .count = 1}) == Errc::kOutOfOrderSequenceNumber);
}

TEST_CASE("after sequence 2^31 - 1 comes 0, also within a batch") {
  ProducerStates states;
  update(states, {.sequence = INT32_MAX - 1, .count = 2});
  CHECK(refused(states, {.sequence = 0}) == Errc::kNone);
  update(states, {.sequence = 0, .count = 1, .offset = 2});

  ProducerStates wrapping;
  update(wrapping, {.sequence = INT32_MAX, .count = 3});
  CHECK(wrapping.find(ProducerId(9))->last_batch()->last_sequence == 1);
  CHECK(wrapping.find(ProducerId(9))->last_batch()->first_sequence() == INT32_MAX);
  CHECK(refused(wrapping, {.sequence = 2}) == Errc::kNone);
  const Batch again({.sequence = INT32_MAX, .count = 3});
  CHECK((*wrapping.check(again.view(), AppendOrigin::kClient)).has_value());
}

TEST_CASE("a new epoch begins at sequence 0; an older one is refused") {
  ProducerStates states;
  update(states, {.epoch = 3, .sequence = 0, .count = 5});
  CHECK(refused(states, {.epoch = 4, .sequence = 0}) == Errc::kNone);
  CHECK(refused(states, {.epoch = 4, .sequence = 5}) == Errc::kOutOfOrderSequenceNumber);
  CHECK(refused(states, {.epoch = 2, .sequence = 0}) == Errc::kInvalidProducerEpoch);
  CHECK(refused(states, {.epoch = 2}, AppendOrigin::kCoordinator) == Errc::kInvalidProducerEpoch);
  CHECK(refused(states, {.epoch = 2}, AppendOrigin::kReplication) == Errc::kNone);
}

TEST_CASE("a new epoch forgets the batches of the old one") {
  ProducerStates states;
  update(states, {.epoch = 0, .sequence = 0, .count = 5});
  update(states, {.epoch = 1, .sequence = 0, .count = 1, .offset = 5});
  CHECK(states.find(ProducerId(9))->batches().size() == 1);
  CHECK(refused(states, {.epoch = 1, .sequence = 1}) == Errc::kNone);
}

TEST_CASE("a producer known by a marker only begins at sequence 0") {
  ProducerStates states;
  end(states, {.epoch = 2, .sequence = -1, .control = true}, true);
  CHECK(refused(states, {.epoch = 2, .sequence = 0}) == Errc::kNone);
  CHECK(refused(states, {.epoch = 2, .sequence = 1}) == Errc::kOutOfOrderSequenceNumber);
}

TEST_CASE("while a transaction is open its producer writes nothing outside of it") {
  ProducerStates states;
  update(states, {.sequence = 0, .transactional = true});
  CHECK(refused(states, {.sequence = 1}) == Errc::kInvalidTxnState);
  CHECK(refused(states, {.sequence = 1, .transactional = true}) == Errc::kNone);
}

TEST_CASE("an open transaction holds the first unstable offset, until its end is replicated") {
  ProducerStates states;
  CHECK(!states.first_unstable_offset());
  update(states, {.producer = 1, .offset = 10, .transactional = true});
  update(states, {.producer = 2, .offset = 11, .transactional = true});
  CHECK(states.first_unstable_offset() == Offset(10));
  CHECK(!end(states, {.producer = 1, .sequence = -1, .offset = 12, .control = true}, true));
  CHECK(states.first_unstable_offset() == Offset(10));
  states.on_high_watermark(Offset(12));  // the marker itself is not below it
  CHECK(states.first_unstable_offset() == Offset(10));
  states.on_high_watermark(Offset(13));
  CHECK(states.first_unstable_offset() == Offset(11));
}

TEST_CASE("an abort gives an index entry with the last stable offset of that moment") {
  ProducerStates states;
  update(states, {.producer = 1, .offset = 10, .transactional = true});
  update(states, {.producer = 2, .offset = 11, .transactional = true});
  const auto first =
      end(states, {.producer = 1, .sequence = -1, .offset = 12, .control = true}, false);
  CHECK(first == AbortedTransaction{ProducerId(1), Offset(10), Offset(12), Offset(11)});
  const auto second =
      end(states, {.producer = 2, .sequence = -1, .offset = 13, .control = true}, false);
  CHECK(second == AbortedTransaction{ProducerId(2), Offset(11), Offset(13), Offset(14)});
}

TEST_CASE("a marker without data here aborts nothing and holds up nobody") {
  ProducerStates states;
  CHECK(!end(states, {.sequence = -1, .control = true}, false));
  CHECK(!states.first_unstable_offset());
}

TEST_CASE("a marker of an older coordinator is fenced") {
  ProducerStates states;
  end(states, {.sequence = -1, .control = true}, true, 7);
  const Batch batch({.sequence = -1, .control = true});
  CHECK(states.check_marker(batch.view(), {true, 7}, AppendOrigin::kCoordinator));
  CHECK(states.check_marker(batch.view(), {true, 6}, AppendOrigin::kCoordinator).error().code() ==
        Errc::kTransactionCoordinatorFenced);
  CHECK(states.check_marker(batch.view(), {true, 6}, AppendOrigin::kReplication));
}

TEST_CASE("a producer that was silent for long is forgotten, unless its transaction is open") {
  ProducerStates states;
  update(states, {.producer = 1, .offset = 0});                         // at 1000 ms
  update(states, {.producer = 2, .offset = 500});                       // at 1500 ms
  update(states, {.producer = 3, .offset = 1, .transactional = true});  // at 1001 ms
  CHECK(states.expire({1600}, milliseconds(500)) == Timestamp{2000});
  CHECK(!states.find(ProducerId(1)));
  CHECK(states.find(ProducerId(2)));
  CHECK(states.find(ProducerId(3)));
  CHECK(!states.expire({9000}, milliseconds(500)));
  CHECK(states.size() == 1);
}

TEST_CASE("a producer snapshot is version, CRC, count and 46 bytes a producer") {
  ProducerStates states;
  update(states, {.producer = 0x11, .epoch = 2, .sequence = 5, .count = 3, .offset = 0x20});
  update(states,
         {.producer = 0x12, .epoch = 1, .sequence = 0, .offset = 0x23, .transactional = true});
  const Buffer file = format_producer_snapshot(states);
  const Buffer expected = from_hex(
      "0001"
      "00000000"
      "00000002"
      "0000000000000011"
      "0002"
      "00000007"
      "0000000000000022"
      "00000002"
      "000000000000040a"
      "ffffffff"
      "ffffffffffffffff"
      "0000000000000012"
      "0001"
      "00000000"
      "0000000000000023"
      "00000000"
      "000000000000040b"
      "ffffffff"
      "0000000000000023");
  REQUIRE(file.size() == expected.size());
  CHECK(equal(file.bytes().first(2), expected.bytes().first(2)));
  CHECK(equal(file.bytes().subspan(6), expected.bytes().subspan(6)));

  const auto parsed = parse_producer_snapshot(file);
  REQUIRE(parsed.has_value());
  ProducerStates restored;
  restored.restore(*parsed);
  CHECK(restored.first_unstable_offset() == Offset(0x23));
  CHECK(refused(restored, {.producer = 0x11, .epoch = 2, .sequence = 8}) == Errc::kNone);
  const Batch again({.producer = 0x11, .epoch = 2, .sequence = 5, .count = 3});
  const auto duplicate = restored.check(again.view(), AppendOrigin::kClient);
  REQUIRE((duplicate && *duplicate));
  CHECK((*duplicate)->first_offset() == Offset(0x20));
  CHECK(equal(format_producer_snapshot(restored), file));
}

TEST_CASE("an empty producer snapshot has ten bytes, with the CRC that Kafka writes") {
  CHECK(equal(format_producer_snapshot({}), from_hex("0001"
                                                     "48674bc7"
                                                     "00000000")));
}

TEST_CASE("a damaged producer snapshot is told by its CRC, its size or its version") {
  ProducerStates states;
  update(states, {.sequence = 5});
  const Buffer file = format_producer_snapshot(states);
  for (size_t at = 0; at < file.size(); ++at) {
    Buffer damaged(file.bytes());
    damaged.data()[at] ^= 0x10;
    CHECK(!parse_producer_snapshot(damaged));
  }
  for (size_t size = 0; size < file.size(); ++size) {
    CHECK(!parse_producer_snapshot(file.bytes().first(size)));
  }
}

TEST_CASE(
    "a producer snapshot whose batch would begin below offset 0, or behind its end, is damaged") {
  for (const int32_t delta : {-1, 1, 1 << 30}) {
    ProducerEntry entry;
    entry.add_batch({.last_sequence = 5, .offset_delta = delta, .last_offset = Offset(0)});
    ProducerStates states;
    states.restore({&entry, 1});
    const auto parsed = parse_producer_snapshot(format_producer_snapshot(states));
    REQUIRE(!parsed);
    CHECK(parsed.error().code() == Errc::kCorruptFile);
  }
}

}  // namespace
}  // namespace millrace::log
