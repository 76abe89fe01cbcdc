// Output: results on stdout in the form that was asked for (-o), everything else on stderr. Tables
// are for people, JSON is a contract: snake_case, no truncation, the same for every verb.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "app/value.h"
#include "base/result.h"

namespace millrace::app {

enum class Format { kTable, kWide, kJson, kNdjson, kYaml, kCsv, kName };

/// "table", "wide", "json" ...; Errors: kUsage with the names there are.
Result<Format> parse_format(std::string_view name);

/// How a number looks to a person.
enum class Unit { kNone, kBytes, kCount, kMilliseconds, kTimestamp };

/// A column of a table: a member of each row's object.
struct Column {
  std::string_view name;  ///< as in JSON; the header is this in capitals
  Unit unit = Unit::kNone;
  bool wide = false;  ///< only with -o wide
};

struct OutputOptions {
  Format format = Format::kTable;
  std::vector<std::string> columns;  ///< --columns: only these, in this order
  std::string sort;                  ///< --sort NAME, or -NAME for descending
  bool headers = true;
  bool int64_as_text = false;
  bool color = false;
  bool terminal = false;  ///< stdout is one: separators and units for people
};

class Output {
 public:
  explicit Output(OutputOptions options) : options_(std::move(options)) {}

  /// A list of objects. The first column is what -o name prints.
  Result<> rows(std::span<const Column> columns, std::vector<Value> rows);
  /// One object: a list of "NAME  value" for people. Members that are lists of objects become
  /// tables under a heading.
  Result<> object(const Value& object);
  /// A sentence about what was done; only where people read (not in JSON and its kin).
  void say(std::string_view sentence);
  /// Unformatted bytes to stdout: the records of consume.
  void raw(std::string_view bytes);
  void flush();

  const OutputOptions& options() const { return options_; }
  bool is_for_people() const {
    return options_.format == Format::kTable || options_.format == Format::kWide;
  }

 private:
  void table(std::span<const Column> columns, const std::vector<Value>& rows);
  Result<std::vector<Column>> choose(std::span<const Column> columns) const;
  void write(std::string_view text);

  OutputOptions options_;
};

/// "12.3 MiB", "1 234 567", "2m 3s", "2026-05-01T10:00:00.123Z".
std::string human(int64_t number, Unit unit);

/// "1 record", "12 345 records". Requires: a thing whose plural ends in s.
std::string counted(int64_t number, std::string_view thing);

}  // namespace millrace::app
