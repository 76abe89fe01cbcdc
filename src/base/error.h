// Errors as values. Every error there is has one row in schema/errors.def; this header turns the
// rows into the enum and its facts. Not for bugs of ours: see base/check.h.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace millrace {

/// What went wrong. Rows with a Kafka code carry Kafka's name (kNotLeaderOrFollower).
enum class Errc : uint16_t {
#define MILLRACE_ERROR(name, kafka_code, kafka_name, http, retriable, sentence, fix) name,
#include "schema/errors.def"
#undef MILLRACE_ERROR
};

/// The facts of one row. All views are static.
struct ErrorInfo {
  Errc code;
  std::string_view name;  ///< "kOffsetOutOfRange"
  int16_t kafka_code;     ///< what goes on the wire; kOurOwn rows travel as UNKNOWN_SERVER_ERROR
  std::string_view kafka_name;  ///< "OFFSET_OUT_OF_RANGE", or empty for our own
  int16_t http_status;
  bool retriable;             ///< the same request may succeed later, unchanged
  std::string_view sentence;  ///< what happened, for a person
  std::string_view fix;       ///< what to do about it
};

/// Bounds: O(1). Every Errc has a row.
const ErrorInfo& error_info(Errc code);

/// The row of a Kafka wire code; a code we do not know gives kUnknownServerError.
Errc errc_from_kafka(int16_t kafka_code);

/// The number of rows, for pages that list them all.
size_t error_count();

/// One error on its way to whoever must react: the row plus what, where and what to do in this
/// case.
class [[nodiscard]] Error {
 public:
  // Implicit: a row alone is an error.
  // NOLINTNEXTLINE(google-explicit-constructor)
  Error(Errc code, std::string detail = {}) : detail_(std::move(detail)), code_(code) {}

  Errc code() const { return code_; }
  const ErrorInfo& info() const { return error_info(code_); }
  int16_t kafka_code() const { return info().kafka_code; }

  /// This case's particulars ("topic orders, partition 3, offset 17: ..."); may be empty.
  const std::string& detail() const { return detail_; }

  /// The same error seen from one level up: "while loading group g: <detail>".
  Error within(std::string_view context) const;

  /// Row sentence and detail in one line, for logs and people.
  std::string message() const;

 private:
  std::string detail_;
  Errc code_;
};

}  // namespace millrace
