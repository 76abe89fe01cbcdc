#include "kafka/partition_hash.h"

#include "base/testing.h"

namespace millrace::kafka {
namespace {

int32_t murmur(std::string_view text) {
  return static_cast<int32_t>(murmur2(as_bytes(text)));
}

// All expectations are what Apache Kafka's and Java's own functions return.
TEST_CASE("a key's hash and partition are those of Kafka's producers") {
  CHECK(murmur("") == 275646681);
  CHECK(murmur("21") == -973932308);
  CHECK(murmur("abc") == 479470107);
  CHECK(murmur("foobar") == -790332482);
  CHECK(murmur("a-little-bit-long-string") == -985981536);
  CHECK(murmur("caf\u00e9") == -1358007374);

  CHECK(partition_for_key(as_bytes("foobar"), 12) == PartitionIndex(6));
  CHECK(partition_for_key(as_bytes("21"), 12) == PartitionIndex(0));
  CHECK(partition_for_key(as_bytes("abc"), 12) == PartitionIndex(3));
  CHECK(partition_for_key(as_bytes("foobar"), 1) == PartitionIndex(0));
}

TEST_CASE("an id's hash and partition are those of Kafka's coordinators") {
  CHECK(java_string_hash("") == 0);
  CHECK(java_string_hash("my-group") == -1906497762);
  CHECK(java_string_hash("orders") == -1008770331);
  CHECK(java_string_hash("caf\u00e9") == 3045921);
  CHECK(java_string_hash("\u65e5\u672c") == 835047);
  CHECK(java_string_hash("\U0001f600x") == 54959989);

  CHECK(partition_for_id("my-group", 50) == PartitionIndex(12));
  CHECK(partition_for_id("orders", 50) == PartitionIndex(31));
  CHECK(partition_for_id("ratings-consumer", 50) == PartitionIndex(15));
}

TEST_CASE("the hash without a positive counterpart means partition 0") {
  CHECK(java_string_hash("polygenelubricants") == std::numeric_limits<int32_t>::min());
  CHECK(partition_for_id("polygenelubricants", 50) == PartitionIndex(0));
}

TEST_CASE("malformed UTF-8 hashes as Java's replacement of it does") {
  CHECK(java_string_hash("\xc0\x80") == 2097056);
  CHECK(java_string_hash("\xe2\x82"
                         "a") == 2031620);
  CHECK(java_string_hash("\xed\xa0\x80") == 65533);
  CHECK(java_string_hash("\xf0\x9f\x98") == 65533);
  CHECK(java_string_hash("\xff"
                         "x") == 2031643);
  CHECK(java_string_hash("\xf4\x90\x80\x80") == 2017367872);
  CHECK(java_string_hash("\xe0\x80\x80") == 65074269);
  CHECK(java_string_hash("\x80") == 65533);
}

}  // namespace
}  // namespace millrace::kafka
