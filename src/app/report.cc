#include "app/report.h"

#include <fmt/core.h>

namespace millrace::app {

std::string error_label(const ErrorInfo& row) {
  if (!row.kafka_name.empty()) return fmt::format("KAF-{}", row.kafka_code);
  return fmt::format("MR-{}", row.name.substr(1));
}

std::string describe_error(const Error& error) {
  const ErrorInfo& row = error.info();
  std::string text = "error: ";
  text += error.detail().empty() ? std::string(row.sentence)
                                 : fmt::format("{} ({})", error.detail(), row.sentence);
  text += '\n';
  if (!row.fix.empty()) text += fmt::format("hint: {}\n", row.fix);
  const std::string label = error_label(row);
  text += fmt::format("code: {}{}{}  (millrace explain {})\n", label,
                      row.kafka_name.empty() ? "" : " ", row.kafka_name, label);
  return text;
}

}  // namespace millrace::app
