#include "kafka/wire_types.h"

#include <fmt/core.h>
#include <cstring>

namespace millrace::kafka {

void detail::FieldPath::prepend_field(std::string_view name) {
  const bool join = !text_.empty() && text_.front() != '[';
  text_ = fmt::format("{}{}{}", name, join ? "." : "", text_);
}

void detail::FieldPath::prepend_index(size_t index) {
  text_ = fmt::format("[{}]{}{}", index, text_.empty() ? "" : ".", text_);
}

std::string detail::FieldPath::describe(std::string_view message, int16_t version) const {
  return fmt::format("{} v{}: {}{}", message, version, text_, text_.empty() ? "" : ": ");
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

}  // namespace millrace::kafka
