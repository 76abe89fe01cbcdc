#include "log/key_hash.h"

#include <bit>
#include <cstring>

namespace millrace::log {
namespace {

struct SipState {
  uint64_t v0, v1, v2, v3;

  void round() {
    v0 += v1;
    v1 = std::rotl(v1, 13) ^ v0;
    v0 = std::rotl(v0, 32);
    v2 += v3;
    v3 = std::rotl(v3, 16) ^ v2;
    v0 += v3;
    v3 = std::rotl(v3, 21) ^ v0;
    v2 += v1;
    v1 = std::rotl(v1, 17) ^ v2;
    v2 = std::rotl(v2, 32);
  }
  void rounds(int count) {
    while (count-- > 0) round();
  }
  void absorb(uint64_t word) {
    v3 ^= word;
    rounds(2);
    v0 ^= word;
  }
  uint64_t value() const { return v0 ^ v1 ^ v2 ^ v3; }
};

uint64_t load_le(const uint8_t* from, size_t count) {
  uint64_t word = 0;
  std::memcpy(&word, from, count);  // x86-64 is little-endian, and so are we
  return word;
}

}  // namespace

KeyHash KeyHasher::hash(Bytes key) const {
  SipState state{key0_ ^ 0x736f6d6570736575, key1_ ^ 0x646f72616e646f6d ^ 0xee,
                 key0_ ^ 0x6c7967656e657261, key1_ ^ 0x7465646279746573};
  const size_t whole = key.size() & ~size_t{7};
  for (size_t at = 0; at < whole; at += 8) state.absorb(load_le(key.data() + at, 8));
  const uint64_t tail = key.size() == whole ? 0 : load_le(key.data() + whole, key.size() - whole);
  state.absorb(tail | uint64_t{key.size()} << 56);
  state.v2 ^= 0xee;
  state.rounds(4);
  const uint64_t low = state.value();
  state.v1 ^= 0xdd;
  state.rounds(4);
  return {state.value(), low};
}

}  // namespace millrace::log
