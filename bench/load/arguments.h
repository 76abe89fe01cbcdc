// Arguments: `--name value` pairs of the load generator. Not for people: bench/run calls it.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace millrace::bench {

/// Ends the program with a sentence on stderr and exit status 1: a measurement that cannot be made
/// is no measurement.
[[noreturn]] void give_up(std::string_view why);

class Arguments {
 public:
  /// Gives up on anything but pairs.
  Arguments(int count, char** words);

  // Each gives up when the argument is missing and has no standard, or is not a number.
  std::string text(const std::string& name) const;
  std::string text(const std::string& name, std::string_view standard) const;
  int64_t number(const std::string& name) const;
  int64_t number(const std::string& name, int64_t standard) const;
  double real(const std::string& name, double standard) const;
  bool has(const std::string& name) const { return values_.contains(name); }

  /// Gives up when an argument was given that nobody asked for: a misspelt one would otherwise
  /// measure something else.
  void check_all_used() const;

 private:
  const std::string* find(const std::string& name) const;

  std::map<std::string, std::string> values_;
  mutable std::map<std::string, bool> used_;
};

}  // namespace millrace::bench
