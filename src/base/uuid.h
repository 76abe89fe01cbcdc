// A 128-bit id as Kafka writes it: 16 bytes big-endian on the wire, 22 characters of URL-safe
// base64 in text. Not an RFC 4122 generator: random ones come from the injected Random.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace millrace {

struct Uuid {
  uint64_t high = 0;
  uint64_t low = 0;

  friend constexpr auto operator<=>(const Uuid&, const Uuid&) = default;
  constexpr bool is_zero() const { return high == 0 && low == 0; }

  /// 22 characters, URL-safe base64 without padding.
  std::string to_string() const;

  /// Errors: kInvalidRequest when text is not 22 such characters.
  static Result<Uuid> parse(std::string_view text);
};

/// Kafka's own ids are 0 (none), 1 (the metadata topic) and, for directories, all below 100.
inline constexpr Uuid kZeroUuid{};
inline constexpr Uuid kMetadataTopicUuid{0, 1};
constexpr bool is_reserved_directory(Uuid id) {
  return id.high == 0 && id.low < 100;
}

}  // namespace millrace

template <>
struct std::hash<millrace::Uuid> {
  size_t operator()(const millrace::Uuid& id) const {
    return static_cast<size_t>(id.high * 0x9e3779b97f4a7c15ULL ^ id.low);
  }
};
