#include "base/printable.h"

#include <fmt/core.h>

namespace millrace {
namespace {

constexpr size_t kPrintableMax = 100;

}  // namespace

std::string printable(std::string_view text) {
  std::string out;
  for (const char c : text.substr(0, kPrintableMax)) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f || c == '"' || c == '\\') {
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    } else {
      out += c;
    }
  }
  if (text.size() > kPrintableMax) out += "...";
  return out;
}

}  // namespace millrace
