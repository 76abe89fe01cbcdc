// Records from text: what produce reads.
//
//   lines     the value, one record a line; with a delimiter, key and value
//   ndjson    one JSON value a line, taken as it stands; a member of it may be the key
//   envelope  what `consume -o ndjson` prints, turned back into the same records
//   csv       a header line, then one record a line as a JSON object
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace millrace::app {

/// A record from text. Owns what it holds.
struct TextRecord {
  std::optional<std::string> key;
  std::optional<std::string> value;
  std::vector<std::pair<std::string, std::optional<std::string>>> headers;
  std::optional<int64_t> timestamp_ms;
  std::optional<int32_t> partition;
};

enum class InputFormat { kLines, kNdjson, kEnvelope, kCsv };

struct InputOptions {
  InputFormat format = InputFormat::kLines;
  std::optional<std::string> key_delimiter;  ///< lines: what stands before it is the key
  std::string key_field;                     ///< ndjson, csv: this member is the key as well
  std::optional<std::string> null_text;      ///< this text means null
};

/// What a piece of text held. With an error, the records of the good lines before it.
struct ParsedRecords {
  std::vector<TextRecord> records;
  std::optional<Error> error;  ///< kInvalidInput, kUsage: which line, and what is wrong with it
};

/// Turns text, as it comes in chunks, into records. Lines end with \n or \r\n, the last one perhaps
/// with neither. After an error it is used up.
class RecordParser {
 public:
  explicit RecordParser(InputOptions options);
  ~RecordParser();

  /// Bounds: a line has at most kLineBytesMax.
  ParsedRecords feed(std::string_view chunk);
  /// What stands after the last line end.
  ParsedRecords finish();

  int64_t line_number() const { return line_number_; }

 private:
  static constexpr size_t kLineBytesMax = size_t{64} << 20;
  struct Json;

  /// False at the first line that is no record.
  bool take_line(std::string_view line, ParsedRecords& into);
  Result<std::optional<TextRecord>> parse_line(std::string_view line);
  Result<std::optional<TextRecord>> parse_csv(std::string_view line);
  Result<TextRecord> parse_json(std::string_view line);

  InputOptions options_;
  std::string rest_;
  int64_t line_number_ = 0;
  std::vector<std::string> csv_header_;
  std::unique_ptr<Json> json_;
};

}  // namespace millrace::app
