#include "kafka/dumper.h"

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
  out_ += fmt::format("\"{}\": ", name);
}

void Dumper::value(int64_t number) {
  out_ += fmt::format("{}", number);
}

void Dumper::value(double number) {
  out_ += fmt::format("{}", number);
}

void Dumper::value(std::string_view text) {
  out_ += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out_ += '\\';
      out_ += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out_ += fmt::format("\\u{:04x}", static_cast<int>(c));
    } else {
      out_ += c;
    }
  }
  out_ += '"';
}

void Dumper::value(Bytes bytes) {
  out_ += '"';
  for (const uint8_t byte : bytes.first(std::min(bytes.size(), kBytesShown))) {
    out_ += fmt::format("{:02x}", byte);
  }
  if (bytes.size() > kBytesShown) {
    out_ += fmt::format("... {} bytes", bytes.size());
  }
  out_ += '"';
}

void Dumper::value(const Uuid& id) {
  value(std::string_view(id.to_string()));
}

void Dumper::field(std::string_view name, bool yes) {
  key(name);
  value(yes);
}

void Dumper::field(std::string_view name, int64_t number) {
  key(name);
  value(number);
}

void Dumper::field(std::string_view name, double number) {
  key(name);
  value(number);
}

void Dumper::field(std::string_view name, std::string_view text) {
  key(name);
  value(text);
}

void Dumper::field(std::string_view name, const std::optional<std::string_view>& text) {
  key(name);
  value(text);
}

void Dumper::field(std::string_view name, const Uuid& id) {
  key(name);
  value(id);
}

}  // namespace millrace::kafka
