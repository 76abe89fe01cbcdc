// Text of strangers in messages.
#pragma once

#include <string>
#include <string_view>

namespace millrace {

/// Text of a stranger, safe for a log line: control characters and quotes are escaped, long text is
/// cut.
std::string printable(std::string_view text);

}  // namespace millrace
