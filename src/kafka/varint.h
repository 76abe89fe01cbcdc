// Variable-length integers as Kafka writes them: seven bits a byte, lowest first. Inside records
// all are zigzag (`varint`, `varlong`); flexible messages use plain ones (`unsigned_varint`). Not
// for fixed-width fields: base/bytes.h.
//
// Every read_* returns where the next field begins, or nullptr when the number runs past `end`, is
// longer than its type allows or has bits its type does not. Every write_* needs room for the
// type's longest form and returns where the next field goes.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

namespace millrace::kafka {

inline constexpr size_t kVarintBytesMax = 5;
inline constexpr size_t kVarlongBytesMax = 10;

constexpr uint32_t zigzag(int32_t value) {
  return (static_cast<uint32_t>(value) << 1) ^ static_cast<uint32_t>(value >> 31);
}
constexpr uint64_t zigzag(int64_t value) {
  return (static_cast<uint64_t>(value) << 1) ^ static_cast<uint64_t>(value >> 63);
}
constexpr int32_t unzigzag(uint32_t raw) {
  return static_cast<int32_t>((raw >> 1) ^ (0u - (raw & 1)));
}
constexpr int64_t unzigzag(uint64_t raw) {
  return static_cast<int64_t>((raw >> 1) ^ (uint64_t{0} - (raw & 1)));
}

namespace detail {

template <class Unsigned>
const uint8_t* read_leb(const uint8_t* at, const uint8_t* end, Unsigned& value) {
  constexpr int kBits = sizeof(Unsigned) * 8;
  // Nearly every length and delta fits one byte, and most of the rest two.
  if (at == end) return nullptr;
  Unsigned result = *at++;
  if (result < 0x80) [[likely]] {
    value = result;
    return at;
  }
  result &= 0x7f;
  for (int shift = 7; shift < kBits; shift += 7) {
    if (at == end) return nullptr;
    const uint8_t byte = *at++;
    if (shift + 7 > kBits && (byte >> (kBits - shift)) != 0) return nullptr;
    result |= static_cast<Unsigned>(byte & 0x7f) << shift;
    if (byte < 0x80) {
      value = result;
      return at;
    }
  }
  return nullptr;
}

template <class Unsigned>
uint8_t* write_leb(uint8_t* to, Unsigned value) {
  while (value >= 0x80) {
    *to++ = static_cast<uint8_t>(value) | 0x80;
    value >>= 7;
  }
  *to++ = static_cast<uint8_t>(value);
  return to;
}

template <class Unsigned>
constexpr size_t leb_size(Unsigned value) {
  return (static_cast<size_t>(std::bit_width(static_cast<Unsigned>(value | 1))) + 6) / 7;
}

}  // namespace detail

inline const uint8_t* read_unsigned_varint(const uint8_t* at, const uint8_t* end, uint32_t& value) {
  return detail::read_leb(at, end, value);
}
inline const uint8_t* read_varint(const uint8_t* at, const uint8_t* end, int32_t& value) {
  uint32_t raw = 0;
  at = detail::read_leb(at, end, raw);
  value = unzigzag(raw);
  return at;
}
inline const uint8_t* read_varlong(const uint8_t* at, const uint8_t* end, int64_t& value) {
  uint64_t raw = 0;
  at = detail::read_leb(at, end, raw);
  value = unzigzag(raw);
  return at;
}

inline uint8_t* write_unsigned_varint(uint8_t* to, uint32_t value) {
  return detail::write_leb(to, value);
}
inline uint8_t* write_varint(uint8_t* to, int32_t value) {
  return detail::write_leb(to, zigzag(value));
}
inline uint8_t* write_varlong(uint8_t* to, int64_t value) {
  return detail::write_leb(to, zigzag(value));
}

constexpr size_t unsigned_varint_size(uint32_t value) {
  return detail::leb_size(value);
}
constexpr size_t varint_size(int32_t value) {
  return detail::leb_size(zigzag(value));
}
constexpr size_t varlong_size(int64_t value) {
  return detail::leb_size(zigzag(value));
}

}  // namespace millrace::kafka
