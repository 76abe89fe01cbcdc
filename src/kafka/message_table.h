// Every message as data, for code that learns at run time which message it holds: `log dump`, the
// request log, tests, fuzzing. Whoever knows the message at compile time includes its own header.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "kafka/wire.h"

namespace millrace::kafka {

struct MessageInfo {
  std::string_view name;  ///< of the struct: "FetchRequest", "OffsetCommitValue"
  int16_t version_min;
  int16_t version_max;
  int16_t flexible_from;  ///< INT16_MAX = never

  /// Decodes and appends the message as text. Errors: as decode.
  Result<> (*dump)(Reader& reader, int16_t version, Arena& arena, std::string& out);
  /// Decodes, and encodes what was decoded. Errors: as decode and encode.
  Result<> (*recode)(Reader& reader, int16_t version, Arena& arena, Writer& writer);
};

/// APIs by key, the request before the response; then headers and records.
std::span<const MessageInfo> message_table();

/// nullptr when there is none. Bounds: O(number of messages).
const MessageInfo* find_message(std::string_view name);

/// The request or response of an API key; nullptr for an unknown key.
const MessageInfo* find_request(int16_t key);
const MessageInfo* find_response(int16_t key);

}  // namespace millrace::kafka
