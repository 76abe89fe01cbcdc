#include "log/segment_list.h"

#include <algorithm>
#include <iterator>

#include "base/check.h"

namespace millrace::log {

size_t SegmentList::floor(Offset offset) const {
  const auto after = std::partition_point(
      segments_.begin(), segments_.end(),
      [=](const std::unique_ptr<Segment>& segment) { return segment->base_offset() <= offset; });
  if (after == segments_.begin()) return segments_.size();
  return static_cast<size_t>(after - segments_.begin()) - 1;
}

SegmentOffsets SegmentList::offsets_of(size_t index) const {
  SegmentOffsets offsets = SegmentOffsets::from(segments_.at(index)->base_offset());
  if (index + 1 < segments_.size()) {
    offsets.end = std::min(offsets.end, segments_[index + 1]->base_offset());
  }
  return offsets;
}

void SegmentList::push(std::unique_ptr<Segment> segment) {
  CHECK(segments_.empty() || segment->base_offset() > segments_.back()->base_offset());
  segments_.push_back(std::move(segment));
}

std::vector<std::unique_ptr<Segment>> SegmentList::take(size_t from, size_t to) {
  CHECK(from <= to && to <= segments_.size());
  const auto first = segments_.begin() + static_cast<ptrdiff_t>(from);
  const auto last = segments_.begin() + static_cast<ptrdiff_t>(to);
  std::vector<std::unique_ptr<Segment>> taken(std::make_move_iterator(first),
                                              std::make_move_iterator(last));
  segments_.erase(first, last);
  return taken;
}

void SegmentList::insert(std::vector<std::unique_ptr<Segment>> segments) {
  for (std::unique_ptr<Segment>& segment : segments) segments_.push_back(std::move(segment));
  std::ranges::sort(segments_, {}, [](const auto& segment) { return segment->base_offset(); });
  const auto twice = std::ranges::adjacent_find(
      segments_, {}, [](const auto& segment) { return segment->base_offset(); });
  CHECK(twice == segments_.end());
}

int64_t SegmentList::size_bytes() const {
  int64_t bytes = 0;
  for (const std::unique_ptr<Segment>& segment : segments_) bytes += segment->size();
  return bytes;
}

}  // namespace millrace::log
