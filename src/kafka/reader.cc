#include "kafka/reader.h"

#include <fmt/core.h>
#include <algorithm>
#include <utility>

#include "kafka/varint.h"

namespace millrace::kafka {
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
  return {Errc::kInvalidRequest,
          fmt::format("{}{} at byte {}", path_.describe(message, version_), why_, failed_at_)};
}

bool Reader::read_uvarint(uint32_t& out) {
  const uint8_t* const after = read_unsigned_varint(next_, end_, out);
  if (after == nullptr) {
    return refuse(fmt::format("no varint of 32 bits in the {} bytes left", left()));
  }
  next_ = after;
  return true;
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
  const size_t available = left() - std::min(left(), aside_);
  if (count <= available / element_bytes) return true;
  next_ = start;
  return refuse(fmt::format("count {} needs at least {} bytes, {} left", count,
                            count * element_bytes, available));
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

Reader::Tags::Tags(Reader& reader)
    : reader_(reader), outer_end_(reader.end_), outer_aside_(reader.aside_) {
  ok_ = reader.read_uvarint(left_) || reader.at("tagged fields");
}

bool Reader::Tags::close() {
  const size_t unread = reader_.left();
  if (unread != 0) reader_.refuse(fmt::format("tag {} has {} bytes too many", tag_, unread));
  reader_.end_ = outer_end_;
  reader_.aside_ = outer_aside_;
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
  reader_.aside_ = 0;  // what others need lies behind this field's end
  return true;
}

void Reader::Tags::skip() {
  reader_.next_ = reader_.end_;
  ++reader_.unknown_tags_;
}

}  // namespace millrace::kafka
