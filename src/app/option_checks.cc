#include "app/option_checks.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/did_you_mean.h"

namespace millrace::app {

CLI::Validator whole_number(int64_t low, int64_t high) {
  const std::string range = high == std::numeric_limits<int64_t>::max()
                                ? fmt::format("from {} on", low)
                                : fmt::format("from {} to {}", low, high);
  return CLI::Validator(
      [low, high, range](const std::string& text) -> std::string {
        int64_t number = 0;
        const char* const stop = text.data() + text.size();
        const auto [end, error] = std::from_chars(text.data(), stop, number);
        const bool good = error == std::errc() && end == stop && number >= low && number <= high;
        return good ? "" : fmt::format("\"{}\" is not a whole number {}", text, range);
      },
      "");
}

CLI::Validator one_of(std::vector<std::string> words) {
  return CLI::Validator(
      [words = std::move(words)](const std::string& text) -> std::string {
        if (std::find(words.begin(), words.end(), text) != words.end()) return "";
        return fmt::format("\"{}\" is none of {}{}", text, fmt::join(words, ", "),
                           did_you_mean(text, words));
      },
      "");
}

}  // namespace millrace::app
