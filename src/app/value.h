// Value: what a verb has to say, before it is known whether a person or a program reads it:
// numbers, texts, lists and records, in order. Rendered by output.h. Not a parser.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace millrace::app {

class Value {
 public:
  using List = std::vector<Value>;
  using Member = std::pair<std::string, Value>;
  using Object = std::vector<Member>;  ///< in the order it is shown

  Value() = default;  ///< null
  // Implicit: a Value is written as what it holds.
  // NOLINTBEGIN(google-explicit-constructor)
  Value(bool b) : data_(b) {}
  Value(int n) : data_(int64_t{n}) {}
  Value(int64_t n) : data_(n) {}
  Value(size_t n) : data_(static_cast<int64_t>(n)) {}
  Value(double d) : data_(d) {}
  Value(const char* text) : data_(std::string(text)) {}
  Value(std::string text) : data_(std::move(text)) {}
  Value(std::string_view text) : data_(std::string(text)) {}
  Value(List list) : data_(std::move(list)) {}
  Value(Object object) : data_(std::move(object)) {}
  // NOLINTEND(google-explicit-constructor)

  bool is_null() const { return std::holds_alternative<std::monostate>(data_); }
  const bool* boolean() const { return std::get_if<bool>(&data_); }
  const int64_t* integer() const { return std::get_if<int64_t>(&data_); }
  const double* number() const { return std::get_if<double>(&data_); }
  const std::string* text() const { return std::get_if<std::string>(&data_); }
  const List* list() const { return std::get_if<List>(&data_); }
  const Object* object() const { return std::get_if<Object>(&data_); }

  /// The member of that name; null when there is none or this is no object.
  const Value* find(std::string_view name) const;

  /// As one word for a table cell: "-" for null, items joined by commas.
  std::string to_cell() const;
  /// JSON on one line. With `int64_as_text` integers beyond 2^53 become strings, for readers that
  /// would round them.
  void append_json(std::string& out, bool int64_as_text = false) const;
  /// JSON over several lines, two spaces a level.
  void append_pretty_json(std::string& out, int indent, bool int64_as_text = false) const;
  /// YAML, block style.
  void append_yaml(std::string& out, int indent) const;

 private:
  std::variant<std::monostate, bool, int64_t, double, std::string, List, Object> data_;
};

/// With quotes; control characters and invalid UTF-8 are escaped.
void append_json_string(std::string& out, std::string_view text);

}  // namespace millrace::app
