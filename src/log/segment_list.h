// SegmentList: the segments of a log in order of their base offsets; the last one is active, which
// means appended to. Every offset belongs to the last segment that begins at or below it.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/ids.h"
#include "log/segment.h"
#include "log/segment_scan.h"

namespace millrace::log {

class SegmentList {
 public:
  bool empty() const { return segments_.empty(); }
  size_t size() const { return segments_.size(); }
  Segment& at(size_t index) { return *segments_.at(index); }
  Segment& first() { return *segments_.front(); }
  Segment& active() { return *segments_.back(); }
  const Segment& active() const { return *segments_.back(); }
  auto begin() { return segments_.begin(); }
  auto end() { return segments_.end(); }

  /// The index of the segment that `offset` belongs to; size() when it is below all.
  size_t floor(Offset offset) const;

  /// Which offsets it may hold: what is in reach of its base, and below the next one.
  SegmentOffsets offsets_of(size_t index) const;

  /// Requires: begins above all others.
  void push(std::unique_ptr<Segment> segment);
  /// Takes [from, to) out.
  std::vector<std::unique_ptr<Segment>> take(size_t from, size_t to);
  /// Puts segments where they belong. Requires: no base offset twice.
  void insert(std::vector<std::unique_ptr<Segment>> segments);

  int64_t size_bytes() const;

 private:
  std::vector<std::unique_ptr<Segment>> segments_;
};

}  // namespace millrace::log
