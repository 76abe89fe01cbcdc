#include "kafka/wire.h"

#include <fmt/core.h>
#include <limits>
#include <utility>

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

bool Reader::at(std::string_view field) {
  path_.prepend_field(field);
  return false;
}

bool Reader::at(size_t index) {
  path_.prepend_index(index);
  return false;
}

bool Reader::refuse(std::string why) {
  why_ = std::move(why);
  failed_at_ = position();
  return false;
}

bool Reader::refuse_short(size_t wanted) {
  return refuse(fmt::format("needs {} bytes, {} left", wanted, left()));
}

Error Reader::error(std::string_view message) const {
  return {
      Errc::kInvalidRequest,
      fmt::format("{}{} at byte {}", describe(message, version_, path_.text()), why_, failed_at_)};
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

bool Reader::read_length(size_t& length, bool is_string) {
  const uint8_t* const start = next_;
  int64_t value = 0;
  bool ok = false;
  if (flexible_) {
    uint32_t plus_one = 0;
    ok = read_uvarint(plus_one);
    value = static_cast<int64_t>(plus_one) - 1;
  } else if (is_string) {
    int16_t classic = 0;
    ok = read(classic);
    value = classic;
  } else {
    int32_t classic = 0;
    ok = read(classic);
    value = classic;
  }
  if (!ok) return false;
  length = static_cast<size_t>(value);
  if (value >= 0) return true;
  next_ = start;
  return refuse(value == -1 ? "null is not allowed here"
                            : fmt::format("length {} is negative", value));
}

bool Reader::take_null(bool is_string) {
  const size_t bytes = flexible_ ? 1 : is_string ? 2 : 4;
  if (left() < bytes) return false;
  const bool is_null = flexible_   ? *next_ == 0
                       : is_string ? load_be<int16_t>(next_) == -1
                                   : load_be<int32_t>(next_) == -1;
  if (is_null) next_ += bytes;
  return is_null;
}

bool Reader::read(Bytes& out) {
  size_t size = 0;
  if (!read_length(size, false)) return false;
  if (size > left()) {
    return refuse(fmt::format("size {} exceeds the {} bytes left", size, left()));
  }
  out = {next_, size};
  next_ += size;
  return true;
}

bool Reader::read(std::string_view& out) {
  size_t size = 0;
  if (!read_length(size, true)) return false;
  if (size > kStringBytesMax) {
    return refuse(fmt::format("a string of {} bytes is longer than {}", size, kStringBytesMax));
  }
  if (size > left()) {
    return refuse(fmt::format("a string of {} bytes exceeds the {} left", size, left()));
  }
  out = as_text({next_, size});
  if (!is_utf8(out)) [[unlikely]]
    return refuse("text is not UTF-8");
  next_ += size;
  return true;
}

bool Reader::read(std::span<std::string_view>& out) {
  size_t count = 0;
  if (!read_count(count, flexible_ ? 1 : 2)) return false;
  out = arena_->make_array<std::string_view>(count);
  for (size_t i = 0; i < count; ++i) {
    if (!read(out[i])) return at(i);
  }
  return true;
}

bool Reader::read_classic(std::optional<std::string_view>& out) {
  const bool flexible = std::exchange(flexible_, false);
  const bool ok = read(out);
  flexible_ = flexible;
  return ok;
}

bool Reader::read_count(size_t& count, size_t element_bytes) {
  const uint8_t* const start = next_;
  if (!read_length(count, false)) return false;
  if (count <= left() / element_bytes) return true;
  const size_t remaining = left();
  next_ = start;
  return refuse(fmt::format("count {} needs at least {} bytes, {} left", count,
                            count * element_bytes, remaining));
}

bool Reader::read_presence(bool& present) {
  int8_t marker = 0;
  if (!read(marker)) return false;
  present = marker > 0;
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

bool Reader::Tags::close() {
  const size_t unread = reader_.left();
  if (unread != 0) reader_.refuse(fmt::format("tag {} has {} bytes too many", tag_, unread));
  reader_.end_ = outer_end_;
  inside_ = false;
  return unread == 0;
}

bool Reader::Tags::next() {
  if (inside_) ok_ = close();
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
  write(int32_t{0});
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
    write(static_cast<uint8_t>(value | 0x80));
    value >>= 7;
  }
  write(static_cast<uint8_t>(value));
}

void Writer::write_length(size_t length, bool is_string) {
  if (flexible_) {
    write_uvarint(static_cast<uint32_t>(length) + 1);
  } else if (is_string) {
    write(static_cast<int16_t>(length));
  } else {
    write(static_cast<int32_t>(length));
  }
}

bool Writer::write_null(bool is_string, bool nullable) {
  if (!nullable) return refuse(Errc::kInvalidRequest, "null, which this version does not allow");
  if (flexible_) {
    write_uvarint(0);
  } else if (is_string) {
    write(int16_t{-1});
  } else {
    write(int32_t{-1});
  }
  return true;
}

bool Writer::write_count(size_t count) {
  if (count > static_cast<size_t>(std::numeric_limits<int32_t>::max())) {
    return refuse(Errc::kInvalidRequest, fmt::format("{} do not fit an int32", count));
  }
  write_length(count, false);
  return true;
}

bool Writer::write(std::string_view text) {
  if (text.size() > kStringBytesMax) {
    return refuse(Errc::kInvalidRequest, fmt::format("a string of {} bytes is longer than {}",
                                                     text.size(), kStringBytesMax));
  }
  write_length(text.size(), true);
  out_.append(as_bytes(text));
  return true;
}

bool Writer::write(Bytes bytes) {
  if (!write_count(bytes.size())) return false;
  out_.append(bytes);
  return true;
}

bool Writer::write(const Records& records) {
  if (!write_count(records.size())) return false;
  if (records.empty()) return true;
  pieces_.push_back({out_.size(), records});
  piece_bytes_ += records.size();
  return true;
}

bool Writer::write(std::span<std::string_view> values) {
  if (!write_count(values.size())) return false;
  for (size_t i = 0; i < values.size(); ++i) {
    if (!write(values[i])) return at(i);
  }
  return true;
}

bool Writer::write_classic(const std::optional<std::string_view>& text) {
  const bool flexible = std::exchange(flexible_, false);
  const bool ok = write(text);
  flexible_ = flexible;
  return ok;
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

bool Writer::at(std::string_view field) {
  path_.prepend_field(field);
  return false;
}

bool Writer::at(size_t index) {
  path_.prepend_index(index);
  return false;
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

Error Writer::error(std::string_view message) const {
  return {code_, describe(message, version_, path_.text()) + why_};
}

}  // namespace millrace::kafka
