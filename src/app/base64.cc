#include "app/base64.h"

#include <fmt/core.h>

namespace millrace::app {
namespace {

constexpr std::string_view kBase64 =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

}  // namespace

std::string base64(Bytes bytes) {
  std::string text;
  for (size_t i = 0; i < bytes.size(); i += 3) {
    const size_t count = std::min<size_t>(3, bytes.size() - i);
    uint32_t three = 0;
    for (size_t b = 0; b < 3; ++b) three = three << 8 | (b < count ? bytes[i + b] : 0u);
    for (size_t s = 0; s < 4; ++s) {
      text += s <= count ? kBase64[three >> (18 - 6 * s) & 63] : '=';
    }
  }
  return text;
}

Result<std::string> from_base64(std::string_view text) {
  std::string bytes;
  uint32_t bits = 0;
  int count = 0;
  while (text.ends_with('=')) text.remove_suffix(1);
  for (const char c : text) {
    const size_t six = kBase64.find(c);
    if (six == std::string_view::npos) {
      return fail(Errc::kInvalidInput, fmt::format("'{}' is not base64", c));
    }
    bits = bits << 6 | static_cast<uint32_t>(six);
    count += 6;
    if (count >= 8) {
      count -= 8;
      bytes += static_cast<char>(bits >> count & 0xff);
    }
  }
  return bytes;
}

}  // namespace millrace::app
