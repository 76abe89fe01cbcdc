#include "base/random.h"
#include "kafka/batch_testing.h"
#include "log/offset_index.h"
#include "log/time_index.h"
#include "log/transaction_index.h"

#include "base/testing.h"

namespace millrace::log {
namespace {

using kafka::testing::from_hex;

TEST_CASE("an offset index is 8 bytes an entry: relative last offset, position") {
  OffsetIndex index(Offset(1000));
  index.append(Offset(1009), 4200);
  index.append(Offset(0x01020304 + 1000), 0x7a0b0c0d);
  CHECK(equal(index.format(), from_hex("00000009"
                                       "00001068"
                                       "01020304"
                                       "7a0b0c0d")));
  const auto parsed = OffsetIndex::parse(Offset(1000), index.format(), INT32_MAX);
  REQUIRE(parsed.has_value());
  REQUIRE(parsed->size() == 2);
  CHECK(parsed->at(1) == OffsetIndex::Entry{Offset(0x01020304 + 1000), 0x7a0b0c0d});
}

TEST_CASE("an offset index answers with the last entry at or below, or the segment's start") {
  OffsetIndex index(Offset(100));
  index.append(Offset(110), 500);
  index.append(Offset(120), 900);
  CHECK(index.floor(Offset(109)) == OffsetIndex::Entry{Offset(100), 0});
  CHECK(index.floor(Offset(110)) == OffsetIndex::Entry{Offset(110), 500});
  CHECK(index.floor(Offset(5000)) == OffsetIndex::Entry{Offset(120), 900});
  CHECK(index.floor_position(899) == OffsetIndex::Entry{Offset(110), 500});
  CHECK(index.floor_position(3) == OffsetIndex::Entry{Offset(100), 0});
  CHECK(index.last() == OffsetIndex::Entry{Offset(120), 900});
  index.truncate_to(Offset(120));
  CHECK(index.last() == OffsetIndex::Entry{Offset(110), 500});
  index.truncate_to(Offset(110));
  CHECK(index.empty());
}

TEST_CASE("zeros behind an index, as Kafka leaves in an open file, are dropped") {
  OffsetIndex offsets(Offset(7));
  offsets.append(Offset(9), 100);
  Buffer file = offsets.format();
  std::fill_n(file.extend(80), 80, uint8_t{0});
  CHECK(OffsetIndex::parse(Offset(7), file, 1000)->size() == 1);

  TimeIndex times(Offset(7));
  times.maybe_append({55}, Offset(9));
  Buffer time_file = times.format();
  std::fill_n(time_file.extend(120), 120, uint8_t{0});
  CHECK(TimeIndex::parse(Offset(7), time_file)->size() == 1);

  Buffer only_zeros;
  std::fill_n(only_zeros.extend(240), 240, uint8_t{0});
  CHECK(OffsetIndex::parse(Offset(7), only_zeros, 1000)->empty());
  CHECK(TimeIndex::parse(Offset(7), only_zeros)->size() == 0);
}

TEST_CASE("an offset index that does not ascend, or points behind the log, is damaged") {
  const char* bad[] = {
      "00000009000010",                    // not a multiple of 8
      "000000090000106800000009000010ff",  // the same offset twice
      "00000009000010680000000a00001068",  // the same position twice
      "8000000900001068",                  // a negative offset
      "0000000900100000",                  // behind the log
  };
  for (const char* hex : bad) {
    CAPTURE(hex);
    const auto parsed = OffsetIndex::parse(Offset(0), from_hex(hex), 100'000);
    REQUIRE(!parsed.has_value());
    CHECK(parsed.error().code() == Errc::kCorruptFile);
  }
}

TEST_CASE("a time index is 12 bytes an entry: largest timestamp so far, relative offset") {
  TimeIndex index(Offset(1000));
  index.maybe_append({0x0000018bcfe56800}, Offset(1009));
  index.maybe_append({0x0000018bcfe56800}, Offset(1011));  // not larger: no entry
  index.maybe_append({0x0000018bcfe56801}, Offset(1020));
  CHECK(equal(index.format(), from_hex("0000018bcfe56800"
                                       "00000009"
                                       "0000018bcfe56801"
                                       "00000014")));
  const auto parsed = TimeIndex::parse(Offset(1000), index.format());
  REQUIRE(parsed.has_value());
  CHECK(parsed->last() == TimeIndex::Entry{{0x0000018bcfe56801}, Offset(1020)});
  CHECK(parsed->floor({0x0000018bcfe56800}).offset == Offset(1009));
  CHECK(parsed->floor({5}) == TimeIndex::Entry{kNoTimestamp, Offset(1000)});
}

TEST_CASE("a single time index entry of zeros is real: one batch at the epoch") {
  TimeIndex index(Offset(5));
  index.maybe_append({0}, Offset(5));
  CHECK(TimeIndex::parse(Offset(5), index.format())->size() == 1);
}

TEST_CASE("a time index that does not ascend is damaged") {
  const char* bad[] = {
      "0000018bcfe568000000",  // not a multiple of 12
      "0000018bcfe5680000000009"
      "0000018bcfe568000000000a",  // the same time twice
      "0000018bcfe5680000000009"
      "0000018bcfe5680100000008",  // an offset that goes back
      "0000018bcfe56800ffffffff",  // a negative one
  };
  for (const char* hex : bad) {
    CAPTURE(hex);
    const auto parsed = TimeIndex::parse(Offset(0), from_hex(hex));
    REQUIRE(!parsed.has_value());
    CHECK(parsed.error().code() == Errc::kCorruptFile);
  }
}

TEST_CASE("a transaction index is 34 bytes an entry, version 0 first") {
  TransactionIndex index;
  index.append({ProducerId(0x11), Offset(0x22), Offset(0x33), Offset(0x44)});
  CHECK(equal(index.format(), from_hex("0000"
                                       "0000000000000011"
                                       "0000000000000022"
                                       "0000000000000033"
                                       "0000000000000044")));
  const auto parsed = TransactionIndex::parse(index.format());
  REQUIRE(parsed.has_value());
  CHECK(parsed->entries() == index.entries());
}

TEST_CASE("a transaction index of a newer version is refused by that name") {
  Buffer file(from_hex(std::string("0001") + std::string(64, '0')));
  CHECK(TransactionIndex::parse(file).error().code() == Errc::kNewerFormat);
  CHECK(TransactionIndex::parse(file.bytes().first(33)).error().code() == Errc::kCorruptFile);
}

TEST_CASE("aborted transactions are those whose span overlaps the range") {
  TransactionIndex index;
  index.append({ProducerId(1), Offset(0), Offset(10), Offset(5)});
  index.append({ProducerId(2), Offset(5), Offset(15), Offset(16)});
  index.append({ProducerId(3), Offset(18), Offset(20), Offset(21)});
  const auto overlapping = [&](int64_t from, int64_t to) {
    std::vector<AbortedTransaction> found;
    index.collect(Offset(from), Offset(to), found);
    std::vector<int64_t> producers;
    producers.reserve(found.size());
    for (const AbortedTransaction& one : found) producers.push_back(one.producer_id.value);
    return producers;
  };
  CHECK(overlapping(0, 3) == std::vector<int64_t>{1});
  CHECK(overlapping(0, 6) == std::vector<int64_t>{1, 2});
  CHECK(overlapping(11, 18) == std::vector<int64_t>{2});
  CHECK(overlapping(16, 18).empty());
  CHECK(overlapping(0, 100) == std::vector<int64_t>{1, 2, 3});
}

TEST_CASE("random bytes are an index that ascends, or damage, and nothing else") {
  const uint64_t seed = 11;
  CAPTURE(seed);
  Random random(seed);
  for (int round = 0; round < 2000; ++round) {
    Buffer file;
    for (uint64_t n = random.below(80); n > 0; --n) {
      *file.extend(1) = static_cast<uint8_t>(random.chance(0.6) ? 0 : random.below(256));
    }
    if (const auto index = OffsetIndex::parse(Offset(3), file, INT32_MAX)) {
      CHECK(file.size() % 8 == 0);
      for (size_t i = 1; i < index->size(); ++i)
        CHECK(index->at(i).offset > index->at(i - 1).offset);
    }
    if (const auto index = TimeIndex::parse(Offset(3), file)) {
      CHECK(file.size() % 12 == 0);
      for (size_t i = 1; i < index->size(); ++i) {
        CHECK(index->at(i).timestamp > index->at(i - 1).timestamp);
      }
    }
    if (const auto index = TransactionIndex::parse(file)) CHECK(file.size() % 34 == 0);
  }
}

}  // namespace
}  // namespace millrace::log
