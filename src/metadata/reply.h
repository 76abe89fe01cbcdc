// Small help for writing replies: errors as Kafka's code and message.
#pragma once

#include "base/arena.h"
#include "base/result.h"

namespace millrace::metadata {

/// What a person reads: the particulars, else the row's sentence.
inline std::string_view error_text(const Error& error, Arena& arena) {
  return arena.copy(error.detail().empty() ? error.info().sentence
                                           : std::string_view(error.detail()));
}

/// Fills error_code and error_message of an entry; success has code 0 and no message.
template <class Entry>
void set_result(Entry& entry, const Result<>& result, Arena& arena) {
  entry.error_code = result ? int16_t{0} : result.error().kafka_code();
  entry.error_message.reset();
  if (!result) entry.error_message = error_text(result.error(), arena);
}

}  // namespace millrace::metadata
