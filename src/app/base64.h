// Base64 (RFC 4648, section 4): bytes that are no text, inside text.
#pragma once

#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace millrace::app {

std::string base64(Bytes bytes);

/// Padding may be missing. Errors: kInvalidInput for other characters.
Result<std::string> from_base64(std::string_view text);

}  // namespace millrace::app
