// Damage: bytes of a segment that are no batch any more, and the offsets that are lost with them.
#pragma once

#include <cstdint>

#include "base/error.h"
#include "base/ids.h"

namespace millrace::log {

struct Damage {
  int64_t position = 0;  ///< in the segment's file. Units: bytes
  int64_t size = 0;
  Offset first_offset;  ///< the first one that may be lost
  Offset next_offset;   ///< the first one behind it; kNoOffset: nothing follows in this segment
  Error why{Errc::kCorruptMessage};

  int64_t end_position() const { return position + size; }
  bool holds(Offset offset) const {
    return offset >= first_offset && (next_offset == kNoOffset || offset < next_offset);
  }
};

}  // namespace millrace::log
