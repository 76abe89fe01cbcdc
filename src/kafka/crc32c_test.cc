#include "kafka/crc32c.h"

#include <numeric>
#include <vector>

#include "base/random.h"
#include "base/testing.h"

namespace millrace::kafka {
namespace {

// Bit by bit, from the definition.
uint32_t reference(Bytes bytes) {
  uint32_t state = ~0u;
  for (const uint8_t byte : bytes) {
    state ^= byte;
    for (int i = 0; i < 8; ++i) state = (state >> 1) ^ (0x82f63b78u & (0u - (state & 1)));
  }
  return ~state;
}

std::vector<uint8_t> random_bytes(Random& random, size_t size) {
  std::vector<uint8_t> bytes(size);
  for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random.next());
  return bytes;
}

TEST_CASE("CRC-32C gives the known values of RFC 3720") {
  const std::vector<uint8_t> zeros(32, 0x00);
  const std::vector<uint8_t> ones(32, 0xff);
  std::vector<uint8_t> ascending(32);
  std::iota(ascending.begin(), ascending.end(), 0);
  std::vector<uint8_t> descending(ascending.rbegin(), ascending.rend());

  CHECK(crc32c({}) == 0);
  CHECK(crc32c(as_bytes("123456789")) == 0xe3069283);
  CHECK(crc32c(zeros) == 0x8a9136aa);
  CHECK(crc32c(ones) == 0x62a8ab43);
  CHECK(crc32c(ascending) == 0x46dd794e);
  CHECK(crc32c(descending) == 0x113fdb5c);
}

TEST_CASE(
    "CRC-32C of every length and alignment equals the bitwise definition, whole or in parts") {
  constexpr uint64_t kSeed = 11;
  INFO("seed " << kSeed);
  Random random(kSeed);
  const std::vector<uint8_t> data = random_bytes(random, 5000);
  for (size_t length = 0; length < 600; ++length) {
    const size_t start = random.below(8);
    const Bytes part = Bytes(data).subspan(start, length);
    const size_t cut = random.below(length + 1);
    REQUIRE(crc32c(part) == reference(part));
    REQUIRE(crc32c_extend(crc32c(part.first(cut)), part.subspan(cut)) == reference(part));
  }
  CHECK(crc32c(data) == reference(data));
}

TEST_CASE("replacing bytes gives the checksum of the changed data and keeps damage detectable") {
  constexpr uint64_t kSeed = 12;
  INFO("seed " << kSeed);
  Random random(kSeed);
  for (int round = 0; round < 300; ++round) {
    std::vector<uint8_t> data = random_bytes(random, 1 + random.below(9000));
    const uint32_t crc = crc32c(data);
    const size_t start = random.below(data.size());
    const size_t length = random.below(std::min<size_t>(data.size() - start, 24) + 1);
    const std::vector<uint8_t> before(data.begin() + start, data.begin() + start + length);
    const std::vector<uint8_t> after = random_bytes(random, length);
    const uint32_t replaced = crc32c_replace(crc, before, after, data.size() - start - length);

    std::ranges::copy(after, data.begin() + start);
    REQUIRE(replaced == crc32c(data));
    data[random.below(data.size())] ^= 1;
    REQUIRE(replaced != crc32c(data));
  }
}

}  // namespace
}  // namespace millrace::kafka
