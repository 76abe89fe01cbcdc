#include "app/record_parser.h"

#include <fmt/core.h>
#include <simdjson.h>

#include <algorithm>

#include "app/base64.h"
#include "app/value.h"

namespace millrace::app {
namespace {

std::vector<std::string> split_csv(std::string_view line) {
  std::vector<std::string> cells(1);
  bool quoted = false;
  for (size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (quoted && c == '"' && i + 1 < line.size() && line[i + 1] == '"') {
      cells.back() += '"';
      ++i;
    } else if (c == '"') {
      quoted = !quoted;
    } else if (c == ',' && !quoted) {
      cells.emplace_back();
    } else {
      cells.back() += c;
    }
  }
  return cells;
}

}  // namespace

struct RecordParser::Json {
  simdjson::dom::parser parser;
};

RecordParser::RecordParser(InputOptions options)
    : options_(std::move(options)), json_(std::make_unique<Json>()) {}

RecordParser::~RecordParser() = default;

ParsedRecords RecordParser::feed(std::string_view chunk) {
  ParsedRecords parsed;
  rest_ += chunk;
  size_t start = 0;
  for (size_t end = rest_.find('\n'); end != std::string::npos; end = rest_.find('\n', start)) {
    if (!take_line(std::string_view(rest_).substr(start, end - start), parsed)) return parsed;
    start = end + 1;
  }
  rest_.erase(0, start);
  if (rest_.size() > kLineBytesMax) {
    parsed.error = Error(Errc::kInvalidInput, fmt::format("line {} has more than {} bytes",
                                                          line_number_ + 1, kLineBytesMax));
  }
  return parsed;
}

ParsedRecords RecordParser::finish() {
  ParsedRecords parsed;
  if (!rest_.empty()) (void)take_line(rest_, parsed);
  rest_.clear();
  return parsed;
}

bool RecordParser::take_line(std::string_view line, ParsedRecords& into) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  Result<std::optional<TextRecord>> record = parse_line(line);
  if (!record) {
    into.error = record.error();
    return false;
  }
  if (*record) into.records.push_back(**std::move(record));
  return true;
}

Result<std::optional<TextRecord>> RecordParser::parse_line(std::string_view line) {
  ++line_number_;
  const auto or_null = [&](std::string_view text) -> std::optional<std::string> {
    if (options_.null_text && text == *options_.null_text) return std::nullopt;
    return std::string(text);
  };
  if (options_.format == InputFormat::kCsv) return parse_csv(line);
  if (options_.format != InputFormat::kLines) {
    if (line.find_first_not_of(" \t") == std::string_view::npos) return std::nullopt;
    Result<TextRecord> record = parse_json(line);
    if (!record) return fail(record.error().within(fmt::format("line {}", line_number_)));
    return std::optional(*std::move(record));
  }
  TextRecord record;
  if (options_.key_delimiter) {
    const size_t at = line.find(*options_.key_delimiter);
    if (at == std::string_view::npos) {
      return fail(Errc::kInvalidInput, fmt::format("line {} has no \"{}\" between key and value",
                                                   line_number_, *options_.key_delimiter));
    }
    record.key = or_null(line.substr(0, at));
    line.remove_prefix(at + options_.key_delimiter->size());
  }
  record.value = or_null(line);
  return std::optional(std::move(record));
}

Result<std::optional<TextRecord>> RecordParser::parse_csv(std::string_view line) {
  std::vector<std::string> cells = split_csv(line);
  if (csv_header_.empty()) {
    csv_header_ = std::move(cells);
    const bool has_key =
        std::find(csv_header_.begin(), csv_header_.end(), options_.key_field) != csv_header_.end();
    if (!options_.key_field.empty() && !has_key) {
      return fail(Errc::kUsage, fmt::format("the CSV has no column \"{}\"", options_.key_field));
    }
    return std::nullopt;
  }
  if (cells.size() != csv_header_.size()) {
    return fail(Errc::kInvalidInput, fmt::format("line {} has {} cells, the header has {}",
                                                 line_number_, cells.size(), csv_header_.size()));
  }
  TextRecord record;
  Value::Object object;
  for (size_t i = 0; i < cells.size(); ++i) {
    if (csv_header_[i] == options_.key_field) record.key = cells[i];
    object.emplace_back(csv_header_[i], std::move(cells[i]));
  }
  record.value.emplace();
  Value(std::move(object)).append_json(*record.value);
  return std::optional(std::move(record));
}

Result<TextRecord> RecordParser::parse_json(std::string_view line) {
  namespace dom = simdjson::dom;
  const simdjson::padded_string padded(line);
  dom::element element;
  if (const auto error = json_->parser.parse(padded).get(element)) {
    return fail(Errc::kInvalidInput, fmt::format("no JSON: {}", simdjson::error_message(error)));
  }
  const auto to_text = [](dom::element e) -> std::optional<std::string> {
    std::string_view text;
    if (e.is_null()) return std::nullopt;
    if (e.get(text) == simdjson::SUCCESS) return std::string(text);
    return simdjson::minify(e);
  };
  TextRecord record;
  if (options_.format == InputFormat::kNdjson) {
    record.value = std::string(line);
    if (!options_.key_field.empty()) {
      dom::element key;
      if (element.at_key(options_.key_field).get(key) != simdjson::SUCCESS) {
        return fail(Errc::kInvalidInput,
                    fmt::format("no member \"{}\" for the key", options_.key_field));
      }
      record.key = to_text(key);
    }
    return record;
  }
  // Envelope: what `consume -o ndjson` writes.
  dom::object object;
  if (element.get(object) != simdjson::SUCCESS) return fail(Errc::kInvalidInput, "want an object");
  for (const auto& [name, member] : object) {
    int64_t number = 0;
    if (name == "key") record.key = to_text(member);
    if (name == "value") record.value = to_text(member);
    if (name == "key_base64") record.key = TRY(from_base64(to_text(member).value_or("")));
    if (name == "value_base64") record.value = TRY(from_base64(to_text(member).value_or("")));
    if (name == "timestamp" && member.get(number) == simdjson::SUCCESS)
      record.timestamp_ms = number;
    if (name == "headers") {
      dom::array headers;
      if (member.get(headers) != simdjson::SUCCESS)
        return fail(Errc::kInvalidInput, "headers: want a list");
      for (const dom::element header : headers) {
        std::string_view key;
        if (header["key"].get(key) != simdjson::SUCCESS)
          return fail(Errc::kInvalidInput, "a header without key");
        dom::element value;
        std::optional<std::string> text;
        if (header["value"].get(value) == simdjson::SUCCESS) text = to_text(value);
        if (header["value_base64"].get(value) == simdjson::SUCCESS)
          text = TRY(from_base64(to_text(value).value_or("")));
        record.headers.emplace_back(std::string(key), std::move(text));
      }
    }
  }
  return record;
}

}  // namespace millrace::app
