#include "group/java_text.h"

#include <limits>

#include "base/check.h"

namespace millrace::group {
namespace {

bool is_continuation(char byte) {
  return (static_cast<uint8_t>(byte) & 0xc0) == 0x80;
}

/// Takes the next character off `utf8`. What is not UTF-8 was refused when the request was decoded;
/// here it only must not be read beyond its end.
uint32_t take_character(std::string_view& utf8) {
  const auto lead = static_cast<uint8_t>(utf8.front());
  utf8.remove_prefix(1);
  uint32_t character = lead < 0x80   ? lead
                       : lead < 0xe0 ? lead & 0x1f
                       : lead < 0xf0 ? lead & 0x0f
                                     : lead & 0x07;
  while (!utf8.empty() && is_continuation(utf8.front())) {
    character = character << 6 | (static_cast<uint8_t>(utf8.front()) & 0x3f);
    utf8.remove_prefix(1);
  }
  return character;
}

template <class Visit>
void each_utf16_unit(std::string_view utf8, Visit visit) {
  while (!utf8.empty()) {
    const uint32_t character = take_character(utf8);
    if (character < 0x10000) {
      visit(character);
    } else {
      visit(0xd800 + ((character - 0x10000) >> 10));
      visit(0xdc00 + ((character - 0x10000) & 0x3ff));
    }
  }
}

}  // namespace

size_t utf16_length(std::string_view utf8) {
  size_t length = 0;
  each_utf16_unit(utf8, [&](uint32_t) { ++length; });
  return length;
}

int32_t partition_for(std::string_view group_id, int32_t partitions) {
  CHECK(partitions > 0);
  uint32_t hash = 0;
  each_utf16_unit(group_id, [&](uint32_t unit) { hash = 31 * hash + unit; });
  const auto number = static_cast<int32_t>(hash);
  // The one number without an absolute value counts as zero.
  if (number == std::numeric_limits<int32_t>::min()) return 0;
  return (number < 0 ? -number : number) % partitions;
}

std::string_view cut(std::string_view utf8, size_t bytes_max) {
  if (utf8.size() <= bytes_max) return utf8;
  size_t end = bytes_max;
  while (end > 0 && is_continuation(utf8[end])) --end;
  return utf8.substr(0, end);
}

}  // namespace millrace::group
