#include "group/java_text.h"

#include "base/testing.h"

namespace millrace::group {
namespace {

TEST_CASE("a group lies in the partition where Kafka puts it") {
  // As org.apache.kafka.common.utils.Utils.abs(groupId.hashCode()) % 50 says.
  struct {
    const char* group;
    int32_t partition;
  } const rows[] = {{"dynamic", 45}, {"static", 38}, {"a", 47},   {"", 0},
                    {"grüppe", 12},  {"組", 18},     {"🙂x", 35}, {"polygenelubricants", 0}};
  for (const auto& row : rows) {
    CAPTURE(row.group);
    CHECK(partition_for(row.group, 50) == row.partition);
  }
}

TEST_CASE("text is measured in UTF-16 units") {
  CHECK(utf16_length("") == 0);
  CHECK(utf16_length("abc") == 3);
  CHECK(utf16_length("grüppe") == 6);
  CHECK(utf16_length("組") == 1);
  CHECK(utf16_length("🙂") == 2);
}

TEST_CASE("cutting splits no character") {
  CHECK(cut("abc", 3) == "abc");
  CHECK(cut("abc", 2) == "ab");
  CHECK(cut("aü", 2) == "a");
  CHECK(cut("🙂", 3) == "");
}

}  // namespace
}  // namespace millrace::group
