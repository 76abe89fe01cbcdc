#include "app/record_parser.h"
#include "app/record_print.h"

#include "base/testing.h"

namespace millrace::app {
namespace {

std::string csv_of(const kafka::RecordView& record) {
  RecordPrinter printer({.format = Format::kCsv});
  std::string out = printer.begin();
  REQUIRE(printer.append(out, {"orders", PartitionIndex(2)}, record));
  return out + printer.end();
}

TEST_CASE("the good lines before a bad one are records") {
  RecordParser parser({.format = InputFormat::kNdjson});
  const ParsedRecords parsed = parser.feed("{\"a\":1}\n{\"a\":2}\nno\n{\"a\":4}\n");
  REQUIRE(parsed.records.size() == 2);
  CHECK(parsed.records[1].value == "{\"a\":2}");
  REQUIRE(parsed.error);
  CHECK(parsed.error->detail().starts_with("line 3: "));
}

TEST_CASE("a last line without an end is a record, without its carriage return") {
  RecordParser parser({});
  CHECK(parser.feed("one\r\ntwo\r").records.front().value == "one");
  const ParsedRecords rest = parser.finish();
  REQUIRE(rest.records.size() == 1);
  CHECK(rest.records.front().value == "two");
  CHECK(parser.finish().records.empty());
}

TEST_CASE("CSV has a header and quotes what RFC 4180 wants quoted") {
  const std::string key = "a,b";
  const std::string value = "say \"x\"\n";
  kafka::RecordView record;
  record.offset = Offset(7);
  record.timestamp = Timestamp{1000};
  record.key = as_bytes(key);
  record.value = as_bytes(value);
  CHECK(csv_of(record) ==
        "topic,partition,offset,timestamp,key,value\n"
        "orders,2,7,1000,\"a,b\",\"say \"\"x\"\"\n\"\n");
}

TEST_CASE("CSV tells an empty text from null") {
  kafka::RecordView record;
  record.offset = Offset(0);
  record.timestamp = Timestamp{0};
  record.key = std::nullopt;
  record.value = Bytes();
  CHECK(csv_of(record).ends_with("\norders,2,0,0,,\"\"\n"));
}

TEST_CASE("JSON is a list, also of nothing") {
  RecordPrinter none({.format = Format::kJson});
  CHECK(none.begin() + none.end() == "[]\n");
  RecordPrinter one({.format = Format::kJson});
  std::string out = one.begin();
  kafka::RecordView record;
  record.offset = Offset(0);
  record.timestamp = Timestamp{0};
  REQUIRE(one.append(out, {"t", PartitionIndex(0)}, record));
  REQUIRE(one.append(out, {"t", PartitionIndex(0)}, record));
  out += one.end();
  CHECK(out.starts_with("[\n  {\n"));
  CHECK(out.find("},\n  {") != std::string::npos);
  CHECK(out.ends_with("\n  }\n]\n"));
}

}  // namespace
}  // namespace millrace::app
