#include "base/random.h"

#include <bit>

#include "base/check.h"

namespace millrace {
namespace {

// Expands a seed into a state (splitmix64, as the authors of xoshiro advise).
uint64_t splitmix(uint64_t& x) {
  x += 0x9e3779b97f4a7c15ULL;
  uint64_t z = x;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
  return z ^ z >> 31;
}

}  // namespace

Random::Random(uint64_t seed) {
  for (uint64_t& word : state_) word = splitmix(seed);
}

uint64_t Random::next() {
  const uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
  const uint64_t t = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= t;
  state_[3] = std::rotl(state_[3], 45);
  return result;
}

uint64_t Random::below(uint64_t bound) {
  CHECK(bound > 0);
  return static_cast<uint64_t>(static_cast<unsigned __int128>(next()) * bound >> 64);
}

int64_t Random::between(int64_t low, int64_t high) {
  CHECK(low <= high);
  const uint64_t width = static_cast<uint64_t>(high) - static_cast<uint64_t>(low) + 1;
  return static_cast<int64_t>(static_cast<uint64_t>(low) + (width == 0 ? next() : below(width)));
}

double Random::unit() {
  return static_cast<double>(next() >> 11) * 0x1.0p-53;
}

bool Random::chance(double probability) {
  return unit() < probability;
}

Uuid Random::uuid() {
  Uuid id;
  do {
    // Version 4, variant 1: what java.util.UUID.randomUUID gives Kafka.
    id = {(next() & ~0xf000ULL) | 0x4000, (next() >> 2) | 0x8000000000000000ULL};
  } while (id.to_string().starts_with('-'));
  return id;
}

Random Random::fork() {
  return Random(next());
}

}  // namespace millrace
