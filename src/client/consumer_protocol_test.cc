#include "client/consumer_protocol.h"

#include "base/testing.h"

namespace millrace::client {
namespace {

TEST_CASE("a subscription and an assignment survive their blobs") {
  const MemberSubscription member{.topics = {"a", "b"},
                                  .owned = {{"a", PartitionIndex(1)}, {"b", PartitionIndex(0)}},
                                  .generation = 7};
  const auto decoded = decode_subscription(encode_subscription(member));
  REQUIRE(decoded);
  CHECK(decoded->topics == member.topics);
  CHECK(decoded->owned == member.owned);
  CHECK(decoded->generation == 7);

  const std::vector<TopicPartition> partitions = {{"t", PartitionIndex(0)},
                                                  {"t", PartitionIndex(5)}};
  CHECK(decode_assignment(encode_assignment(partitions)) == partitions);
  CHECK(decode_assignment({})->empty());
}

TEST_CASE("a subscription of version 0 and of a version to come are read") {
  // version, one topic "t", null user data
  const uint8_t v0[] = {0, 0, 0, 0, 0, 1, 0, 1, 't', 0xff, 0xff, 0xff, 0xff};
  CHECK(decode_subscription(v0)->topics == std::vector<std::string>{"t"});
  Buffer later = encode_subscription({.topics = {"t"}});
  later.data()[1] = 9;
  later.append(as_bytes("what version 9 adds"));
  CHECK(decode_subscription(later)->topics == std::vector<std::string>{"t"});
}

TEST_CASE("garbage is an error, not a crash") {
  CHECK(!decode_subscription({}));
  CHECK(!decode_subscription(as_bytes("\x00\x01\x7f\xff\xff\xff")));
  CHECK(!decode_assignment(as_bytes("\xff\xff\x00\x00")));
}

}  // namespace
}  // namespace millrace::client
