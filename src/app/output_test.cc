#include "app/output.h"

#include "app/report.h"
#include "app/visible.h"

#include "base/testing.h"

namespace millrace::app {
namespace {

std::string json(const Value& value) {
  std::string out;
  value.append_json(out);
  return out;
}

TEST_CASE("nothing in a text commands the terminal") {
  CHECK(visible("a\tb\n") == "a\tb\n");
  CHECK(visible("\x1b]0;title\x07 \x1b[2J\r\x7f") == "\\x1b]0;title\\x07 \\x1b[2J\\x0d\\x7f");
  CHECK(visible("gr\xc3\xbc\xc3\x9f \xc2\x9b\x31m") == "gr\xc3\xbc\xc3\x9f \\x9b1m");
}

TEST_CASE("JSON is valid for any bytes") {
  CHECK(json(Value("a\"b\\\n\x01")) == "\"a\\\"b\\\\\\n\\u0001\"");
  CHECK(json(Value("gr\xc3\xbc\xc3\x9f")) == "\"gr\xc3\xbc\xc3\x9f\"");
  CHECK(json(Value("\xff")) == "\"\\u00ff\"");
  CHECK(json(Value::Object{{"a", 1}, {"b", Value::List{true, Value(), 1.5}}}) ==
        "{\"a\":1,\"b\":[true,null,1.5]}");
}

TEST_CASE("integers that a double cannot hold become text when asked for") {
  std::string out;
  Value(int64_t{9'223'372'036'854'775'807}).append_json(out, true);
  CHECK(out == "\"9223372036854775807\"");
}

TEST_CASE("YAML quotes what would be read as something else") {
  std::string out;
  Value(Value::Object{
            {"a", "yes"}, {"b", "plain"}, {"c", Value::List{1, "2"}}, {"d", Value::Object{}}})
      .append_yaml(out, 0);
  CHECK(out == "a: \"yes\"\nb: plain\nc:\n  - 1\n  - \"2\"\nd: {}\n");
}

TEST_CASE("numbers for people") {
  CHECK(human(1536, Unit::kBytes) == "1.5 KiB");
  CHECK(human(1'234'567, Unit::kCount) == "1 234 567");
  CHECK(human(-1'234, Unit::kCount) == "-1 234");
  CHECK(human(123'000, Unit::kMilliseconds) == "2m 3s");
  CHECK(human(1'714'550'400'123, Unit::kTimestamp) == "2024-05-01T08:00:00.123Z");
}

TEST_CASE("an error says what, what to do, and where to read more") {
  const std::string text = describe_error(Error(Errc::kUnknownTopicOrPartition, "topic ordres"));
  CHECK(text.starts_with("error: topic ordres ("));
  CHECK(text.find("\nhint: ") != std::string::npos);
  CHECK(text.find("code: KAF-3 UNKNOWN_TOPIC_OR_PARTITION  (millrace explain KAF-3)") !=
        std::string::npos);
}

TEST_CASE("a misunderstanding is told once, with the help that applies") {
  CHECK(describe_error(Error(Errc::kUsage, "--set x: want NAME=VALUE"), "topic create") ==
        "error: --set x: want NAME=VALUE\n"
        "hint: See `millrace topic create --help`.\n"
        "code: MR-Usage  (millrace explain MR-Usage)\n");
}

TEST_CASE("one thing is not several") {
  CHECK(counted(1, "record") == "1 record");
  CHECK(counted(0, "record") == "0 records");
  CHECK(counted(12'345, "byte") == "12 345 bytes");
}

TEST_CASE("a CSV cell is quoted where it must be") {
  std::string out;
  for (const char* text : {"a", "a,b", "say \"x\"", "two\nlines"}) {
    append_csv_cell(out, text);
    out += '|';
  }
  CHECK(out == "a|\"a,b\"|\"say \"\"x\"\"\"|\"two\nlines\"|");
}

}  // namespace
}  // namespace millrace::app
