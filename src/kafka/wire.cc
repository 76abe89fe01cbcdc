#include "kafka/wire.h"

#include <fmt/core.h>
#include <limits>

namespace millrace::kafka {
namespace {

constexpr int kUvarintBytesMax = 5;
constexpr size_t kFrameSizeBytes = 4;

std::string describe(std::string_view message, int16_t version, const std::string& path) {
  return fmt::format("{} v{}: {}{}", message, version, path, path.empty() ? "" : ": ");
}

}  // namespace

void detail::FieldPath::prepend_field(std::string_view name) {
  const bool join = !text_.empty() && text_.front() != '[';
  text_ = fmt::format("{}{}{}", name, join ? "." : "", text_);
}

void detail::FieldPath::prepend_index(size_t index) {
  text_ = fmt::format("[{}]{}{}", index, text_.empty() ? "" : ".", text_);
}

bool is_utf8(std::string_view text) {
  const auto* next = reinterpret_cast<const uint8_t*>(text.data());
  const uint8_t* const end = next + text.size();
  while (next != end) {
    uint64_t eight = 0;
    if (end - next >= 8 && (std::memcpy(&eight, next, 8), (eight & 0x8080808080808080ULL) == 0)) {
      next += 8;
      continue;
    }
    const uint8_t lead = *next++;
    if (lead < 0x80) continue;
    // The second byte's range excludes long forms, surrogates and what lies beyond U+10FFFF.
    const int more = lead < 0xc2 ? 0 : lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : lead < 0xf5 ? 3 : 0;
    if (more == 0 || end - next < more) return false;
    const uint8_t low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
    const uint8_t high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
    if (*next < low || *next > high) return false;
    for (int i = 1; i < more; ++i) {
      if ((next[i] & 0xc0) != 0x80) return false;
    }
    next += more;
  }
  return true;
}

// Reader

bool Reader::refuse(std::string why) {
  why_ = std::move(why);
  failed_at_ = position();
  return false;
}

bool Reader::refuse_short(size_t wanted) {
  return refuse(fmt::format("needs {} bytes, {} left", wanted, left()));
}

Error Reader::error(std::string_view message, int16_t version) const {
  return {Errc::kInvalidRequest,
          fmt::format("{}{} at byte {}", describe(message, version, path_.text()), why_,
                      failed_at_)};
}

bool Reader::read_uvarint(uint32_t& out) {
  uint32_t value = 0;
  for (int i = 0; i < kUvarintBytesMax; ++i) {
    if (next_ + i == end_) return refuse("a varint has no end");
    const uint8_t byte = next_[i];
    if (i == kUvarintBytesMax - 1 && byte > 0x0f) break;
    value |= static_cast<uint32_t>(byte & 0x7f) << (7 * i);
    if (byte < 0x80) {
      next_ += i + 1;
      out = value;
      return true;
    }
  }
  return refuse("a varint exceeds 32 bits");
}

bool Reader::read_length(int64_t& length, bool flexible, bool nullable, bool is_string) {
  const uint8_t* const start = next_;
  bool ok = false;
  if (flexible) {
    uint32_t plus_one = 0;
    ok = read_uvarint(plus_one);
    length = static_cast<int64_t>(plus_one) - 1;
  } else if (is_string) {
    int16_t value = 0;
    ok = read(value);
    length = value;
  } else {
    int32_t value = 0;
    ok = read(value);
    length = value;
  }
  if (!ok || length >= 0 || (length == -1 && nullable)) return ok;
  next_ = start;
  return refuse(length == -1 ? "null is not allowed here"
                             : fmt::format("length {} is negative", length));
}

bool Reader::take(Bytes& out, int64_t length) {
  if (static_cast<uint64_t>(length) > left()) {
    return refuse(fmt::format("size {} exceeds the {} bytes left", length, left()));
  }
  out = {next_, static_cast<size_t>(length)};
  next_ += length;
  return true;
}

bool Reader::take_text(std::string_view& out, int64_t length) {
  if (static_cast<uint64_t>(length) > kStringBytesMax) {
    return refuse(
        fmt::format("a string of {} bytes is longer than {}", length, kStringBytesMax));
  }
  Bytes bytes;
  if (!take(bytes, length)) return false;
  out = as_text(bytes);
  if (!is_utf8(out)) [[unlikely]] {
    next_ -= length;
    return refuse("text is not UTF-8");
  }
  return true;
}

bool Reader::read_string(std::string_view& out, bool flexible) {
  int64_t length = 0;
  return read_length(length, flexible, false, true) && take_text(out, length);
}

bool Reader::read_string(std::optional<std::string_view>& out, bool flexible, bool nullable) {
  int64_t length = 0;
  if (!read_length(length, flexible, nullable, true)) return false;
  if (length >= 0) return take_text(out.emplace(), length);
  out.reset();
  return true;
}

bool Reader::read_bytes(Bytes& out, bool flexible) {
  int64_t length = 0;
  return read_length(length, flexible, false, false) && take(out, length);
}

bool Reader::read_bytes(std::optional<Bytes>& out, bool flexible, bool nullable) {
  int64_t length = 0;
  if (!read_length(length, flexible, nullable, false)) return false;
  if (length >= 0) return take(out.emplace(), length);
  out.reset();
  return true;
}

bool Reader::read_records(Records& out, bool flexible) {
  return read_bytes(out.bytes, flexible);
}

bool Reader::read_records(std::optional<Records>& out, bool flexible, bool nullable) {
  std::optional<Bytes> bytes;
  if (!read_bytes(bytes, flexible, nullable)) return false;
  out.reset();
  if (bytes) out.emplace(*bytes);
  return true;
}

bool Reader::read_count(int64_t& count, bool flexible, bool nullable, size_t element_bytes) {
  const uint8_t* const start = next_;
  if (!read_length(count, flexible, nullable, false)) return false;
  if (count <= 0 || static_cast<uint64_t>(count) <= left() / element_bytes) return true;
  const size_t remaining = left();
  next_ = start;
  return refuse(fmt::format("count {} needs at least {} bytes, {} left", count,
                            static_cast<uint64_t>(count) * element_bytes, remaining));
}

bool Reader::read_presence(bool& present) {
  int8_t marker = 0;
  if (!read(marker)) return false;
  present = marker >= 0;
  return true;
}

bool Reader::read_elements(std::span<std::string_view>& out, Arena& arena, size_t count,
                           bool flexible) {
  out = arena.make_array<std::string_view>(count);
  for (size_t i = 0; i < count; ++i) {
    if (!read_string(out[i], flexible)) return at(i);
  }
  return true;
}

bool Reader::read_array(std::span<std::string_view>& out, Arena& arena, bool flexible) {
  int64_t count = 0;
  return read_count(count, flexible, false, flexible ? 1 : 2) &&
         read_elements(out, arena, static_cast<size_t>(count), flexible);
}

bool Reader::read_array(std::optional<std::span<std::string_view>>& out, Arena& arena,
                        bool flexible, bool nullable) {
  int64_t count = 0;
  if (!read_count(count, flexible, nullable, flexible ? 1 : 2)) return false;
  if (count >= 0) {
    return read_elements(out.emplace(), arena, static_cast<size_t>(count), flexible);
  }
  out.reset();
  return true;
}

bool Reader::skip_tags() {
  if (next_ != end_ && *next_ == 0) [[likely]] {
    ++next_;
    return true;
  }
  Tags tags(*this);
  while (tags.next()) tags.skip();
  return tags.ok();
}

Reader::Tags::Tags(Reader& reader) : reader_(reader), outer_end_(reader.end_) {
  ok_ = reader.read_uvarint(left_) || reader.at("tagged fields");
}

bool Reader::Tags::next() {
  if (!ok_) return false;
  if (inside_) {
    const size_t unread = reader_.left();
    if (unread != 0) {
      ok_ = reader_.refuse(fmt::format("tag {} has {} bytes too many", tag_, unread));
    }
    reader_.end_ = outer_end_;
    inside_ = false;
  }
  if (!ok_ || left_ == 0) return false;
  --left_;
  const uint32_t before = tag_;
  uint32_t size = 0;
  ok_ = (reader_.read_uvarint(tag_) && reader_.read_uvarint(size)) || reader_.at("tagged fields");
  if (!ok_) return false;
  if (!first_ && tag_ <= before) {
    ok_ = reader_.refuse(fmt::format("tag {} follows tag {}", tag_, before));
  } else if (size > reader_.left()) {
    ok_ = reader_.refuse(
        fmt::format("tag {} has size {}, {} bytes left", tag_, size, reader_.left()));
  }
  if (!ok_) return false;
  first_ = false;
  inside_ = true;
  reader_.end_ = reader_.next_ + size;
  return true;
}

void Reader::Tags::skip() {
  reader_.next_ = reader_.end_;
  ++reader_.unknown_tags_;
}

// Writer

std::vector<Bytes> Writer::parts() const {
  std::vector<Bytes> parts;
  const Bytes all = out_.bytes();
  size_t from = 0;
  for (const Piece& piece : pieces_) {
    if (piece.at > from) parts.push_back(all.subspan(from, piece.at - from));
    if (!piece.records.empty()) parts.push_back(piece.records.bytes);
    from = piece.at;
  }
  if (from < all.size()) parts.push_back(all.subspan(from));
  return parts;
}

Buffer Writer::flatten() const {
  Buffer flat(size());
  for (const Bytes part : parts()) flat.append(part);
  return flat;
}

void Writer::begin_frame() {
  frame_at_ = out_.size();
  write<int32_t>(0);
  frame_start_ = size();
}

Result<> Writer::end_frame() {
  const size_t bytes = size() - frame_start_;
  if (bytes > static_cast<size_t>(std::numeric_limits<int32_t>::max())) {
    return fail(Errc::kMessageTooLarge, fmt::format("a frame of {} bytes", bytes));
  }
  CHECK(frame_at_ + kFrameSizeBytes <= out_.size(), "end_frame without begin_frame");
  store_be<int32_t>(out_.data() + frame_at_, static_cast<int32_t>(bytes));
  return {};
}

void Writer::write_uvarint(uint32_t value) {
  while (value >= 0x80) {
    write<uint8_t>(static_cast<uint8_t>(value | 0x80));
    value >>= 7;
  }
  write<uint8_t>(static_cast<uint8_t>(value));
}

void Writer::write_length(size_t length, bool flexible, bool is_string) {
  if (flexible) {
    write_uvarint(static_cast<uint32_t>(length) + 1);
  } else if (is_string) {
    write<int16_t>(static_cast<int16_t>(length));
  } else {
    write<int32_t>(static_cast<int32_t>(length));
  }
}

bool Writer::write_null(bool flexible, bool nullable, bool is_string) {
  if (!nullable) return refuse(Errc::kInvalidRequest, "null, which this version does not allow");
  if (flexible) {
    write_uvarint(0);
  } else if (is_string) {
    write<int16_t>(-1);
  } else {
    write<int32_t>(-1);
  }
  return true;
}

bool Writer::write_string(std::string_view text, bool flexible) {
  if (text.size() > kStringBytesMax) {
    return refuse(Errc::kInvalidRequest, fmt::format("a string of {} bytes is longer than {}",
                                                     text.size(), kStringBytesMax));
  }
  write_length(text.size(), flexible, true);
  out_.append(as_bytes(text));
  return true;
}

bool Writer::write_string(const std::optional<std::string_view>& text, bool flexible,
                          bool nullable) {
  return text ? write_string(*text, flexible) : write_null(flexible, nullable, true);
}

bool Writer::write_count(size_t count, bool flexible) {
  if (count > static_cast<size_t>(std::numeric_limits<int32_t>::max())) {
    return refuse(Errc::kInvalidRequest, fmt::format("{} do not fit an int32", count));
  }
  write_length(count, flexible, false);
  return true;
}

bool Writer::write_null_array(bool flexible, bool nullable) {
  return write_null(flexible, nullable, false);
}

bool Writer::write_bytes(Bytes bytes, bool flexible) {
  if (!write_count(bytes.size(), flexible)) return false;
  out_.append(bytes);
  return true;
}

bool Writer::write_bytes(const std::optional<Bytes>& bytes, bool flexible, bool nullable) {
  return bytes ? write_bytes(*bytes, flexible) : write_null(flexible, nullable, false);
}

bool Writer::write_records(const Records& records, bool flexible) {
  if (!write_count(records.size(), flexible)) return false;
  if (records.empty()) return true;
  pieces_.push_back({out_.size(), records});
  piece_bytes_ += records.size();
  return true;
}

bool Writer::write_records(const std::optional<Records>& records, bool flexible, bool nullable) {
  return records ? write_records(*records, flexible) : write_null(flexible, nullable, false);
}

bool Writer::write_array(std::span<std::string_view> values, bool flexible) {
  if (!write_count(values.size(), flexible)) return false;
  for (size_t i = 0; i < values.size(); ++i) {
    if (!write_string(values[i], flexible)) return at(i);
  }
  return true;
}

size_t Writer::open_tag(uint32_t tag) {
  write_uvarint(tag);
  return out_.size();
}

void Writer::close_tag(size_t opened) {
  const size_t bytes = out_.size() - opened;
  write_uvarint(static_cast<uint32_t>(bytes));
  // The size was written behind the value; it belongs in front.
  uint8_t* const value = out_.data() + opened;
  std::rotate(value, value + bytes, out_.data() + out_.size());
}

bool Writer::refuse(Errc code, std::string why) {
  code_ = code;
  why_ = std::move(why);
  return false;
}

bool Writer::lacks(std::string_view field) {
  refuse(Errc::kUnsupportedVersion, "is set, but this version has no such field");
  return at(field);
}

Error Writer::error(std::string_view message, int16_t version) const {
  return {code_, describe(message, version, path_.text()) + why_};
}

}  // namespace millrace::kafka
