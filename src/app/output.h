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

// The forms of -o.
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

  /// A list of objects. The first column is what -o name prints. --columns and --sort hold for
  /// every form. Errors: kUsage for a column that is not there, with those that are.
  Result<> rows(std::span<const Column> columns, std::vector<Value> rows);
  /// One object: a list of "NAME  value" for people, its members by the names and units of `units`
  /// wherever they stand. Members that are lists of objects become tables under a heading. CSV is a
  /// header and one row, -o name the first member. Errors: kUsage for -o wide: there is no more.
  Result<> object(const Value& object, std::span<const Column> units = {});
  /// A sentence about what was done; only where people read (not in JSON and its kin).
  void say(std::string_view sentence);
  /// Bytes to stdout: the records of consume. On a terminal control characters are made visible.
  void raw(std::string_view bytes);
  /// What was written is out once this returns well. Errors: kIo with the cause, also for earlier
  /// writes; kClosed when nobody reads any more.
  Result<> flush();
  /// Whoever read stdout has seen enough: an end, not a failure.
  bool reader_is_gone() const;

  const OutputOptions& options() const { return options_; }
  bool is_for_people() const {
    return options_.format == Format::kTable || options_.format == Format::kWide;
  }

 private:
  void table(std::span<const Column> columns, const std::vector<Value>& rows);
  Result<std::vector<Column>> choose(std::span<const Column> columns) const;
  Result<> check_column(std::span<const Column> columns, std::string_view flag,
                        std::string_view wanted) const;
  void object_for_people(const Value& object, std::span<const Column> units);
  void write(std::string_view text);

  OutputOptions options_;
  int write_error_ = 0;  ///< errno of the first write that failed
};

/// Appends the text as one cell, quoted where RFC 4180 wants it.
void append_csv_cell(std::string& out, std::string_view text);

/// "1 record", "1 234 records".
std::string counted(int64_t number, std::string_view noun);

/// "12.3 MiB", "1 234 567", "2m 3s", "2026-05-01T10:00:00.123Z".
std::string human(int64_t number, Unit unit);

}  // namespace millrace::app
