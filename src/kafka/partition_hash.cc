#include "kafka/partition_hash.h"

#include <bit>
#include <cstring>
#include <limits>

#include "base/check.h"

namespace millrace::kafka {
namespace {

constexpr char32_t kReplacement = 0xfffd;

struct CodePoint {
  char32_t value;
  size_t length;  // bytes taken, at least 1
};

// Malformed input is replaced as Java does: what could have begun a character counts as one
// replacement (Unicode standard, 3.9, "maximal subpart"), and so does a whole encoded surrogate.
CodePoint decode_utf8(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  const uint8_t lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  const size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4) return {kReplacement, 1};
  char32_t value = lead & (0x7fu >> length);
  for (size_t i = 1; i < length; ++i) {
    // The first continuation byte is what excludes overlong forms and those beyond U+10FFFF.
    uint8_t low = 0x80;
    uint8_t high = 0xbf;
    if (i == 1) {
      if (lead == 0xe0) low = 0xa0;
      if (lead == 0xf0) low = 0x90;
      if (lead == 0xf4) high = 0x8f;
    }
    if (i >= text.size() || byte(i) < low || byte(i) > high) return {kReplacement, i};
    value = (value << 6) | (byte(i) & 0x3f);
  }
  const bool surrogate = value >= 0xd800 && value <= 0xdfff;
  return {surrogate ? kReplacement : value, length};
}

}  // namespace

uint32_t murmur2(Bytes bytes) {
  constexpr uint32_t kSeed = 0x9747b28c;
  constexpr uint32_t kMultiplier = 0x5bd1e995;
  constexpr int kShift = 24;

  const uint8_t* at = bytes.data();
  size_t left = bytes.size();
  uint32_t hash = kSeed ^ static_cast<uint32_t>(bytes.size());
  static_assert(std::endian::native == std::endian::little);
  for (; left >= 4; at += 4, left -= 4) {
    uint32_t word;
    std::memcpy(&word, at, sizeof word);
    word *= kMultiplier;
    word ^= word >> kShift;
    word *= kMultiplier;
    hash = (hash * kMultiplier) ^ word;
  }
  if (left > 0) {
    for (size_t i = 0; i < left; ++i) hash ^= static_cast<uint32_t>(at[i]) << (8 * i);
    hash *= kMultiplier;
  }
  hash ^= hash >> 13;
  hash *= kMultiplier;
  hash ^= hash >> 15;
  return hash;
}

PartitionIndex partition_for_key(Bytes key, int32_t partition_count) {
  CHECK(partition_count > 0);
  // Kafka drops the sign bit here; for ids, below, it takes the absolute value.
  return PartitionIndex(static_cast<int32_t>(murmur2(key) & 0x7fffffff) % partition_count);
}

int32_t java_string_hash(std::string_view utf8) {
  uint32_t hash = 0;
  const auto add = [&](char32_t unit) { hash = hash * 31 + static_cast<uint32_t>(unit); };
  while (!utf8.empty()) {
    const auto [point, length] = decode_utf8(utf8);
    utf8.remove_prefix(length);
    if (point < 0x10000) {
      add(point);
    } else {
      add(0xd800 + ((point - 0x10000) >> 10));
      add(0xdc00 + ((point - 0x10000) & 0x3ff));
    }
  }
  return static_cast<int32_t>(hash);
}

PartitionIndex partition_for_id(std::string_view id, int32_t partition_count) {
  CHECK(partition_count > 0);
  const int32_t hash = java_string_hash(id);
  // Kafka's Utils.abs: the one number without a positive counterpart counts as 0.
  const int32_t positive = hash == std::numeric_limits<int32_t>::min() ? 0
                           : hash < 0                                  ? -hash
                                                                       : hash;
  return PartitionIndex(positive % partition_count);
}

}  // namespace millrace::kafka
