// Records for people and programs: what `consume` and `log dump --records` print.
//
//   table   the value, one record a line (what kcat prints)
//   wide    topic/partition@offset, time, key and value
//   name    topic/partition@offset: what `record get` takes
//   ndjson  {"topic","partition","offset","timestamp","key","value","headers"}, one object a line;
//           bytes that are no UTF-8 are base64 in "key_base64", "value_base64"
//   json    the same in a list; yaml: the same in documents
//   csv     topic,partition,offset,timestamp,key,value, quoted as in RFC 4180 with \n between the
//           rows; null is nothing and an empty text ""; bytes are written as they are
//   -f      %t topic %p partition %o offset %T timestamp %k key %v value %h headers, \n \t \\ %%
//
// People read times as 2026-05-01T10:00:00.123Z; programs and -f get milliseconds since 1970.
#pragma once

#include <string>
#include <string_view>

#include "app/output.h"
#include "kafka/record.h"

namespace millrace::app {

struct RecordPlace {
  std::string_view topic;
  PartitionIndex partition;
};

/// Everything there is to say about a record.
Value record_to_value(const RecordPlace& place, const kafka::RecordView& record);

/// Bytes of key, value and headers: the record without what surrounds it.
int64_t payload_bytes(const kafka::RecordView& record);

/// Appends the record in the `-f` format. Errors: kUsage for an unknown %.
Result<> append_formatted(std::string& out, std::string_view format, const RecordPlace& place,
                          const kafka::RecordView& record);

/// One stream of records: begin(), append() for each, end().
class RecordPrinter {
 public:
  /// `print` is an `-f` format; it wins over -o when it is not empty.
  explicit RecordPrinter(OutputOptions options, std::string print = {})
      : options_(std::move(options)), print_(std::move(print)) {}

  std::string begin();
  /// Errors: kUsage for an unknown % in `print`.
  Result<> append(std::string& out, const RecordPlace& place, const kafka::RecordView& record);
  std::string end();

 private:
  OutputOptions options_;
  std::string print_;
  bool first_ = true;
};

}  // namespace millrace::app
