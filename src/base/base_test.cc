#include <set>

#include "base/arena.h"
#include "base/bytes.h"
#include "base/ids.h"
#include "base/printable.h"
#include "base/random.h"
#include "base/result.h"
#include "base/time.h"

#include "base/testing.h"

namespace millrace {
namespace {

Result<int> half(int n) {
  if (n % 2 != 0) return fail(Errc::kInvalidRequest, "odd");
  return n / 2;
}
Result<int> quarter(int n) {
  const int h = TRY(half(n));
  return half(h);
}

TEST_CASE("TRY unwraps a value and passes an error on") {
  CHECK(quarter(8) == 2);
  const Result<int> odd = quarter(6);
  REQUIRE(!odd);
  CHECK(odd.error().code() == Errc::kInvalidRequest);
  CHECK(odd.error().within("counting").detail() == "counting: odd");
}

TEST_CASE("every error row says what happened and what to do, and Kafka codes are unique") {
  std::set<int16_t> codes;
  for (size_t i = 0; i < error_count(); ++i) {
    const ErrorInfo& row = error_info(static_cast<Errc>(i));
    CAPTURE(row.name);
    CHECK(!row.sentence.empty());
    CHECK((!row.fix.empty() || row.code == Errc::kNone));
    if (row.kafka_name.empty()) continue;
    CHECK(codes.insert(row.kafka_code).second);
    CHECK(errc_from_kafka(row.kafka_code) == row.code);
  }
  CHECK(errc_from_kafka(9999) == Errc::kUnknownServerError);
}

TEST_CASE("a uuid's text is Kafka's") {
  CHECK(kMetadataTopicUuid.to_string() == "AAAAAAAAAAAAAAAAAAAAAQ");
  CHECK(Uuid::parse("AAAAAAAAAAAAAAAAAAAAAQ") == kMetadataTopicUuid);
  CHECK(!Uuid::parse("AAAAAAAAAAAAAAAAAAAAA"));
  CHECK(!Uuid::parse("AAAAAAAAAAAAAAAAAAAA+Q"));
  Random random(1);
  for (int i = 0; i < 1000; ++i) {
    const Uuid id = random.uuid();
    CHECK(Uuid::parse(id.to_string()) == id);
    CHECK(!id.to_string().starts_with('-'));
  }
}

TEST_CASE("a stranger's text is cut and has no control characters and quotes") {
  CHECK(printable("orders-\xc3\xbc") == "orders-\xc3\xbc");
  CHECK(printable("\x1b[2J\n\"\\\x7f") == "\\x1b[2J\\x0a\\x22\\x5c\\x7f");
  CHECK(printable(std::string(200, 'x')) == std::string(100, 'x') + "...");
}

TEST_CASE("the same seed gives the same numbers, and below() stays below") {
  Random a(7);
  Random b(7);
  for (int i = 0; i < 1000; ++i) {
    CHECK(a.below(10) == b.below(10));
    const int64_t drawn = a.between(-3, 3);
    CHECK((drawn >= -3 && drawn <= 3));
    b.between(-3, 3);
  }
}

TEST_CASE("an arena aligns, grows and is reused") {
  Arena arena;
  for (int round = 0; round < 3; ++round) {
    const std::string_view text = arena.copy("abc");
    const auto numbers = arena.make_array<int64_t>(10'000);
    CHECK(reinterpret_cast<uintptr_t>(numbers.data()) % alignof(int64_t) == 0);
    CHECK(numbers[9'999] == 0);
    CHECK(text == "abc");
    arena.reset();
    CHECK(arena.used() == 0);
  }
}

TEST_CASE("durations saturate instead of wrapping") {
  CHECK(milliseconds(std::numeric_limits<int64_t>::max()).ns ==
        std::numeric_limits<int64_t>::max());
  CHECK(MonoTime{5} + milliseconds(std::numeric_limits<int64_t>::max()) == kNever);
}

TEST_CASE("big-endian loads undo stores, at any alignment") {
  uint8_t raw[16] = {};
  store_be64(raw + 3, 0x0102030405060708ULL);
  CHECK(raw[3] == 1);
  CHECK(load_be64(raw + 3) == 0x0102030405060708ULL);
  store_be<int16_t>(raw, -2);
  CHECK(load_be<int16_t>(raw) == -2);
}

TEST_CASE("a buffer drops its front and keeps the rest") {
  Buffer buffer(as_bytes("hello world"));
  buffer.drop_front(6);
  CHECK(as_text(buffer) == "world");
  Buffer moved = std::move(buffer);
  CHECK(as_text(moved) == "world");
}

}  // namespace
}  // namespace millrace
