#include "app/output.h"

#include <fmt/format.h>
#include <time.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "app/visible.h"

namespace millrace::app {
namespace {

constexpr std::string_view kBold = "\x1b[1m";
constexpr std::string_view kPlain = "\x1b[0m";

constexpr std::pair<std::string_view, Format> kFormats[] = {
    {"table", Format::kTable},   {"wide", Format::kWide}, {"json", Format::kJson},
    {"ndjson", Format::kNdjson}, {"yaml", Format::kYaml}, {"csv", Format::kCsv},
    {"name", Format::kName}};

std::string upper(std::string_view name) {
  std::string text;
  for (const char c : name) {
    text += c == '_' ? '-' : static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
  }
  return text;
}

// Columns of text on a terminal: UTF-8 continuation bytes take none.
size_t width_of(std::string_view text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

std::string cell(const Value* value, Unit unit, bool terminal) {
  if (!value || value->is_null()) return "-";
  const int64_t* number = value->integer();
  // Units and separators only where nobody will parse them.
  if (number && unit != Unit::kNone && (terminal || unit == Unit::kTimestamp)) {
    return human(*number, unit);
  }
  std::string text = value->to_cell();
  std::replace_if(text.begin(), text.end(), [](char c) { return c == '\n' || c == '\t'; }, ' ');
  return terminal ? visible(text) : text;
}

bool less(const Value* a, const Value* b) {
  if (!a || a->is_null()) return b && !b->is_null();
  if (!b || b->is_null()) return false;
  if (a->integer() && b->integer()) return *a->integer() < *b->integer();
  if (a->number() && b->number()) return *a->number() < *b->number();
  return a->to_cell() < b->to_cell();
}

Value only(const Value& row, const std::vector<Column>& columns) {
  Value::Object kept;
  for (const Column& column : columns) {
    const Value* value = row.find(column.name);
    kept.emplace_back(column.name, value ? *value : Value());
  }
  return kept;
}

Unit unit_of(std::string_view name, std::span<const Column> units) {
  for (const Column& column : units) {
    if (column.name == name) return column.unit;
  }
  return Unit::kNone;
}

bool is_table(const Value& value) {
  return value.list() && !value.list()->empty() && value.list()->front().object();
}

}  // namespace

Result<Format> parse_format(std::string_view name) {
  std::string all;
  for (const auto& [known, format] : kFormats) {
    if (known == name) return format;
    all += fmt::format("{}{}", all.empty() ? "" : ", ", known);
  }
  return fail(Errc::kUsage, fmt::format("-o {}: the formats are {}", name, all));
}

std::string human(int64_t number, Unit unit) {
  if (unit == Unit::kBytes) {
    constexpr std::string_view kUnits[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
    double scaled = static_cast<double>(number);
    size_t u = 0;
    while (scaled >= 1024 && u + 1 < std::size(kUnits)) scaled /= 1024, ++u;
    return u == 0 ? fmt::format("{} B", number) : fmt::format("{:.1f} {}", scaled, kUnits[u]);
  }
  if (unit == Unit::kMilliseconds) {
    if (number < 1000) return fmt::format("{} ms", number);
    const int64_t s = number / 1000;
    if (s < 60) return fmt::format("{:.1f} s", static_cast<double>(number) / 1000);
    if (s < 3600) return fmt::format("{}m {}s", s / 60, s % 60);
    if (s < 86400) return fmt::format("{}h {}m", s / 3600, s % 3600 / 60);
    return fmt::format("{}d {}h", s / 86400, s % 86400 / 3600);
  }
  if (unit == Unit::kTimestamp) {
    const time_t seconds = static_cast<time_t>(number / 1000 - (number % 1000 < 0 ? 1 : 0));
    tm utc{};
    std::array<char, 40> text{};
    if (number < 0 || !gmtime_r(&seconds, &utc)) return "-";
    strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &utc);
    return fmt::format("{}.{:03}Z", text.data(), number % 1000);
  }
  std::string digits = fmt::format("{}", number);
  const size_t first = number < 0 ? 1 : 0;
  for (size_t i = digits.size(); i > first + 3; i -= 3) digits.insert(i - 3, " ");
  return digits;
}

void append_csv_cell(std::string& out, std::string_view text) {
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) {
    out += text;
    return;
  }
  out += '"';
  for (const char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  out += '"';
}

std::string counted(int64_t number, std::string_view noun) {
  return fmt::format("{} {}{}", human(number, Unit::kCount), noun, number == 1 ? "" : "s");
}

void Output::write(std::string_view text) {
  if (write_error_ != 0) return;
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size()) write_error_ = errno;
}

Result<> Output::flush() {
  if (write_error_ == 0 && std::fflush(stdout) != 0) write_error_ = errno;
  if (write_error_ == 0) return {};
  if (reader_is_gone()) return fail(Errc::kClosed, "standard output");
  return fail(Errc::kIo, fmt::format("write to standard output: {}; what was printed is incomplete",
                                     std::strerror(write_error_)));
}

bool Output::reader_is_gone() const {
  return write_error_ == EPIPE;
}

void Output::raw(std::string_view bytes) {
  if (options_.terminal) {
    write(visible(bytes));
  } else {
    write(bytes);
  }
}

void Output::say(std::string_view sentence) {
  if (!is_for_people()) return;
  write(sentence);
  write("\n");
}

Result<> Output::check_column(std::span<const Column> columns, std::string_view flag,
                              std::string_view wanted) const {
  std::vector<std::string> names;
  for (const Column& column : columns) names.emplace_back(column.name);
  if (std::find(names.begin(), names.end(), wanted) != names.end()) return {};
  return fail(Errc::kUsage,
              fmt::format("{} {}: the columns are {}", flag, wanted, fmt::join(names, ", ")));
}

Result<std::vector<Column>> Output::choose(std::span<const Column> columns) const {
  std::vector<Column> chosen;
  for (const std::string& wanted : options_.columns) {
    TRY(check_column(columns, "--columns", wanted));
    chosen.push_back(*std::find_if(columns.begin(), columns.end(),
                                   [&](const Column& c) { return c.name == wanted; }));
  }
  if (!chosen.empty()) return chosen;
  const bool all = options_.format != Format::kTable;
  std::copy_if(columns.begin(), columns.end(), std::back_inserter(chosen),
               [&](const Column& c) { return all || !c.wide; });
  return chosen;
}

Result<> Output::rows(std::span<const Column> columns, std::vector<Value> rows) {
  const std::vector<Column> chosen = TRY(choose(columns));
  if (!options_.sort.empty()) {
    const bool down = options_.sort.front() == '-';
    const std::string by = options_.sort.substr(down ? 1 : 0);
    TRY(check_column(columns, "--sort", by));
    std::sort(rows.begin(), rows.end(), [&](const Value& a, const Value& b) {
      return down ? less(b.find(by), a.find(by)) : less(a.find(by), b.find(by));
    });
  }
  if (!options_.columns.empty()) {
    for (Value& row : rows) row = only(row, chosen);
  }
  std::string out;
  switch (options_.format) {
    case Format::kTable:
    case Format::kWide:
      table(chosen, rows);
      return {};
    case Format::kJson:
      Value(Value::List(std::move(rows))).append_pretty_json(out, 0, options_.int64_as_text);
      out += '\n';
      break;
    case Format::kNdjson:
      for (const Value& row : rows) {
        row.append_json(out, options_.int64_as_text);
        out += '\n';
      }
      break;
    case Format::kYaml:
      Value(Value::List(std::move(rows))).append_yaml(out, 0);
      break;
    case Format::kCsv:
    case Format::kName:
      if (options_.format == Format::kCsv && options_.headers) {
        for (size_t c = 0; c < chosen.size(); ++c) {
          out += fmt::format("{}{}", c == 0 ? "" : ",", chosen[c].name);
        }
        out += '\n';
      }
      for (const Value& row : rows) {
        const size_t count = options_.format == Format::kName ? 1 : chosen.size();
        for (size_t c = 0; c < count; ++c) {
          if (c > 0) out += ',';
          const Value* value = row.find(chosen[c].name);
          append_csv_cell(out, value && !value->is_null() ? value->to_cell() : "");
        }
        out += '\n';
      }
  }
  write(out);
  return {};
}

void Output::table(std::span<const Column> columns, const std::vector<Value>& rows) {
  std::vector<std::vector<std::string>> cells;
  std::vector<size_t> widths;
  std::vector<bool> right;
  for (const Column& column : columns) {
    widths.push_back(options_.headers ? column.name.size() : 0);
    right.push_back(!rows.empty());
  }
  for (const Value& row : rows) {
    auto& line = cells.emplace_back();
    for (size_t c = 0; c < columns.size(); ++c) {
      const Value* value = row.find(columns[c].name);
      line.push_back(cell(value, columns[c].unit, options_.terminal));
      widths[c] = std::max(widths[c], width_of(line.back()));
      const bool numeric = !value || value->is_null() || value->integer() || value->number();
      right[c] = right[c] && numeric && columns[c].unit != Unit::kTimestamp;
    }
  }
  const auto print = [&](const std::vector<std::string>& line) {
    std::string out;
    for (size_t c = 0; c < line.size(); ++c) {
      const std::string padding(widths[c] - width_of(line[c]), ' ');
      if (c > 0) out += "  ";
      out += right[c] ? padding + line[c] : line[c] + padding;
    }
    out.erase(out.find_last_not_of(' ') + 1);
    return out;
  };
  if (options_.headers) {
    std::vector<std::string> names;
    for (const Column& column : columns) names.push_back(upper(column.name));
    write(options_.color ? fmt::format("{}{}{}\n", kBold, print(names), kPlain)
                         : print(names) + "\n");
  }
  for (const auto& line : cells) write(print(line) + "\n");
}

Result<> Output::object(const Value& object, std::span<const Column> units) {
  std::string out;
  switch (options_.format) {
    case Format::kTable:
      object_for_people(object, units);
      return {};
    case Format::kWide:
      return fail(Errc::kUsage, "-o wide: there is no more to show here than in a table");
    case Format::kYaml:
      object.append_yaml(out, 0);
      break;
    case Format::kNdjson:
      object.append_json(out, options_.int64_as_text);
      out += '\n';
      break;
    case Format::kJson:
      object.append_pretty_json(out, 0, options_.int64_as_text);
      out += '\n';
      break;
    case Format::kName:
      append_csv_cell(out, object.object()->front().second.to_cell());
      out += '\n';
      break;
    case Format::kCsv: {
      std::string header;
      for (const auto& [name, value] : *object.object()) {
        std::string text;
        if (is_table(value)) {
          value.append_json(text, options_.int64_as_text);
        } else if (!value.is_null()) {
          text = value.to_cell();
        }
        header += (header.empty() ? "" : ",") + name;
        if (&name != &object.object()->front().first) out += ',';
        append_csv_cell(out, text);
      }
      out = (options_.headers ? header + "\n" : "") + out + "\n";
    }
  }
  write(out);
  return {};
}

void Output::object_for_people(const Value& object, std::span<const Column> units) {
  size_t width = 0;
  for (const auto& [name, value] : *object.object()) {
    if (!is_table(value)) width = std::max(width, name.size());
  }
  for (const auto& [name, value] : *object.object()) {
    if (is_table(value)) continue;
    const std::string label = upper(name) + std::string(width - name.size(), ' ');
    const Unit unit = unit_of(name, units);
    const std::string text = unit == Unit::kNone && !options_.terminal
                                 ? value.to_cell()
                                 : cell(&value, unit, options_.terminal);
    write(options_.color ? fmt::format("{}{}{}  {}\n", kBold, label, kPlain, text)
                         : fmt::format("{}  {}\n", label, text));
  }
  for (const auto& [name, value] : *object.object()) {
    if (!is_table(value)) continue;
    std::vector<Column> columns;
    for (const auto& [member, ignored] : *value.list()->front().object()) {
      columns.push_back({.name = member, .unit = unit_of(member, units)});
    }
    write(fmt::format("\n{}\n", upper(name)));
    table(columns, *value.list());
  }
}

}  // namespace millrace::app
