// Writes Kafka's primitive types at the end of a buffer and leaves records where they are. Messages
// write themselves with it (FetchResponse::encode); not for building record batches
// (kafka/record_batch_builder.h).
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "kafka/wire_types.h"

namespace millrace::kafka {

/// Records that belong between two bytes of a Writer's buffer.
struct Piece {
  size_t at;  ///< how many bytes of the buffer come before
  Records records;
};

/// Writes messages at the end of a buffer. Records are not copied: they stay where they are, in
/// memory or not, and are remembered as pieces for whoever sends the message.
/// Lifetime: the buffer and the records outlive the Writer's use.
class Writer {
 public:
  explicit Writer(Buffer& out) : out_(out) {}

  Buffer& buffer() { return out_; }
  /// Forgets what was written; the memory stays for what comes next.
  void clear() {
    out_.clear();
    pieces_.clear();
    piece_bytes_ = 0;
  }
  std::span<const Piece> pieces() const { return pieces_; }
  /// Units: bytes, pieces included.
  size_t size() const { return out_.size() + piece_bytes_; }
  /// Buffer and pieces as they follow one another; valid until the buffer grows.
  /// Requires: all records are in memory.
  std::vector<Bytes> parts() const;
  /// The same, copied into one buffer.
  Buffer flatten() const;

  /// Every message travels in a frame: int32 size, then that many bytes. `begin_frame` leaves room
  /// for the size, `end_frame` fills it in.
  /// Errors: kMessageTooLarge when the frame exceeds an int32; what was written stays.
  void begin_frame();
  Result<> end_frame();

  /// Which message comes next. Every encode() begins with it.
  void begin_message(int16_t version, bool flexible) {
    version_ = version;
    flexible_ = flexible;
  }
  int16_t version() const { return version_; }
  bool flexible() const { return flexible_; }

  /// Any fixed-size type.
  template <FixedSize T>
  void write(T value) {
    detail::store<detail::Raw<T>>(out_.extend(detail::kWireBytes<T>), detail::raw(value));
  }
  void write_uvarint(uint32_t value);

  // Errors (as false): longer than the type allows.
  bool write(std::string_view text);
  bool write(Bytes bytes);
  bool write(const Records& records);
  bool write(std::span<std::string_view> values);
  template <FixedSize T>
  bool write(std::span<T> values) {
    if (!write_count(values.size())) return false;
    uint8_t* to = out_.extend(values.size() * detail::kWireBytes<T>);
    for (T& value : values) {
      detail::store<detail::Raw<T>>(to, detail::raw(value));
      to += detail::kWireBytes<T>;
    }
    return true;
  }
  /// Any of these, or null. Errors: null where this version does not allow it.
  template <class T>
  bool write(const std::optional<T>& value, bool nullable = true) {
    return value ? write(*value) : write_null(std::is_same_v<T, std::string_view>, nullable);
  }
  bool write_classic(const std::optional<std::string_view>& text);

  /// A message, or a part of one, that was encoded before. Not copied: a piece, as records are.
  void write_encoded(Bytes encoded);

  bool write_count(size_t count);
  bool write_null(bool is_string, bool nullable);
  void write_presence(bool present, bool tagged) { write(int8_t(present ? 1 : tagged ? 0 : -1)); }

  /// A tagged field: what is written between `open_tag` and `close_tag` becomes its value. The size
  /// goes in front afterwards, at the cost of moving the (small) value.
  size_t open_tag(uint32_t tag);
  void close_tag(size_t opened);

  [[gnu::cold, gnu::noinline]] bool at(std::string_view field);
  [[gnu::cold, gnu::noinline]] bool at(size_t index);
  /// A field that is set although the version has no place for it.
  [[gnu::cold, gnu::noinline]] bool lacks(std::string_view field);
  /// After a false: kUnsupportedVersion or kInvalidRequest, with message and field path.
  Error error(std::string_view message) const;

 private:
  void add_piece(const Records& records);
  void write_length(size_t length, bool is_string);
  [[gnu::cold, gnu::noinline]] bool refuse(Errc code, std::string why);

  Buffer& out_;
  std::vector<Piece> pieces_;
  size_t piece_bytes_ = 0;
  size_t frame_at_ = 0;     // where the open frame's size goes
  size_t frame_start_ = 0;  // size() behind it
  int16_t version_ = 0;
  bool flexible_ = false;
  Errc code_ = Errc::kInvalidRequest;
  std::string why_;
  detail::FieldPath path_;
};

}  // namespace millrace::kafka
