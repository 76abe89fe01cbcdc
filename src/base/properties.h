// The syntax of Java's .properties files, which server.properties and meta.properties are in.
// Not for what the names mean: see base/setting_values.h.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace millrace {

struct Property {
  std::string name;
  std::string value;
  int line;  ///< where it begins, counted from 1
};

inline constexpr size_t kPropertiesBytesMax = 4 << 20;
inline constexpr size_t kPropertiesMax = 10'000;

/// Comments (# or !), continued lines (a backslash at the end), escapes (\t \n \f \r \\ \uXXXX) and
/// the separators '=', ':' and white space, as java.util.Properties reads them. Text is UTF-8; a
/// repeated name appears as often as it was written.
/// Errors: kInvalidSetting with the line, for a malformed \u escape or more than the bounds above.
Result<std::vector<Property>> parse_properties(std::string_view text);

/// One line `name=value`, escaped so that parse_properties reads the same back.
std::string format_property(std::string_view name, std::string_view value);

}  // namespace millrace
