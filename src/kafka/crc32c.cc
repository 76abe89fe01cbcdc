#include "kafka/crc32c.h"

#include <isa-l/crc.h>

#include <algorithm>
#include <array>

#include "kafka/vector_state.h"

namespace millrace::kafka {
namespace {

// ISA-L's register, neither inverted before nor after. It counts in int.
uint32_t run(uint32_t state, Bytes bytes) {
  constexpr size_t kChunk = size_t{1} << 30;
  while (!bytes.empty()) {
    const size_t length = std::min(bytes.size(), kChunk);
    state = crc32_iscsi(const_cast<unsigned char*>(bytes.data()), static_cast<int>(length), state);
    bytes = bytes.subspan(length);
  }
  clean_vector_state();
  return state;
}

// A register is a polynomial over GF(2), highest power in the lowest bit.
constexpr uint32_t kPolynomial = 0x82f63b78;
constexpr uint32_t kOne = 1u << 31;
constexpr uint32_t kX = 1u << 30;

constexpr uint32_t multiply(uint32_t a, uint32_t b) {
  uint32_t product = 0;
  for (int i = 31; i >= 0; --i) {
    product ^= b & (0u - ((a >> i) & 1));
    b = (b >> 1) ^ (kPolynomial & (0u - (b & 1)));
  }
  return product;
}

// [k] = x^(2^k), enough to go past 2^64 bytes.
constexpr auto kPowers = [] {
  std::array<uint32_t, 67> powers{kX};
  for (size_t k = 1; k < powers.size(); ++k) powers[k] = multiply(powers[k - 1], powers[k - 1]);
  return powers;
}();

// The register after `count` zero bytes: times x^(8 * count).
uint32_t pass_zeros(uint32_t state, uint64_t count) {
  static constexpr std::array<uint8_t, 4096> kZeros{};
  if (count <= kZeros.size()) return run(state, Bytes(kZeros).first(count));
  uint32_t factor = kOne;
  for (size_t k = 3; count != 0; count >>= 1, ++k) {
    if (count & 1) factor = multiply(factor, kPowers[k]);
  }
  return multiply(state, factor);
}

}  // namespace

uint32_t crc32c(Bytes bytes) {
  return crc32c_extend(0, bytes);
}

uint32_t crc32c_extend(uint32_t crc, Bytes more) {
  return ~run(~crc, more);
}

uint32_t crc32c_replace(uint32_t crc, Bytes before, Bytes after, uint64_t bytes_behind) {
  DCHECK(before.size() == after.size());
  // The CRC is linear: the change of the checksum is the checksum of the change, carried past the
  // bytes behind it.
  return crc ^ pass_zeros(run(0, before) ^ run(0, after), bytes_behind);
}

}  // namespace millrace::kafka
