#include "base/error.h"

#include <fmt/core.h>
#include <array>

namespace millrace {
namespace {

constexpr bool kYes = true;
constexpr bool kNo = false;

constexpr auto kRows = std::to_array<ErrorInfo>({
#define MILLRACE_ERROR(name, kafka_code, kafka_name, http, retriable, sentence, fix) \
  {Errc::name, #name, kafka_code, kafka_name, http, retriable, sentence, fix},
#include "schema/errors.def"
#undef MILLRACE_ERROR
});

}  // namespace

const ErrorInfo& error_info(Errc code) {
  return kRows[static_cast<size_t>(code)];
}

size_t error_count() {
  return kRows.size();
}

Errc errc_from_kafka(int16_t kafka_code) {
  for (const ErrorInfo& row : kRows) {
    if (row.kafka_code == kafka_code && !row.kafka_name.empty()) return row.code;
  }
  return Errc::kUnknownServerError;
}

Error Error::within(std::string_view context) const {
  return Error(code_,
               detail_.empty() ? std::string(context) : fmt::format("{}: {}", context, detail_));
}

std::string Error::message() const {
  const std::string_view sentence = info().sentence;
  return detail_.empty() ? std::string(sentence) : fmt::format("{}: {}", sentence, detail_);
}

}  // namespace millrace
