#include "base/properties.h"

#include <fmt/core.h>
#include <algorithm>
#include <optional>

namespace millrace {
namespace {

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\f';
}

// Walks the text line by line, joins what a backslash continues, and counts.
class LineReader {
 public:
  explicit LineReader(std::string_view text) : rest_(text) {}

  bool at_end() const { return rest_.empty(); }
  /// The natural line's number, counted from 1, that the last logical line began at.
  int line() const { return begin_; }

  /// The next logical line without leading blanks; its escapes are still in it.
  std::string next() {
    begin_ = count_ + 1;
    std::string logical = strip(natural());
    if (logical.empty() || logical[0] == '#' || logical[0] == '!') return {};
    while (continues(logical) && !at_end()) {
      logical.pop_back();
      logical += strip(natural());
    }
    if (continues(logical)) logical.pop_back();
    return logical;
  }

 private:
  static std::string strip(std::string_view line) {
    while (!line.empty() && is_blank(line.front())) line.remove_prefix(1);
    return std::string(line);
  }
  static bool continues(const std::string& line) {
    const auto other = std::find_if(line.rbegin(), line.rend(), [](char c) { return c != '\\'; });
    return (other - line.rbegin()) % 2 == 1;
  }
  std::string_view natural() {
    ++count_;
    const size_t end = rest_.find_first_of("\r\n");
    const std::string_view line = rest_.substr(0, end);
    if (end == std::string_view::npos) {
      rest_ = {};
    } else {
      rest_.remove_prefix(rest_.substr(end).starts_with("\r\n") ? end + 2 : end + 1);
    }
    return line;
  }

  std::string_view rest_;
  int count_ = 0;
  int begin_ = 0;
};

void append_utf8(std::string& to, uint32_t code) {
  if (code < 0x80) {
    to += static_cast<char>(code);
  } else if (code < 0x800) {
    to += static_cast<char>(0xc0 | code >> 6);
    to += static_cast<char>(0x80 | (code & 0x3f));
  } else if (code < 0x10000) {
    to += static_cast<char>(0xe0 | code >> 12);
    to += static_cast<char>(0x80 | (code >> 6 & 0x3f));
    to += static_cast<char>(0x80 | (code & 0x3f));
  } else {
    to += static_cast<char>(0xf0 | code >> 18);
    to += static_cast<char>(0x80 | (code >> 12 & 0x3f));
    to += static_cast<char>(0x80 | (code >> 6 & 0x3f));
    to += static_cast<char>(0x80 | (code & 0x3f));
  }
}

// Four hexadecimal digits at `at`.
std::optional<uint32_t> hex4(std::string_view text, size_t at) {
  if (at + 4 > text.size()) return std::nullopt;
  uint32_t code = 0;
  for (const char c : text.substr(at, 4)) {
    const int digit = c >= '0' && c <= '9'   ? c - '0'
                      : c >= 'a' && c <= 'f' ? c - 'a' + 10
                      : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                             : -1;
    if (digit < 0) return std::nullopt;
    code = code << 4 | static_cast<uint32_t>(digit);
  }
  return code;
}

bool is_high_surrogate(uint32_t code) {
  return code >= 0xd800 && code < 0xdc00;
}
bool is_low_surrogate(uint32_t code) {
  return code >= 0xdc00 && code < 0xe000;
}

// The character a \u escape at `at` (its backslash) stands for; `at` moves behind it. Characters
// beyond 16 bits take two escapes.
std::optional<uint32_t> unicode_escape(std::string_view text, size_t& at) {
  const std::optional<uint32_t> first = hex4(text, at + 2);
  if (!first || is_low_surrogate(*first)) return std::nullopt;
  at += 6;
  if (!is_high_surrogate(*first)) return first;
  if (!text.substr(at).starts_with("\\u")) return std::nullopt;
  const std::optional<uint32_t> second = hex4(text, at + 2);
  if (!second || !is_low_surrogate(*second)) return std::nullopt;
  at += 6;
  return 0x10000 + ((*first - 0xd800) << 10) + (*second - 0xdc00);
}

Result<std::string> unescape(std::string_view text) {
  std::string plain;
  plain.reserve(text.size());
  for (size_t i = 0; i < text.size();) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      plain += text[i++];
      continue;
    }
    const char c = text[i + 1];
    if (c == 'u') {
      const std::optional<uint32_t> code = unicode_escape(text, i);
      if (!code) {
        return fail(Errc::kInvalidSetting,
                    "a \\u escape needs four hexadecimal digits that name a character");
      }
      append_utf8(plain, *code);
      continue;
    }
    plain += c == 't' ? '\t' : c == 'n' ? '\n' : c == 'r' ? '\r' : c == 'f' ? '\f' : c;
    i += 2;
  }
  return plain;
}

// Where the name ends: at the first separator that no backslash hides.
size_t name_size(std::string_view line) {
  for (size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '\\') {
      ++i;
    } else if (line[i] == '=' || line[i] == ':' || is_blank(line[i])) {
      return i;
    }
  }
  return line.size();
}

std::string_view value_of(std::string_view line, size_t name_end) {
  std::string_view rest = line.substr(name_end);
  const auto skip_blanks = [&rest] {
    while (!rest.empty() && is_blank(rest.front())) rest.remove_prefix(1);
  };
  skip_blanks();
  if (!rest.empty() && (rest.front() == '=' || rest.front() == ':')) {
    rest.remove_prefix(1);
    skip_blanks();
  }
  return rest;
}

std::string escape(std::string_view text, bool is_name) {
  std::string escaped;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\n' || c == '\r' || c == '\t' || c == '\f') {
      escaped += c == '\n' ? "\\n" : c == '\r' ? "\\r" : c == '\t' ? "\\t" : "\\f";
      continue;
    }
    const bool hidden = c == '\\' || (c == ' ' && (is_name || i == 0)) ||
                        (is_name && (c == '=' || c == ':' || c == '#' || c == '!'));
    if (hidden) escaped += '\\';
    escaped += c;
  }
  return escaped;
}

}  // namespace

Result<std::vector<Property>> parse_properties(std::string_view text) {
  if (text.size() > kPropertiesBytesMax) {
    return fail(Errc::kInvalidSetting, fmt::format("the file is {} bytes long, at most {} are read",
                                                   text.size(), kPropertiesBytesMax));
  }
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);  // an editor's byte order mark
  std::vector<Property> properties;
  LineReader reader(text);
  while (!reader.at_end()) {
    const std::string line = reader.next();
    if (line.empty()) continue;
    const size_t end = name_size(line);
    Result<std::string> name = unescape(std::string_view(line).substr(0, end));
    Result<std::string> value = unescape(value_of(line, end));
    for (const auto* part : {&name, &value}) {
      if (!*part) return fail(part->error().within(fmt::format("line {}", reader.line())));
    }
    if (properties.size() == kPropertiesMax) {
      return fail(Errc::kInvalidSetting,
                  fmt::format("line {}: more than {} entries", reader.line(), kPropertiesMax));
    }
    properties.push_back({std::move(*name), std::move(*value), reader.line()});
  }
  return properties;
}

std::string format_property(std::string_view name, std::string_view value) {
  return fmt::format("{}={}\n", escape(name, true), escape(value, false));
}

}  // namespace millrace
