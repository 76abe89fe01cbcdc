// errno as an Error of ours, with what was tried and on what.
#pragma once

#include <string_view>

#include "base/result.h"

namespace millrace::runtime::os {

/// ENOENT, EADDRINUSE, ENOSPC and so on become their rows; all else is kIo.
Error system_error(int error_number, std::string_view what, std::string_view on);

}  // namespace millrace::runtime::os
