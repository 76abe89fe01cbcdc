#include "kafka/varint.h"

#include <array>
#include <limits>
#include <vector>

#include "base/bytes.h"
#include "base/random.h"
#include "base/testing.h"

namespace millrace::kafka {
namespace {

using Encoded = std::vector<uint8_t>;

Encoded varint(int32_t value) {
  std::array<uint8_t, kVarintBytesMax> room;
  return {room.data(), write_varint(room.data(), value)};
}
Encoded varlong(int64_t value) {
  std::array<uint8_t, kVarlongBytesMax> room;
  return {room.data(), write_varlong(room.data(), value)};
}
Encoded unsigned_varint(uint32_t value) {
  std::array<uint8_t, kVarintBytesMax> room;
  return {room.data(), write_unsigned_varint(room.data(), value)};
}

// How many bytes a read consumes; -1 when refused.
template <class T, class Read>
ptrdiff_t consumed(const Encoded& bytes, Read read, T& value) {
  const uint8_t* next = read(bytes.data(), bytes.data() + bytes.size(), value);
  return next == nullptr ? -1 : next - bytes.data();
}

TEST_CASE("varints are written as Kafka writes them") {
  CHECK(varint(0) == Encoded{0x00});
  CHECK(varint(-1) == Encoded{0x01});
  CHECK(varint(1) == Encoded{0x02});
  CHECK(varint(63) == Encoded{0x7e});
  CHECK(varint(-64) == Encoded{0x7f});
  CHECK(varint(64) == Encoded{0x80, 0x01});
  CHECK(varint(-65) == Encoded{0x81, 0x01});
  CHECK(varint(8191) == Encoded{0xfe, 0x7f});
  CHECK(varint(-8192) == Encoded{0xff, 0x7f});
  CHECK(varint(8192) == Encoded{0x80, 0x80, 0x01});
  CHECK(varint(std::numeric_limits<int32_t>::max()) == Encoded{0xfe, 0xff, 0xff, 0xff, 0x0f});
  CHECK(varint(std::numeric_limits<int32_t>::min()) == Encoded{0xff, 0xff, 0xff, 0xff, 0x0f});
  CHECK(varlong(17179869184 / 2) == Encoded{0x80, 0x80, 0x80, 0x80, 0x40});
  CHECK(varlong(std::numeric_limits<int64_t>::max()) ==
        Encoded{0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01});
  CHECK(varlong(std::numeric_limits<int64_t>::min()) ==
        Encoded{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01});
  CHECK(unsigned_varint(300) == Encoded{0xac, 0x02});
}

TEST_CASE("random varints come back, and their size is known before") {
  constexpr uint64_t kSeed = 21;
  INFO("seed " << kSeed);
  Random random(kSeed);
  for (int round = 0; round < 20000; ++round) {
    const auto wide =
        static_cast<int64_t>(random.next() >> random.below(64)) * (random.chance(0.5) ? 1 : -1);
    const auto narrow = static_cast<int32_t>(wide);

    int64_t read_wide = 0;
    REQUIRE(consumed(varlong(wide), read_varlong, read_wide) ==
            static_cast<ptrdiff_t>(varlong_size(wide)));
    REQUIRE(read_wide == wide);
    int32_t read_narrow = 0;
    REQUIRE(consumed(varint(narrow), read_varint, read_narrow) ==
            static_cast<ptrdiff_t>(varint_size(narrow)));
    REQUIRE(read_narrow == narrow);
    uint32_t read_unsigned = 0;
    REQUIRE(consumed(unsigned_varint(static_cast<uint32_t>(narrow)), read_unsigned_varint,
                     read_unsigned) ==
            static_cast<ptrdiff_t>(unsigned_varint_size(static_cast<uint32_t>(narrow))));
    REQUIRE(read_unsigned == static_cast<uint32_t>(narrow));
  }
}

TEST_CASE("a varint that runs past the end, is too long or has too many bits is refused") {
  int32_t value = 0;
  int64_t wide = 0;
  CHECK(consumed({}, read_varint, value) == -1);
  CHECK(consumed({0x80}, read_varint, value) == -1);
  CHECK(consumed({0xff, 0xff, 0xff, 0xff}, read_varint, value) == -1);
  CHECK(consumed({0xff, 0xff, 0xff, 0xff, 0x10}, read_varint, value) == -1);
  CHECK(consumed({0xff, 0xff, 0xff, 0xff, 0x8f, 0x00}, read_varint, value) == -1);
  CHECK(consumed({0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02}, read_varlong,
                 wide) == -1);
  CHECK(consumed({0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00}, read_varlong,
                 wide) == -1);
  // Longer than needed is legal: some writers pad.
  CHECK(consumed({0x82, 0x00}, read_varint, value) == 2);
  CHECK(value == 1);
}

}  // namespace
}  // namespace millrace::kafka
