// What an option's text must be, said in a sentence of ours. Not what it means: that is the verb's.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace millrace::app {

/// A whole number from `low` to `high`.
CLI::Validator whole_number(int64_t low, int64_t high = std::numeric_limits<int64_t>::max());

/// One of these words.
CLI::Validator one_of(std::vector<std::string> words);

}  // namespace millrace::app
