// Records as text: what consume prints and produce reads.
//
//   value   the value, one record a line (what kcat prints)
//   ndjson  {"topic","partition","offset","timestamp","key","value","headers"}, one object a line;
//           bytes that are no UTF-8 are base64 in "key_base64", "value_base64"
//   csv     topic,partition,offset,timestamp,key,value
//   -f      %t topic %p partition %o offset %T timestamp %k key %v value %h headers, \n \t \\ %%
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/value.h"
#include "base/result.h"
#include "kafka/record.h"

namespace millrace::app {

struct RecordPlace {
  std::string_view topic;
  PartitionIndex partition;
};

/// Everything there is to say about a record.
Value record_to_value(const RecordPlace& place, const kafka::RecordView& record);

/// Appends the record in the `-f` format. Errors: kUsage for an unknown %.
Result<> append_formatted(std::string& out, std::string_view format, const RecordPlace& place,
                          const kafka::RecordView& record);

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

/// Turns text, as it comes in chunks, into records. Lines end with \n or \r\n.
class RecordParser {
 public:
  using OnRecord = std::function<Result<>(TextRecord)>;

  explicit RecordParser(InputOptions options);
  ~RecordParser();

  /// Errors: kInvalidRequest with the line number and what is wrong; what `on_record` returns.
  /// Bounds: a line has at most kLineBytesMax.
  Result<std::vector<TextRecord>> feed(std::string_view chunk);
  /// What stands after the last line end.
  Result<std::vector<TextRecord>> finish();

  int64_t line_number() const { return line_number_; }

 private:
  static constexpr size_t kLineBytesMax = size_t{64} << 20;
  struct Json;

  Result<std::optional<TextRecord>> parse_line(std::string_view line);
  Result<std::optional<TextRecord>> parse_csv(std::string_view line);
  Result<TextRecord> parse_json(std::string_view line);

  InputOptions options_;
  std::string rest_;
  int64_t line_number_ = 0;
  std::vector<std::string> csv_header_;
  std::unique_ptr<Json> json_;
};

std::string base64(Bytes bytes);
Result<std::string> from_base64(std::string_view text);

}  // namespace millrace::app
