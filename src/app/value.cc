#include "app/value.h"

#include <fmt/core.h>
#include <fmt/format.h>

#include <cmath>

#include "kafka/wire.h"

namespace millrace::app {
namespace {

constexpr int64_t kExactInDouble = int64_t{1} << 53;

void append_indent(std::string& out, int indent) {
  out.append(static_cast<size_t>(indent), ' ');
}

// Words that YAML would read as something else than text.
bool needs_quotes(std::string_view text) {
  if (text.empty() || text.front() == ' ' || text.back() == ' ') return true;
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20) return true;
  }
  if (text.find_first_of(":#{}[],&*!|>'\"%@`") != std::string_view::npos) return true;
  if (text.find_first_not_of("0123456789+-.eE_") == std::string_view::npos) return true;
  return text == "true" || text == "false" || text == "null" || text == "yes" || text == "no" ||
         text == "~" || text == "on" || text == "off" || text.starts_with("- ") || text == "-";
}

void append_number(std::string& out, double number) {
  if (std::isfinite(number)) {
    fmt::format_to(std::back_inserter(out), "{}", number);
  } else {
    out += "null";
  }
}

void append_integer(std::string& out, int64_t number, bool as_text) {
  const bool quoted = as_text && (number > kExactInDouble || number < -kExactInDouble);
  out += fmt::format(fmt::runtime(quoted ? "\"{}\"" : "{}"), number);
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
  const bool valid = kafka::is_utf8(text);
  out += '"';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        // Bytes that are no UTF-8 are shown one by one as U+0080 to U+00FF.
        if (byte < 0x20 || byte == 0x7f || (!valid && byte >= 0x80)) {
          fmt::format_to(std::back_inserter(out), "\\u{:04x}", byte);
        } else {
          out += c;
        }
    }
  }
  out += '"';
}

const Value* Value::find(std::string_view name) const {
  if (const Object* members = object()) {
    for (const auto& [key, value] : *members) {
      if (key == name) return &value;
    }
  }
  return nullptr;
}

std::string Value::to_cell() const {
  if (is_null()) return "-";
  if (const bool* b = boolean()) return *b ? "yes" : "no";
  if (const int64_t* n = integer()) return fmt::format("{}", *n);
  if (const double* d = number()) return fmt::format("{:.1f}", *d);
  if (const std::string* t = text()) return *t;
  std::string joined;
  if (const List* items = list()) {
    for (const Value& item : *items) {
      if (!joined.empty()) joined += ',';
      joined += item.to_cell();
    }
    return joined.empty() ? "-" : joined;
  }
  append_json(joined);
  return joined;
}

void Value::append_json(std::string& out, bool int64_as_text) const {
  if (is_null()) {
    out += "null";
  } else if (const bool* b = boolean()) {
    out += *b ? "true" : "false";
  } else if (const int64_t* n = integer()) {
    append_integer(out, *n, int64_as_text);
  } else if (const double* d = number()) {
    append_number(out, *d);
  } else if (const std::string* t = text()) {
    append_json_string(out, *t);
  } else if (const List* items = list()) {
    out += '[';
    for (size_t i = 0; i < items->size(); ++i) {
      if (i > 0) out += ',';
      (*items)[i].append_json(out, int64_as_text);
    }
    out += ']';
  } else {
    out += '{';
    const Object& members = *object();
    for (size_t i = 0; i < members.size(); ++i) {
      if (i > 0) out += ',';
      append_json_string(out, members[i].first);
      out += ':';
      members[i].second.append_json(out, int64_as_text);
    }
    out += '}';
  }
}

void Value::append_pretty_json(std::string& out, int indent, bool int64_as_text) const {
  const List* items = list();
  const Object* members = object();
  const size_t count = items ? items->size() : members ? members->size() : 0;
  if (count == 0) return append_json(out, int64_as_text);
  out += items ? "[\n" : "{\n";
  for (size_t i = 0; i < count; ++i) {
    append_indent(out, indent + 2);
    if (members) {
      append_json_string(out, (*members)[i].first);
      out += ": ";
    }
    (items ? (*items)[i] : (*members)[i].second).append_pretty_json(out, indent + 2, int64_as_text);
    out += i + 1 < count ? ",\n" : "\n";
  }
  append_indent(out, indent);
  out += items ? ']' : '}';
}

void Value::append_yaml(std::string& out, int indent) const {
  const auto is_block = [](const Value& v) {
    return (v.list() && !v.list()->empty()) || (v.object() && !v.object()->empty());
  };
  if (const List* items = list(); items && !items->empty()) {
    for (const Value& item : *items) {
      append_indent(out, indent);
      out += "- ";
      if (is_block(item)) {
        std::string block;
        item.append_yaml(block, indent + 2);
        out += std::string_view(block).substr(static_cast<size_t>(indent) + 2);
      } else {
        item.append_yaml(out, 0);
      }
    }
  } else if (const Object* members = object(); members && !members->empty()) {
    for (const auto& [key, value] : *members) {
      append_indent(out, indent);
      if (needs_quotes(key)) {
        append_json_string(out, key);
      } else {
        out += key;
      }
      out += is_block(value) ? ":\n" : ": ";
      value.append_yaml(out, is_block(value) ? indent + 2 : 0);
    }
  } else if (const std::string* t = text(); t && !needs_quotes(*t)) {
    out += *t;
    out += '\n';
  } else {
    append_json(out);
    out += '\n';
  }
}

}  // namespace millrace::app
