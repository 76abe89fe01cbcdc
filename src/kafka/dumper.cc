#include "kafka/dumper.h"

#include <iterator>

namespace millrace::kafka {
namespace {

constexpr size_t kBytesShown = 32;

}  // namespace

void Dumper::element() {
  if (!first_) out_ += ", ";
  first_ = false;
}

void Dumper::key(std::string_view name) {
  element();
  fmt::format_to(std::back_inserter(out_), "\"{}\": ", name);
}

void Dumper::value(int64_t number) {
  fmt::format_to(std::back_inserter(out_), "{}", number);
}

void Dumper::value(double number) {
  fmt::format_to(std::back_inserter(out_), "{}", number);
}

void Dumper::value(std::string_view text) {
  out_ += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out_ += '\\';
      out_ += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      fmt::format_to(std::back_inserter(out_), "\\u{:04x}", static_cast<int>(c));
    } else {
      out_ += c;
    }
  }
  out_ += '"';
}

void Dumper::value(Bytes bytes) {
  out_ += '"';
  for (const uint8_t byte : bytes.first(std::min(bytes.size(), kBytesShown))) {
    fmt::format_to(std::back_inserter(out_), "{:02x}", byte);
  }
  if (bytes.size() > kBytesShown) {
    fmt::format_to(std::back_inserter(out_), "... {} bytes", bytes.size());
  }
  out_ += '"';
}

void Dumper::value(const Uuid& id) {
  value(std::string_view(id.to_string()));
}

}  // namespace millrace::kafka
