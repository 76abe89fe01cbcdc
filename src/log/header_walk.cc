#include "log/header_walk.h"

#include <fmt/core.h>

#include <algorithm>

namespace millrace::log {

Result<const kafka::BatchHeaderView*> HeaderWalk::next() {
  position_ = next_position_;
  for (const Damage& damage : damage_) {
    if (damage.position == position_) position_ = damage.end_position();
  }
  next_position_ = position_;
  if (position_ >= end_) return nullptr;
  const bool in_window =
      position_ >= window_position_ &&
      position_ + int64_t{kafka::kBatchHeaderSize} <= window_position_ + int64_t(window_size_);
  if (!in_window) {
    const size_t wanted = static_cast<size_t>(std::min<int64_t>(kWindowBytes, end_ - position_));
    window_position_ = position_;
    const MutableBytes into(window_.data(), wanted);
    window_size_ = TRY(on_cold_ == OnCold::kWait ? file_.read_at(position_, into)
                                                 : file_.try_read_at(position_, into));
  }
  const size_t in = static_cast<size_t>(position_ - window_position_);
  Result<kafka::BatchHeaderView> header =
      kafka::parse_batch_header(Bytes(window_.data(), window_size_).subspan(in));
  if (!header) {
    // Also a magic of 0 or 1: nobody writes such batches here, so it is rot like any other.
    return fail(Errc::kCorruptMessage,
                fmt::format("at byte {}: {}", position_, header.error().detail()));
  }
  if (int64_t(header->size()) > end_ - position_) {
    return fail(Errc::kCorruptMessage, fmt::format("at byte {}: a batch of {} bytes, {} are left",
                                                   position_, header->size(), end_ - position_));
  }
  if (header->base_offset() < next_offset_) {
    return fail(Errc::kCorruptMessage,
                fmt::format("at byte {}: offset {} after {}", position_,
                            header->base_offset().value, next_offset_.value - 1));
  }
  if (header->last_offset() - base_ > INT32_MAX) {
    return fail(Errc::kCorruptMessage,
                fmt::format("at byte {}: offset {} in a segment that begins at {}", position_,
                            header->last_offset().value, base_.value));
  }
  next_offset_ = header->next_offset();
  current_ = *header;
  next_position_ = position_ + int64_t(header->size());
  return &*current_;
}

}  // namespace millrace::log
