#include "kafka/writer.h"

#include <fmt/core.h>
#include <algorithm>
#include <limits>
#include <utility>

#include "base/check.h"
#include "kafka/varint.h"

namespace millrace::kafka {
namespace {

constexpr size_t kFrameSizeBytes = 4;

}  // namespace

std::vector<Bytes> Writer::parts() const {
  std::vector<Bytes> parts;
  const Bytes all = out_.bytes();
  size_t from = 0;
  for (const Piece& piece : pieces_) {
    CHECK(!piece.records.is_elsewhere(), "who sends files puts the parts together");
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
  write_unsigned_varint(out_.extend(unsigned_varint_size(value)), value);
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
  if (!records.empty()) add_piece(records);
  return true;
}

void Writer::write_encoded(Bytes encoded) {
  if (!encoded.empty()) add_piece(Records(encoded));
}

void Writer::add_piece(const Records& records) {
  pieces_.push_back({out_.size(), records});
  piece_bytes_ += records.size();
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
  return {code_, path_.describe(message, version_) + why_};
}

}  // namespace millrace::kafka
