// What Reader and Writer share: the bounds, records as a view, and how a fixed-size type lies on
// the wire. The table of all types is in kafka/wire.h.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/time.h"

namespace millrace::kafka {

/// Strings are at most this long, compact ones too. Units: bytes.
inline constexpr size_t kStringBytesMax = 0x7fff;

/// Every element that an array has room for was paid for with the bytes its fields take at least:
/// this many bytes of Arena for each. A generated static_assert holds every struct to it.
inline constexpr size_t kArenaBytesPerByte = 24;

/// The most that decoding a message of so many bytes takes from the Arena, whatever the bytes are.
/// Real messages take one to three times their size. The constant is for the elements under way
/// when a message turns out to be cut short: one of each array around it.
constexpr size_t arena_bytes_max(size_t message_bytes) {
  return kArenaBytesPerByte * message_bytes + 4096;
}

/// Record batches on their way through, never re-encoded: bytes in memory, or, on the way out, a
/// number of bytes that lie elsewhere (in a file). Of those only the size is known here; whoever
/// sends the message puts them in their place.
/// Lifetime: a view; the owner of the bytes outlives the response.
struct Records {
  /// `number` is what the sender knows them by; any will do.
  struct Elsewhere {
    size_t size = 0;
    uint32_t number = 0;
    friend bool operator==(const Elsewhere&, const Elsewhere&) = default;
  };

  Bytes bytes;
  Elsewhere elsewhere;  ///< size 0 when they are in memory

  Records() = default;
  Records(Bytes view) : bytes(view) {}  // NOLINT: a view of bytes is what records are
  explicit Records(Elsewhere where) : elsewhere(where) {}
  bool is_elsewhere() const { return elsewhere.size > 0; }
  size_t size() const { return bytes.size() + elsewhere.size; }
  bool empty() const { return size() == 0; }
  friend bool operator==(const Records& a, const Records& b) {
    return equal(a.bytes, b.bytes) && a.elsewhere == b.elsewhere;
  }
};

namespace detail {

/// The number inside a strong type, so that the wire need not know each of them.
template <class T>
  requires std::is_arithmetic_v<T>
T& raw(T& number) {
  return number;
}
template <class Tag, class Rep, Rep kDefault>
Rep& raw(Id<Tag, Rep, kDefault>& id) {
  return id.value;
}
inline int64_t& raw(Offset& offset) {
  return offset.value;
}
inline int64_t& raw(Timestamp& timestamp) {
  return timestamp.ms;
}
inline Uuid& raw(Uuid& id) {
  return id;
}
inline Uuid& raw(TopicId& id) {
  return id.value;
}

template <class T>
using Raw = std::remove_reference_t<decltype(raw(std::declval<T&>()))>;
/// Bytes on the wire of a fixed-size type.
template <class T>
inline constexpr size_t kWireBytes = sizeof(Raw<T>);

template <class T>
T load(const uint8_t* from) {
  if constexpr (std::is_same_v<T, Uuid>) {
    return {load_be64(from), load_be64(from + 8)};
  } else if constexpr (std::is_same_v<T, bool>) {
    return *from != 0;
  } else if constexpr (std::is_same_v<T, double>) {
    return std::bit_cast<double>(load_be64(from));
  } else {
    return load_be<T>(from);
  }
}
template <class T>
void store(uint8_t* to, const T& value) {
  if constexpr (std::is_same_v<T, Uuid>) {
    store_be64(to, value.high);
    store_be64(to + 8, value.low);
  } else if constexpr (std::is_same_v<T, bool>) {
    *to = value ? 1 : 0;
  } else if constexpr (std::is_same_v<T, double>) {
    store_be64(to, std::bit_cast<uint64_t>(value));
  } else {
    store_be<T>(to, value);
  }
}

/// Where in a message a failure is: built from the inside out, while the calls return.
class FieldPath {
 public:
  void prepend_field(std::string_view name);
  void prepend_index(size_t index);
  /// "FetchRequest v12: topics[3].partitions: "
  std::string describe(std::string_view message, int16_t version) const;

 private:
  std::string text_;
};

}  // namespace detail

template <class T>
concept FixedSize = requires(T& value) { detail::raw(value); };

/// Whether text is UTF-8: shortest forms only, no surrogates, nothing above U+10FFFF.
/// Bounds: O(size); eight bytes at a time while they are ASCII. Source: RFC 3629.
bool is_utf8(std::string_view text);

}  // namespace millrace::kafka
