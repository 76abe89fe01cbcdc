// Text from elsewhere (records, names, errors of servers) as a terminal may be given it: nothing in
// it moves the cursor, changes colours or answers back. Not for files and pipes, which get bytes.
#pragma once

#include <string>
#include <string_view>

namespace millrace::app {

/// Control characters other than tab and line feed become "\x1b" and the like, C1 controls as well.
std::string visible(std::string_view text);

}  // namespace millrace::app
