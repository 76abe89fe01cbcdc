#include "app/report.h"

#include <fmt/core.h>

#include "app/visible.h"

namespace millrace::app {

std::string error_label(const ErrorInfo& row) {
  if (!row.kafka_name.empty()) return fmt::format("KAF-{}", row.kafka_code);
  return fmt::format("MR-{}", row.name.substr(1));
}

std::string describe_error(const Error& error, std::string_view command) {
  const ErrorInfo& row = error.info();
  const bool is_usage = error.code() == Errc::kUsage;
  std::string text = "error: ";
  if (error.detail().empty()) {
    text += row.sentence;
  } else {
    // Of a misunderstanding the detail says all.
    const std::string detail = visible(error.detail());
    text += is_usage ? detail : fmt::format("{} ({})", detail, row.sentence);
  }
  text += '\n';
  if (is_usage) {
    text += fmt::format("hint: See `millrace {}{}--help`.\n", command, command.empty() ? "" : " ");
  } else if (!row.fix.empty()) {
    text += fmt::format("hint: {}\n", row.fix);
  }
  const std::string label = error_label(row);
  text += fmt::format("code: {}{}{}  (millrace explain {})\n", label,
                      row.kafka_name.empty() ? "" : " ", row.kafka_name, label);
  return text;
}

}  // namespace millrace::app
