// Kafka's primitive types on the wire: a Reader that trusts nothing and a Writer that copies no
// records. Generated messages (kafka/messages/*.h) are built from these two; not for record
// batches, whose inside has its own layout (kafka/record_batch.h).
//
//   type      classic                              flexible ("compact")
//   numbers   big-endian, fixed size               the same
//   string    int16 length, -1 = null, UTF-8       uvarint length + 1, 0 = null, UTF-8
//   bytes     int32 length, -1 = null              uvarint length + 1, 0 = null
//   records   as bytes                             as bytes
//   array     int32 count, -1 = null, elements     uvarint count + 1, 0 = null, elements
//   struct    its fields in order                  its fields in order, then tagged fields
//   struct?   -                                    int8: -1 = null, 1 = a struct follows
//   tagged    -                                    uvarint count, then by rising tag:
//                                                  uvarint tag, uvarint size, value
//
// Source: KIP-482 (flexible versions); KIP-893 (nullable structs).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/arena.h"
#include "base/bytes.h"
#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"

namespace millrace::kafka {

/// Strings are at most this long, compact ones too. Units: bytes.
inline constexpr size_t kStringBytesMax = 0x7fff;

/// Decoding a message takes at most this many bytes of Arena per byte of it: every element that an
/// array has room for was paid for with the bytes its fields take at least. A generated
/// static_assert holds every struct to it.
inline constexpr size_t kArenaBytesPerByte = 24;

/// Record batches on their way through, never re-encoded. Today they lie in memory; a range of a
/// file can join here when fetch sends files, and no message that carries records will notice.
/// Lifetime: a view; the owner of the bytes outlives the response.
struct Records {
  Bytes bytes;

  Records() = default;
  Records(Bytes view) : bytes(view) {}  // NOLINT: a view of bytes is what records are
  size_t size() const { return bytes.size(); }
  bool empty() const { return bytes.empty(); }
  friend bool operator==(const Records& a, const Records& b) { return equal(a.bytes, b.bytes); }
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
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

}  // namespace detail

/// Reads one message, or a header and then a message, from a frame.
/// Every function returns false when the bytes left do not suffice or are not valid; the Reader
/// then holds the reason, and what it read is to be thrown away. Views point into the frame.
/// Bounds: no count or size is believed before the bytes left are seen to allow it.
class Reader {
 public:
  explicit Reader(Bytes frame)
      : begin_(frame.data()), next_(frame.data()), end_(frame.data() + frame.size()) {}

  /// Units: bytes from the start of the frame.
  size_t position() const { return static_cast<size_t>(next_ - begin_); }
  /// Bytes after what was read: trailing bytes, once a message was decoded. Kafka ignores them, and
  /// so do we; a test or a log may want to know.
  size_t left() const { return static_cast<size_t>(end_ - next_); }
  /// Tagged fields that were skipped because this version of ours does not know them.
  size_t unknown_tags() const { return unknown_tags_; }
  Bytes rest() const { return {next_, left()}; }

  /// Any fixed-size type: bool, integers, double, Uuid and the strong ids.
  template <class T>
  bool read(T& out) {
    if (left() < detail::kWireBytes<T>) [[unlikely]]
      return refuse_short(detail::kWireBytes<T>);
    detail::raw(out) = detail::load<detail::Raw<T>>(next_);
    next_ += detail::kWireBytes<T>;
    return true;
  }
  bool read_uvarint(uint32_t& out);

  // A view, or an optional of one that is empty for null. `nullable` is whether this version allows
  // null. Errors: null where it is not allowed, a length beyond the bytes left, a string longer
  // than kStringBytesMax or not UTF-8.
  bool read_string(std::string_view& out, bool flexible);
  bool read_string(std::optional<std::string_view>& out, bool flexible, bool nullable);
  bool read_bytes(Bytes& out, bool flexible);
  bool read_bytes(std::optional<Bytes>& out, bool flexible, bool nullable);
  bool read_records(Records& out, bool flexible);
  bool read_records(std::optional<Records>& out, bool flexible, bool nullable);

  /// The head of an array whose elements take at least `element_bytes` each; -1 for null.
  bool read_count(int64_t& count, bool flexible, bool nullable, size_t element_bytes);
  /// The head of a nullable struct.
  bool read_presence(bool& present);

  /// Arrays of a fixed-size type.
  template <class T>
  bool read_array(std::span<T>& out, Arena& arena, bool flexible) {
    int64_t count = 0;
    return read_count(count, flexible, false, detail::kWireBytes<T>) &&
           read_elements(out, arena, static_cast<size_t>(count));
  }
  template <class T>
  bool read_array(std::optional<std::span<T>>& out, Arena& arena, bool flexible, bool nullable) {
    int64_t count = 0;
    if (!read_count(count, flexible, nullable, detail::kWireBytes<T>)) return false;
    if (count < 0) {
      out.reset();
      return true;
    }
    return read_elements(out.emplace(), arena, static_cast<size_t>(count));
  }
  bool read_array(std::span<std::string_view>& out, Arena& arena, bool flexible);
  bool read_array(std::optional<std::span<std::string_view>>& out, Arena& arena, bool flexible,
                  bool nullable);

  /// Walks the tagged fields at the end of a struct:
  ///   for (Tags tags(reader); tags.next();) switch (tags.tag()) { ... default: tags.skip(); }
  /// and then asks `tags.ok()`.
  class Tags {
   public:
    explicit Tags(Reader& reader);
    /// Enters the next tagged field; false after the last one, or when something is wrong. Closes
    /// the one before: a field that does not fill its declared size is an error.
    bool next();
    uint32_t tag() const { return tag_; }
    void skip();
    bool ok() const { return ok_; }

   private:
    Reader& reader_;
    const uint8_t* outer_end_;
    uint32_t left_ = 0;
    uint32_t tag_ = 0;
    bool inside_ = false;
    bool first_ = true;
    bool ok_;
  };
  /// For a struct that has no tagged fields of its own.
  bool skip_tags();

  // What generated code adds to a failure on its way out. Always false.
  [[gnu::cold, gnu::noinline]] bool at(std::string_view field) {
    path_.prepend_field(field);
    return false;
  }
  [[gnu::cold, gnu::noinline]] bool at(size_t index) {
    path_.prepend_index(index);
    return false;
  }
  /// After a false: kInvalidRequest with message, version, field path, reason and position.
  Error error(std::string_view message, int16_t version) const;
  [[gnu::cold, gnu::noinline]] bool refuse(std::string why);

 private:
  bool read_length(int64_t& length, bool flexible, bool nullable, bool is_string);
  bool take(Bytes& out, int64_t length);
  bool take_text(std::string_view& out, int64_t length);
  [[gnu::cold, gnu::noinline]] bool refuse_short(size_t wanted);

  template <class T>
  bool read_elements(std::span<T>& out, Arena& arena, size_t count) {
    out = arena.make_array<T>(count);
    for (T& element : out) {
      detail::raw(element) = detail::load<detail::Raw<T>>(next_);
      next_ += detail::kWireBytes<T>;
    }
    return true;
  }
  bool read_elements(std::span<std::string_view>& out, Arena& arena, size_t count, bool flexible);

  const uint8_t* begin_;
  const uint8_t* next_;
  const uint8_t* end_;
  size_t unknown_tags_ = 0;
  size_t failed_at_ = 0;
  std::string why_;
  detail::FieldPath path_;
};

/// Records that belong between two bytes of a Writer's buffer.
struct Piece {
  size_t at;  ///< how many bytes of the buffer come before
  Records records;
};

/// Writes messages at the end of a buffer. Records are not copied: they stay where they are and are
/// remembered as pieces, so that header bytes and record bytes leave in one writev.
/// Lifetime: the buffer and the records outlive the Writer's use.
class Writer {
 public:
  explicit Writer(Buffer& out) : out_(out) {}

  Buffer& buffer() { return out_; }
  std::span<const Piece> pieces() const { return pieces_; }
  /// Units: bytes, pieces included.
  size_t size() const { return out_.size() + piece_bytes_; }
  /// Buffer and pieces as they follow one another; valid until the buffer grows.
  std::vector<Bytes> parts() const;
  /// The same, copied into one buffer.
  Buffer flatten() const;

  /// Every message travels in a frame: int32 size, then that many bytes. `begin_frame` leaves room
  /// for the size, `end_frame` fills it in.
  /// Errors: kMessageTooLarge when the frame exceeds an int32; the frame's bytes stay.
  void begin_frame();
  Result<> end_frame();

  /// Any fixed-size type.
  template <class T>
  void write(T value) {
    detail::store<detail::Raw<T>>(out_.extend(detail::kWireBytes<T>), detail::raw(value));
  }
  void write_uvarint(uint32_t value);

  // Errors (as false): longer than the type allows; null where this version allows none.
  bool write_string(std::string_view text, bool flexible);
  bool write_string(const std::optional<std::string_view>& text, bool flexible, bool nullable);
  bool write_bytes(Bytes bytes, bool flexible);
  bool write_bytes(const std::optional<Bytes>& bytes, bool flexible, bool nullable);
  bool write_records(const Records& records, bool flexible);
  bool write_records(const std::optional<Records>& records, bool flexible, bool nullable);
  bool write_count(size_t count, bool flexible);
  bool write_null_array(bool flexible, bool nullable);
  void write_presence(bool present) { write<int8_t>(present ? 1 : -1); }

  template <class T>
  bool write_array(std::span<T> values, bool flexible) {
    if (!write_count(values.size(), flexible)) return false;
    uint8_t* to = out_.extend(values.size() * detail::kWireBytes<T>);
    for (T& value : values) {
      detail::store<detail::Raw<T>>(to, detail::raw(value));
      to += detail::kWireBytes<T>;
    }
    return true;
  }
  template <class T>
  bool write_array(const std::optional<std::span<T>>& values, bool flexible, bool nullable) {
    return values ? write_array(*values, flexible) : write_null_array(flexible, nullable);
  }
  bool write_array(std::span<std::string_view> values, bool flexible);

  /// A tagged field: what is written between `open_tag` and `close_tag` becomes its value. The size
  /// goes in front afterwards, at the cost of moving the (small) value.
  size_t open_tag(uint32_t tag);
  void close_tag(size_t opened);

  [[gnu::cold, gnu::noinline]] bool at(std::string_view field) {
    path_.prepend_field(field);
    return false;
  }
  [[gnu::cold, gnu::noinline]] bool at(size_t index) {
    path_.prepend_index(index);
    return false;
  }
  /// A field that is set although the version has no place for it.
  [[gnu::cold, gnu::noinline]] bool lacks(std::string_view field);
  /// After a false: kUnsupportedVersion or kInvalidRequest, with message, version and field path.
  Error error(std::string_view message, int16_t version) const;

 private:
  void write_length(size_t length, bool flexible, bool is_string);
  [[gnu::cold, gnu::noinline]] bool write_null(bool flexible, bool nullable, bool is_string);
  [[gnu::cold, gnu::noinline]] bool refuse(Errc code, std::string why);

  Buffer& out_;
  std::vector<Piece> pieces_;
  size_t piece_bytes_ = 0;
  size_t frame_at_ = 0;     // where the open frame's size goes
  size_t frame_start_ = 0;  // size() there
  Errc code_ = Errc::kInvalidRequest;
  std::string why_;
  detail::FieldPath path_;
};

/// Whether text is UTF-8: shortest forms only, no surrogates, nothing above U+10FFFF.
/// Bounds: O(size); eight bytes at a time while they are ASCII. Source: RFC 3629.
bool is_utf8(std::string_view text);

}  // namespace millrace::kafka
