#include "app/report.h"

#include <fmt/core.h>

#include <algorithm>
#include <numeric>

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

namespace {

// Levenshtein distance.
size_t distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t substituted = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, substituted});
    }
  }
  return row.back();
}

}  // namespace

std::string nearest(std::string_view word, std::span<const std::string> candidates) {
  std::string best;
  size_t best_distance = word.size() / 3 + 2;  // farther is not a slip of the finger
  for (const std::string& candidate : candidates) {
    const size_t d = distance(word, candidate);
    if (d < best_distance) {
      best_distance = d;
      best = candidate;
    }
  }
  return best;
}

}  // namespace millrace::app
