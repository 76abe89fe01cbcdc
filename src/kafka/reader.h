// Reads Kafka's primitive types from a frame and trusts nothing in it. Messages read themselves
// with it (FetchRequest::decode); not for the inside of record batches (kafka/record_batch.h).
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/arena.h"
#include "base/bytes.h"
#include "base/error.h"
#include "kafka/wire_types.h"

namespace millrace::kafka {

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
  Bytes rest() const { return {next_, left()}; }
  /// Tagged fields that were skipped because we do not know them.
  size_t unknown_tags() const { return unknown_tags_; }

  /// Which message comes next. Arrays go into the arena (arena_bytes_max tells how much of it).
  /// Every decode() begins with it.
  void begin_message(int16_t version, bool flexible, Arena& arena) {
    version_ = version;
    flexible_ = flexible;
    arena_ = &arena;
    aside_ = 0;
  }
  int16_t version() const { return version_; }
  bool flexible() const { return flexible_; }
  Arena& arena() { return *arena_; }

  /// Any fixed-size type: bool, integers, double, Uuid and the strong ids.
  template <FixedSize T>
  bool read(T& out) {
    if (left() < detail::kWireBytes<T>) [[unlikely]]
      return refuse_short(detail::kWireBytes<T>);
    detail::raw(out) = detail::load<detail::Raw<T>>(next_);
    next_ += detail::kWireBytes<T>;
    return true;
  }
  bool read_uvarint(uint32_t& out);

  // Errors: a length beyond the bytes left, a string longer than kStringBytesMax or not UTF-8.
  bool read(std::string_view& out);
  bool read(Bytes& out);
  bool read(Records& out) { return read(out.bytes); }
  bool read(std::span<std::string_view>& out);
  template <FixedSize T>
  bool read(std::span<T>& out) {
    size_t count = 0;
    if (!read_count(count, detail::kWireBytes<T>)) return false;
    out = arena_->make_array<T>(count);
    for (T& element : out) {
      detail::raw(element) = detail::load<detail::Raw<T>>(next_);
      next_ += detail::kWireBytes<T>;
    }
    return true;
  }
  /// Any of these, or null where `nullable`: whether this version allows it.
  template <class T>
  bool read(std::optional<T>& out, bool nullable = true) {
    if (!nullable || !take_null(std::is_same_v<T, std::string_view>)) return read(out.emplace());
    out.reset();
    return true;
  }
  /// A string whose length is classic even in flexible versions.
  bool read_classic(std::optional<std::string_view>& out);

  /// The count of an array whose elements take at least `element_bytes` each. The bytes that the
  /// elements of the arrays around it still need are not there for this one: so the memory that a
  /// message takes is paid for even when it turns out to be cut short.
  bool read_count(size_t& count, size_t element_bytes);
  /// Sets bytes aside for the elements of an array of structs, and gives back an element's when its
  /// turn has come.
  void set_aside(size_t bytes) { aside_ += bytes; }
  void give_back(size_t bytes) { aside_ -= bytes; }
  /// Steps over a null, if one comes next.
  bool take_null(bool is_string);
  /// The head of a nullable struct. Anything that is not positive is null, in tagged fields and
  /// outside them.
  bool read_presence(bool& present);

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
    bool close();

    Reader& reader_;
    const uint8_t* outer_end_;
    size_t outer_aside_;
    uint32_t left_ = 0;
    uint32_t tag_ = 0;
    bool inside_ = false;
    bool first_ = true;
    bool ok_;
  };
  /// For a struct that has no tagged fields of its own.
  bool skip_tags();

  // What generated code adds to a failure on its way out. Always false.
  [[gnu::cold, gnu::noinline]] bool at(std::string_view field);
  [[gnu::cold, gnu::noinline]] bool at(size_t index);
  /// After a false: kInvalidRequest with message, field path, reason and position.
  Error error(std::string_view message) const;

 private:
  bool read_length(size_t& length, bool is_string);
  [[gnu::cold, gnu::noinline]] bool refuse(std::string why);
  [[gnu::cold, gnu::noinline]] bool refuse_short(size_t wanted);

  const uint8_t* begin_;
  const uint8_t* next_;
  const uint8_t* end_;
  size_t aside_ = 0;
  Arena* arena_ = nullptr;
  int16_t version_ = 0;
  bool flexible_ = false;
  size_t unknown_tags_ = 0;
  size_t failed_at_ = 0;
  std::string why_;
  detail::FieldPath path_;
};

}  // namespace millrace::kafka
