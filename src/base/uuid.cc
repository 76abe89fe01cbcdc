#include "base/uuid.h"

#include <fmt/core.h>
#include <array>

#include "base/bytes.h"

namespace millrace {
namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr size_t kTextSize = 22;

int sextet(char c) {
  const size_t position = kAlphabet.find(c);
  return position == std::string_view::npos ? -1 : static_cast<int>(position);
}

}  // namespace

std::string Uuid::to_string() const {
  std::array<uint8_t, 18> raw{};  // two zero bytes of padding make whole sextets
  store_be64(raw.data(), high);
  store_be64(raw.data() + 8, low);
  std::string text;
  for (size_t i = 0; i < raw.size(); i += 3) {
    const uint32_t three = static_cast<uint32_t>(raw[i] << 16 | raw[i + 1] << 8 | raw[i + 2]);
    for (int shift = 18; shift >= 0; shift -= 6) text += kAlphabet[three >> shift & 63];
  }
  text.resize(kTextSize);
  return text;
}

Result<Uuid> Uuid::parse(std::string_view text) {
  std::array<uint8_t, 18> raw{};
  if (text.size() != kTextSize) {
    return fail(Errc::kInvalidRequest,
                fmt::format("\"{}\" is no id: 22 characters of URL-safe base64 wanted", text));
  }
  uint32_t bits = 0;
  int bit_count = 0;
  size_t filled = 0;
  for (const char c : text) {
    const int six = sextet(c);
    if (six < 0)
      return fail(Errc::kInvalidRequest,
                  fmt::format("\"{}\" is no id: '{}' is not URL-safe base64", text, c));
    bits = bits << 6 | static_cast<uint32_t>(six);
    bit_count += 6;
    if (bit_count >= 8) {
      bit_count -= 8;
      raw[filled++] = static_cast<uint8_t>(bits >> bit_count);
    }
  }
  return Uuid{load_be64(raw.data()), load_be64(raw.data() + 8)};
}

}  // namespace millrace
