#include "log/segment_scan.h"

#include <fmt/core.h>

#include <algorithm>

#include "kafka/crc32c.h"

namespace millrace::log {
namespace {

// Records may hold bytes that look like headers, by chance or by design. So much is spent on them
// before the rest of the segment is given up.
constexpr int64_t kResyncBytesMax = 256 << 20;

/// Whether the start of `bytes` could be a batch that follows `expected`: cheap to say, and wrong
/// for nearly all places that are none.
bool looks_like_batch(Bytes bytes, Offset expected) {
  if (bytes[kafka::batch_layout::kMagic] != kafka::kBatchMagic) return false;
  const Result<kafka::BatchHeaderView> header = kafka::parse_batch_header(bytes);
  if (!header || header->base_offset() < expected) return false;
  return header->base_offset() - expected <= INT32_MAX && header->attributes() < 0x80 &&
         header->record_count() <= header->last_offset_delta() + int64_t{1};
}

}  // namespace

SegmentScan::SegmentScan(runtime::File& file, int64_t from, int64_t to, SegmentOffsets offsets,
                         kafka::CrcCheck crc)
    : file_(file),
      end_(to),
      next_position_(from),
      expected_(offsets.first),
      offsets_end_(offsets.end),
      crc_(crc) {}

// The bytes from `position` on: `wanted` of them, or what is left. Reads `ahead` when it must read.
Result<Bytes> SegmentScan::at_least(int64_t position, size_t wanted, int64_t ahead_bytes) {
  wanted = static_cast<size_t>(std::min<int64_t>(int64_t(wanted), end_ - position));
  const int64_t window_end = window_position_ + int64_t(window_.size());
  if (position < window_position_ || position + int64_t(wanted) > window_end) {
    const auto ahead = static_cast<size_t>(
        std::min<int64_t>(std::max<int64_t>(int64_t(wanted), ahead_bytes), end_ - position));
    window_.resize(ahead);
    window_position_ = position;
    const size_t got = TRY(file_.read_at(position, window_.mutable_bytes()));
    window_.resize(got);
  }
  return window_.bytes().subspan(static_cast<size_t>(position - window_position_));
}

// What is wrong with the batch at `position`; nothing when it is whole. Leaves its header behind.
// A length that lies costs no memory: the CRC is taken piece by piece.
Result<std::optional<Error>> SegmentScan::check(int64_t position) {
  Bytes bytes = TRY(at_least(position, kafka::kBatchHeaderSize));
  const Result<kafka::BatchHeaderView> header = kafka::parse_batch_header(bytes);
  if (!header) return header.error();
  const auto size = int64_t(header->size());
  if (size > end_ - position) {
    return Error(Errc::kCorruptMessage,
                 fmt::format("a batch of {} bytes where {} are left", size, end_ - position));
  }
  if (header->base_offset() < expected_) {
    return Error(
        Errc::kCorruptMessage,
        fmt::format("offset {} after {}", header->base_offset().value, expected_.value - 1));
  }
  if (header->next_offset() > offsets_end_) {
    return Error(Errc::kCorruptMessage,
                 fmt::format("offset {} in a segment that ends before {}",
                             header->last_offset().value, offsets_end_.value));
  }
  const uint32_t expected_crc = header->crc();
  if (size <= kWindowBytes) TRY(at_least(position, size_t(size)));
  uint32_t crc = 0;
  for (int64_t at = kafka::batch_layout::kAttributes; at < size;) {
    bytes = TRY(at_least(position + at, 1));
    const auto piece = static_cast<size_t>(std::min<int64_t>(int64_t(bytes.size()), size - at));
    if (piece == 0) return Error(Errc::kCorruptMessage, "the file is shorter than it was");
    crc = kafka::crc32c_extend(crc, bytes.first(piece));
    at += int64_t(piece);
  }
  if (crc != expected_crc && crc_ == kafka::CrcCheck::kVerify) {
    return Error(Errc::kCorruptMessage,
                 fmt::format("the batch has CRC {:08x}, its content {:08x}", expected_crc, crc));
  }
  bytes = TRY(at_least(position, kafka::kBatchHeaderSize));
  header_ = TRY(kafka::parse_batch_header(bytes));
  return std::nullopt;
}

// Whether there is a header that is to be trusted, and is in its place. Leaves it behind.
Result<bool> SegmentScan::check_header(int64_t position) {
  if (trusted_ <= expected_) return false;
  // From one large batch to the next there is little to read.
  const bool large = trusted_bytes_ > kWindowBytes / 8;
  const Bytes bytes = TRY(at_least(position, kafka::kBatchHeaderSize, large ? 4096 : kWindowBytes));
  const Result<kafka::BatchHeaderView> header = kafka::parse_batch_header(bytes);
  if (!header || int64_t(header->size()) > end_ - position) return false;
  if (header->base_offset() < expected_ || header->next_offset() > trusted_) return false;
  if (header->next_offset() > offsets_end_) return false;
  trusted_bytes_ = int64_t(header->size());
  header_ = *header;
  return true;
}

Result<SegmentScan::Found> SegmentScan::next() {
  position_ = next_position_;
  header_.reset();
  if (position_ >= end_) return Found::kEnd;
  if (!TRY(check_header(position_))) {
    std::optional<Error> wrong = TRY(check_in_place(position_));
    if (wrong) return found_damage(*std::move(wrong));
  }
  next_position_ = position_ + int64_t(header_->size());
  expected_ = header_->next_offset();
  return Found::kBatch;
}

// The base offset is not covered by the CRC. One that rot has made too large is told by the next
// whole batch, which then seems to go back. Gaps as such are what compaction leaves.
Result<std::optional<Error>> SegmentScan::check_in_place(int64_t position) {
  std::optional<Error> wrong = TRY(check(position));
  if (wrong || header_->base_offset() == expected_) return wrong;
  const Offset next_offset = header_->next_offset();
  const int64_t behind = TRY(next_whole(position + int64_t(header_->size())));
  if (behind < end_ && header_->base_offset() < next_offset) {
    return Error(Errc::kCorruptMessage, "its offset is above that of the next batch");
  }
  return check(position);
}

Result<kafka::RecordBatchView> SegmentScan::batch() {
  return kafka::parse_batch(TRY(at_least(position_, header_->size())));
}

Result<SegmentScan::Found> SegmentScan::found_damage(Error why) {
  damage_ = {.position = position_, .first_offset = expected_, .why = std::move(why)};
  next_position_ = TRY(resync(position_));
  damage_.size = next_position_ - position_;
  if (next_position_ < end_) damage_.next_offset = header_->base_offset();
  header_.reset();
  return Found::kDamage;
}

// Where the next batch begins that is whole and in its place; the end when there is none.
Result<int64_t> SegmentScan::resync(int64_t from) {
  // Most often the length is right and something behind it is not.
  const Bytes bytes = TRY(at_least(from, kafka::kBatchHeaderSize));
  if (const Result<kafka::BatchHeaderView> header = kafka::parse_batch_header(bytes); header) {
    const int64_t behind = from + int64_t(header->size());
    if (behind == end_) return end_;
    if (behind < end_ && !TRY(check_in_place(behind))) return behind;
  }
  while (true) {
    from = TRY(next_whole(from + 1));
    if (from == end_ || !TRY(check_in_place(from))) return from;
  }
}

// Where the next batch begins that is whole by itself, at `at` or behind it; the end when there is
// none. Leaves its header behind.
Result<int64_t> SegmentScan::next_whole(int64_t at) {
  int64_t budget = kResyncBytesMax;
  for (; at + int64_t{kafka::kBatchHeaderSize} <= end_; ++at) {
    const Bytes bytes = TRY(at_least(at, kafka::kBatchHeaderSize));
    if (bytes.size() < kafka::kBatchHeaderSize) break;
    if (!looks_like_batch(bytes, expected_)) continue;
    const auto size = int64_t(kafka::parse_batch_header(bytes)->size());
    if (size > end_ - at) continue;
    budget -= size;
    if (budget < 0) break;
    if (!TRY(check(at))) return at;
  }
  return end_;
}

}  // namespace millrace::log
