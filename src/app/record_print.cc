#include "app/record_print.h"

#include <fmt/core.h>

#include "app/base64.h"
#include "kafka/wire.h"

namespace millrace::app {
namespace {

// Text as text, other bytes as base64 under another name: nothing is guessed by who reads it back.
void add_bytes(Value::Object& object, const std::string& name, const std::optional<Bytes>& bytes) {
  if (!bytes) {
    object.emplace_back(name, Value());
  } else if (kafka::is_utf8(as_text(*bytes))) {
    object.emplace_back(name, as_text(*bytes));
  } else {
    object.emplace_back(name + "_base64", base64(*bytes));
  }
}

// null is nothing, an empty text is "": who reads it back can tell.
void append_csv_bytes(std::string& out, const std::optional<Bytes>& bytes) {
  if (!bytes) return;
  if (bytes->empty()) {
    out += "\"\"";
  } else {
    append_csv_cell(out, as_text(*bytes));
  }
}

}  // namespace

Value record_to_value(const RecordPlace& place, const kafka::RecordView& record) {
  Value::Object object{{"topic", place.topic},
                       {"partition", place.partition.value},
                       {"offset", record.offset.value},
                       {"timestamp", record.timestamp.ms}};
  add_bytes(object, "key", record.key);
  add_bytes(object, "value", record.value);
  Value::List headers;
  for (const kafka::RecordHeader& header : record.headers) {
    Value::Object one{{"key", header.key}};
    add_bytes(one, "value", header.value);
    headers.emplace_back(std::move(one));
  }
  object.emplace_back("headers", std::move(headers));
  return object;
}

Result<> append_formatted(std::string& out, std::string_view format, const RecordPlace& place,
                          const kafka::RecordView& record) {
  const auto append_bytes = [&](const std::optional<Bytes>& bytes) {
    if (bytes) out += as_text(*bytes);
  };
  for (size_t i = 0; i < format.size(); ++i) {
    const char c = format[i];
    if ((c != '%' && c != '\\') || i + 1 == format.size()) {
      out += c;
      continue;
    }
    const char next = format[++i];
    if (c == '\\') {
      out += next == 'n' ? '\n' : next == 't' ? '\t' : next == '0' ? '\0' : next;
      continue;
    }
    switch (next) {
      case 't':
        out += place.topic;
        break;
      case 'p':
        out += fmt::format("{}", place.partition.value);
        break;
      case 'o':
        out += fmt::format("{}", record.offset.value);
        break;
      case 'T':
        out += fmt::format("{}", record.timestamp.ms);
        break;
      case 'k':
        append_bytes(record.key);
        break;
      case 'v':
      case 's':
        append_bytes(record.value);
        break;
      case 'h': {
        bool first = true;
        for (const kafka::RecordHeader& header : record.headers) {
          if (!std::exchange(first, false)) out += ',';
          out += header.key;
          out += '=';
          append_bytes(header.value);
        }
        break;
      }
      case '%':
        out += '%';
        break;
      default:
        return fail(Errc::kUsage,
                    fmt::format("-f: %{} means nothing; there are %t %p %o %T %k %v %h %%", next));
    }
  }
  return {};
}

std::string RecordPrinter::begin() {
  if (!print_.empty()) return "";
  switch (options_.format) {
    case Format::kCsv:
      return options_.headers ? "topic,partition,offset,timestamp,key,value\n" : "";
    case Format::kJson:
      return "[";
    default:
      return "";
  }
}

Result<> RecordPrinter::append(std::string& out, const RecordPlace& place,
                               const kafka::RecordView& record) {
  if (!print_.empty()) return append_formatted(out, print_, place, record);
  switch (options_.format) {
    case Format::kTable:
      if (record.value) out += as_text(*record.value);
      break;
    case Format::kWide:
      out += fmt::format("{}/{}@{}  {}  ", place.topic, place.partition.value, record.offset.value,
                         human(record.timestamp.ms, Unit::kTimestamp));
      return append_formatted(out, "%k  %v\\n", place, record);
    case Format::kName:
      out += fmt::format("{}/{}@{}", place.topic, place.partition.value, record.offset.value);
      break;
    case Format::kCsv:
      append_csv_cell(out, place.topic);
      out += fmt::format(",{},{},{},", place.partition.value, record.offset.value,
                         record.timestamp.ms);
      append_csv_bytes(out, record.key);
      out += ',';
      append_csv_bytes(out, record.value);
      break;
    case Format::kYaml:
      out += "---\n";
      record_to_value(place, record).append_yaml(out, 0);
      return {};
    case Format::kJson:
      out += first_ ? "\n  " : ",\n  ";
      first_ = false;
      record_to_value(place, record).append_pretty_json(out, 2, options_.int64_as_text);
      return {};
    case Format::kNdjson:
      record_to_value(place, record).append_json(out, options_.int64_as_text);
      break;
  }
  out += '\n';
  return {};
}

std::string RecordPrinter::end() {
  if (!print_.empty() || options_.format != Format::kJson) return "";
  return first_ ? "]\n" : "\n]\n";
}

int64_t payload_bytes(const kafka::RecordView& record) {
  size_t bytes = 0;
  const auto add = [&bytes](const std::optional<Bytes>& part) {
    if (part) bytes += part->size();
  };
  add(record.key);
  add(record.value);
  for (const kafka::RecordHeader& header : record.headers) {
    bytes += header.key.size();
    add(header.value);
  }
  return static_cast<int64_t>(bytes);
}

}  // namespace millrace::app
