#include "base/settings.h"

#include <fmt/format.h>
#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>

#include "base/check.h"
#include "base/did_you_mean.h"

namespace millrace {
namespace {

using Kind = AllowedValues::Kind;

// The vocabulary of schema/settings.def.
struct Fallback {
  bool required = false;
  bool given = false;
  std::string_view text = {};
  constexpr Fallback(const char* t) : given(true), text(t) {}  // NOLINT: a text is a default
  constexpr explicit Fallback(bool r) : required(r) {}
};
constexpr Fallback kNull(false);
constexpr Fallback kRequired(true);

constexpr AllowedValues kAny{};
constexpr AllowedValues kNonEmpty{.kind = Kind::kNonEmpty};
constexpr AllowedValues kUniqueItems{.kind = Kind::kUniqueItems};
constexpr AllowedValues kThrottledReplicas{.kind = Kind::kThrottledReplicas};
constexpr AllowedValues kOffsetReset{.kind = Kind::kOffsetReset};
constexpr AllowedValues at_least(double low) {
  return {.kind = Kind::kRange, .low = low};
}
constexpr AllowedValues between(double low, double high) {
  return {.kind = Kind::kRange, .low = low, .high = high};
}
constexpr AllowedValues between_or(double low, double high, double exception) {
  return {.kind = Kind::kRange, .low = low, .high = high, .exception = exception};
}
constexpr AllowedValues one_of(std::string_view words) {
  return {.kind = Kind::kWords, .words = words};
}
constexpr AllowedValues any_case_of(std::string_view words) {
  return {.kind = Kind::kWordsAnyCase, .words = words};
}
constexpr AllowedValues nonempty_list_of(std::string_view words) {
  return {.kind = Kind::kWords, .words = words};
}
constexpr AllowedValues list_of(std::string_view words) {
  return {.kind = Kind::kWords, .words = words, .may_be_empty = true};
}

constexpr SettingInfo make_row(SettingScope scope, std::string_view name, SettingType type,
                               std::string_view unit, Fallback fallback, AllowedValues allowed,
                               SettingChange change, SettingImportance importance,
                               SettingVisibility visibility, SettingState state,
                               std::string_view synonyms, std::string_view sentence) {
  return {scope,          name,          type,     unit,    fallback.required,
          fallback.given, fallback.text, allowed,  change,  importance,
          visibility,     state,         synonyms, sentence};
}

constexpr auto kRows = std::to_array<SettingInfo>({
#define MILLRACE_SETTING(scope, name, type, unit, fallback, allowed, change, importance,        \
                         visibility, state, synonyms, sentence)                                 \
  make_row(SettingScope::scope, name, SettingType::type, unit, fallback, allowed,               \
           SettingChange::change, SettingImportance::importance, SettingVisibility::visibility, \
           SettingState::state, synonyms, sentence),
#include "schema/settings.def"
});

constexpr auto kZeroConfig = std::to_array<ZeroConfigRow>({
#define MILLRACE_ZERO_CONFIG(name, value, why) {name, value, why},
#include "schema/settings.def"
});

struct RemovedRow {
  std::string_view name;
  std::string_view advice;
};
constexpr auto kRemoved = std::to_array<RemovedRow>({
#define MILLRACE_REMOVED_SETTING(name, advice) {name, advice},
#include "schema/settings.def"
});

std::pair<SettingScope, std::string_view> key(const SettingInfo& row) {
  return {row.scope, row.name};
}

const std::vector<const SettingInfo*>& rows_by_name() {
  static const std::vector<const SettingInfo*> sorted = [] {
    std::vector<const SettingInfo*> rows;
    rows.reserve(std::size(kRows));
    for (const SettingInfo& row : kRows) rows.push_back(&row);
    std::ranges::sort(rows, {}, [](const SettingInfo* row) { return key(*row); });
    return rows;
  }();
  return sorted;
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && static_cast<uint8_t>(text.front()) <= ' ') text.remove_prefix(1);
  while (!text.empty() && static_cast<uint8_t>(text.back()) <= ' ') text.remove_suffix(1);
  return text;
}

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return result;
}

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> items;
  while (true) {
    const size_t end = text.find(separator);
    items.emplace_back(trim(text.substr(0, end)));
    if (end == std::string_view::npos) return items;
    text.remove_prefix(end + 1);
  }
}

// Java's parseInt and parseLong take a sign of either kind.
template <class T>
std::optional<T> number(std::string_view text) {
  if (text.starts_with('+') && !text.starts_with("+-")) text.remove_prefix(1);
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

bool is_word(const AllowedValues& allowed, std::string_view text) {
  const bool any_case = allowed.kind == Kind::kWordsAnyCase;
  const std::string wanted = any_case ? lower(text) : std::string(text);
  const std::vector<std::string> words = split(allowed.words, ',');
  return std::ranges::any_of(
      words, [&](const std::string& w) { return (any_case ? lower(w) : w) == wanted; });
}

bool all_differ(std::vector<std::string> items) {
  std::ranges::sort(items);
  return std::ranges::adjacent_find(items) == items.end() &&
         std::ranges::none_of(items, &std::string::empty);
}

bool is_replica_pair(std::string_view text) {
  const size_t colon = text.find(':');
  if (colon == std::string_view::npos) return false;
  const auto partition = number<int32_t>(text.substr(0, colon));
  const auto broker = number<int32_t>(text.substr(colon + 1));
  return partition && broker && *partition >= 0 && *broker >= 0;
}

// PnDTnHnMn.nS with at least one part; the form java.time.Duration parses, without signs.
bool is_iso_duration(std::string_view text) {
  if (!text.starts_with('P')) return false;
  text.remove_prefix(1);
  std::string_view units = "DTHMS";
  bool any = false;
  while (!text.empty()) {
    if (text.front() == 'T' && units.find('T') != std::string_view::npos) {
      units = "HMS";
      text.remove_prefix(1);
      if (text.empty()) return false;
      continue;
    }
    const size_t digits = text.find_first_not_of("0123456789.");
    if (digits == 0 || digits == std::string_view::npos) return false;
    const char unit = text[digits];
    const bool fraction = text.substr(0, digits).find('.') != std::string_view::npos;
    const size_t place = units.find(unit);
    if (place == std::string_view::npos || (fraction && unit != 'S')) return false;
    if (units.front() == 'D' && unit != 'D') return false;  // hours and less come after the T
    units = unit == 'D' ? "T" : units.substr(place + 1);
    text.remove_prefix(digits + 1);
    any = true;
  }
  return any;
}

bool is_offset_reset(std::string_view text) {
  constexpr std::string_view kBy = "by_duration:";
  return text == "latest" || text == "earliest" ||
         (text.starts_with(kBy) && is_iso_duration(text.substr(kBy.size())));
}

bool in_range(const AllowedValues& allowed, double value) {
  return (value >= allowed.low && value <= allowed.high) || value == allowed.exception;
}

bool is_allowed(const AllowedValues& allowed, const std::vector<std::string>& items) {
  switch (allowed.kind) {
    case Kind::kWords:
    case Kind::kWordsAnyCase:
      return (allowed.may_be_empty || !items.empty()) && all_differ(items) &&
             std::ranges::all_of(items, [&](const auto& item) { return is_word(allowed, item); });
    case Kind::kNonEmpty:
      return !items.empty() && all_differ(items);
    case Kind::kUniqueItems:
      return all_differ(items);
    case Kind::kThrottledReplicas:
      return (items.size() == 1 && items[0] == "*") || std::ranges::all_of(items, is_replica_pair);
    default:
      return true;
  }
}

bool is_allowed(const AllowedValues& allowed, const std::string& text) {
  switch (allowed.kind) {
    case Kind::kWords:
    case Kind::kWordsAnyCase:
      return is_word(allowed, text);
    case Kind::kNonEmpty:
      return !text.empty();
    case Kind::kOffsetReset:
      return is_offset_reset(text);
    default:
      return true;
  }
}

bool is_allowed(const AllowedValues& allowed, const SettingValue& value) {
  if (const auto* integer = std::get_if<int64_t>(&value)) {
    return allowed.kind != Kind::kRange || in_range(allowed, static_cast<double>(*integer));
  }
  if (const auto* real = std::get_if<double>(&value)) {
    return allowed.kind != Kind::kRange || in_range(allowed, *real);
  }
  if (const auto* text = std::get_if<std::string>(&value)) return is_allowed(allowed, *text);
  if (const auto* items = std::get_if<std::vector<std::string>>(&value)) {
    return is_allowed(allowed, *items);
  }
  return true;
}

template <class T>
std::optional<SettingValue> integer(std::string_view text) {
  const std::optional<T> value = number<T>(text);
  if (!value) return std::nullopt;
  return SettingValue(static_cast<int64_t>(*value));
}

// The type alone; nullopt when the text is not of it.
std::optional<SettingValue> parse_type(SettingType type, std::string_view text) {
  switch (type) {
    case SettingType::kBoolean:
      if (lower(text) == "true") return SettingValue(true);
      if (lower(text) == "false") return SettingValue(false);
      return std::nullopt;
    case SettingType::kShort:
      return integer<int16_t>(text);
    case SettingType::kInt:
      return integer<int32_t>(text);
    case SettingType::kLong:
      return integer<int64_t>(text);
    case SettingType::kDouble: {
      const std::optional<double> value = number<double>(text);
      if (!value || std::isnan(*value)) return std::nullopt;
      return SettingValue(*value);
    }
    case SettingType::kList:
      return SettingValue(text.empty() ? std::vector<std::string>() : split(text, ','));
    case SettingType::kString:
    case SettingType::kClass:
    case SettingType::kPassword:
      return SettingValue(std::string(text));
  }
  return std::nullopt;
}

// "a 32-bit whole number of bytes, at least 1048576"
std::string wanted(const SettingInfo& row) {
  const std::string range = row.allowed.describe();
  const std::string unit = row.unit.empty() ? "" : fmt::format(" of {}", row.unit);
  const std::string limit = range.empty() ? "" : ", " + range;
  switch (row.type) {
    case SettingType::kBoolean:
      return "true or false";
    case SettingType::kShort:
      return fmt::format("a 16-bit whole number{}{}", unit, limit);
    case SettingType::kInt:
      return fmt::format("a 32-bit whole number{}{}", unit, limit);
    case SettingType::kLong:
      return fmt::format("a 64-bit whole number{}{}", unit, limit);
    case SettingType::kDouble:
      return fmt::format("a number{}", limit);
    case SettingType::kList:
      return row.allowed.words.empty() ? fmt::format("a list separated by commas{}", limit)
                                       : fmt::format("a list of any of {}", range);
    default:
      return row.allowed.words.empty() ? fmt::format("a text{}", limit)
                                       : fmt::format("one of {}", range);
  }
}

Error bad_value(const SettingInfo& row, std::string_view text) {
  constexpr size_t kShown = 100;
  if (row.sensitive()) {
    return {Errc::kInvalidSetting, fmt::format("{} must be {}", row.name, wanted(row))};
  }
  return {Errc::kInvalidSetting,
          fmt::format("{} is \"{}{}\", but must be {}", row.name, text.substr(0, kShown),
                      text.size() > kShown ? "..." : "", wanted(row))};
}

std::string format_number(double value) {
  return value == std::floor(value) && std::abs(value) < 1e15 ? fmt::format("{:.0f}", value)
                                                              : fmt::format("{}", value);
}

// As Java's Double.toString: shortest digits, an exponent below 1e-3 and from 1e7.
std::string format_double(double value) {
  if (value == 0) return std::signbit(value) ? "-0.0" : "0.0";
  if (std::isinf(value)) return value > 0 ? "Infinity" : "-Infinity";
  std::array<char, 40> buffer;
  const double size = std::abs(value);
  const bool plain = size >= 1e-3 && size < 1e7;
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value,
                                 plain ? std::chars_format::fixed : std::chars_format::scientific)
                       .ptr;
  std::string text(buffer.data(), end);
  if (plain) return text.find('.') == std::string::npos ? text + ".0" : text;
  const size_t e = text.find('e');
  std::string digits = text.substr(0, e);
  if (digits.find('.') == std::string::npos) digits += ".0";
  return fmt::format("{}E{}", digits, std::stoi(text.substr(e + 1)));
}

// A unit's size in the smallest of its family; 0 for one that stands alone.
int64_t unit_size(std::string_view unit) {
  if (unit == "ms") return 1;
  if (unit == "s") return 1'000;
  if (unit == "min") return 60'000;
  if (unit == "h") return 3'600'000;
  return 0;
}

}  // namespace

std::string AllowedValues::describe() const {
  switch (kind) {
    case Kind::kAny:
      return "";
    case Kind::kRange: {
      std::string text = std::isinf(high)
                             ? fmt::format("at least {}", format_number(low))
                             : fmt::format("{} to {}", format_number(low), format_number(high));
      if (!std::isnan(exception)) text += fmt::format(", or {}", format_number(exception));
      return text;
    }
    case Kind::kWords:
    case Kind::kWordsAnyCase:
      return fmt::format("{}", fmt::join(split(words, ','), ", "));
    case Kind::kNonEmpty:
      return "not empty";
    case Kind::kUniqueItems:
      return "no item twice";
    case Kind::kThrottledReplicas:
      return "*, or partition:broker pairs";
    case Kind::kOffsetReset:
      return "earliest, latest, by_duration:PnDTnHnMnS";
  }
  return "";
}

std::vector<std::string_view> SettingInfo::chain() const {
  std::vector<std::string_view> names;
  std::string_view rest = synonyms;
  while (!rest.empty()) {
    const size_t end = rest.find(' ');
    names.push_back(rest.substr(0, end));
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  }
  if (names.empty() && scope == SettingScope::kBroker) names.push_back(name);
  return names;
}

std::span<const SettingInfo> setting_rows() {
  return kRows;
}

std::span<const ZeroConfigRow> zero_config_rows() {
  return kZeroConfig;
}

const SettingInfo* find_setting(SettingScope scope, std::string_view name) {
  const auto& rows = rows_by_name();
  const auto found = std::ranges::lower_bound(rows, std::pair(scope, name), {},
                                              [](const SettingInfo* row) { return key(*row); });
  return found != rows.end() && key(**found) == std::pair(scope, name) ? *found : nullptr;
}

std::string_view without_listener(std::string_view name) {
  constexpr std::string_view kPrefix = "listener.name.";
  if (!name.starts_with(kPrefix)) return name;
  const size_t dot = name.find('.', kPrefix.size());
  if (dot == std::string_view::npos) return name;
  const std::string_view base = name.substr(dot + 1);
  // Login settings carry the mechanism before their name: listener.name.external.plain.sasl...
  for (const std::string_view login :
       {"sasl.jaas.config", "sasl.login.callback.handler.class", "sasl.login.class",
        "sasl.server.callback.handler.class", "connections.max.reauth.ms"}) {
    if (base.ends_with(login)) return login;
  }
  return base;
}

const SettingInfo* find_broker_setting(std::string_view name) {
  const SettingInfo* row = find_setting(SettingScope::kBroker, name);
  return row != nullptr ? row : find_setting(SettingScope::kBroker, without_listener(name));
}

std::string_view removed_setting_advice(std::string_view name) {
  for (const RemovedRow& row : kRemoved) {
    if (row.name == name || (row.name.ends_with('.') && name.starts_with(row.name))) {
      return row.advice;
    }
  }
  return {};
}

Result<SettingValue> parse_setting(const SettingInfo& row, std::string_view text) {
  if (text.size() > kSettingTextBytesMax) {
    return fail(Errc::kInvalidSetting, fmt::format("{} is {} bytes long, at most {} are accepted",
                                                   row.name, text.size(), kSettingTextBytesMax));
  }
  text = trim(text);
  std::optional<SettingValue> value = parse_type(row.type, text);
  if (!value || !is_allowed(row.allowed, *value)) return fail(bad_value(row, text));
  return std::move(*value);
}

Result<SettingValue> parse_setting(SettingScope scope, std::string_view name,
                                   std::string_view text) {
  const SettingInfo* row =
      scope == SettingScope::kBroker ? find_broker_setting(name) : find_setting(scope, name);
  if (row == nullptr) return fail(unknown_setting(scope, name));
  return parse_setting(*row, text);
}

Error unknown_setting(SettingScope scope, std::string_view name) {
  std::string text =
      fmt::format("there is no {} setting \"{}\"", to_string(scope), name.substr(0, 256));
  const SettingInfo* topics = find_setting(SettingScope::kTopic, name);
  if (const std::string_view advice = removed_setting_advice(name); !advice.empty()) {
    text += fmt::format(" in Kafka 4: {}", advice);
  } else if (scope == SettingScope::kBroker && topics != nullptr && !topics->synonyms.empty()) {
    text += fmt::format("; it is a topic's, and for all topics it is called {}",
                        topics->chain().front());
  } else {
    std::vector<std::string> known;
    for (const SettingInfo& row : kRows) {
      if (row.scope == scope) known.emplace_back(row.name);
    }
    text += did_you_mean(name, known);
  }
  return {Errc::kInvalidSetting, std::move(text)};
}

std::string format_setting(const SettingValue& value) {
  if (const auto* flag = std::get_if<bool>(&value)) return *flag ? "true" : "false";
  if (const auto* integer = std::get_if<int64_t>(&value)) return fmt::format("{}", *integer);
  if (const auto* real = std::get_if<double>(&value)) return format_double(*real);
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  if (const auto* items = std::get_if<std::vector<std::string>>(&value)) {
    return fmt::format("{}", fmt::join(*items, ","));
  }
  return "";
}

SettingValue default_setting(const SettingInfo& row) {
  if (!row.has_default) return {};
  std::optional<SettingValue> value = parse_type(row.type, row.default_text);
  CHECK(value.has_value(), "a default in schema/settings.def is not of its row's type");
  return std::move(*value);
}

int64_t convert_unit(int64_t value, std::string_view from, std::string_view to) {
  const int64_t from_size = unit_size(from);
  const int64_t to_size = unit_size(to);
  if (value < 0 || from_size == 0 || to_size == 0 || from_size == to_size) return value;
  const __int128 scaled = static_cast<__int128>(value) * from_size / to_size;
  constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
  return scaled > kMax ? kMax : static_cast<int64_t>(scaled);
}

std::string_view to_string(SettingScope scope) {
  constexpr std::array<std::string_view, 5> kNames{"broker", "topic", "group", "client-metrics",
                                                   "quota"};
  return kNames[static_cast<size_t>(scope)];
}

std::string_view to_string(SettingType type) {
  constexpr std::array<std::string_view, 10> kNames{
      "", "boolean", "string", "int", "short", "long", "double", "list", "class", "password"};
  return kNames[static_cast<size_t>(type)];
}

std::string_view to_string(SettingChange change) {
  constexpr std::array<std::string_view, 4> kNames{"read-only", "per-broker", "cluster-wide",
                                                   "live"};
  return kNames[static_cast<size_t>(change)];
}

std::string_view to_string(SettingImportance importance) {
  constexpr std::array<std::string_view, 3> kNames{"high", "medium", "low"};
  return kNames[static_cast<size_t>(importance)];
}

std::string_view to_string(SettingState state) {
  constexpr std::array<std::string_view, 3> kNames{"built", "not built yet", "no effect"};
  return kNames[static_cast<size_t>(state)];
}

}  // namespace millrace
