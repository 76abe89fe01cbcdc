#include "base/setting_values.h"

#include <fmt/format.h>
#include <algorithm>

#include "base/check.h"
#include "base/properties.h"

namespace millrace {
namespace {

constexpr std::array kStrongestFirst{SettingLayer::kDynamicBroker, SettingLayer::kDynamicDefault,
                                     SettingLayer::kCommandLine, SettingLayer::kFile,
                                     SettingLayer::kZeroConfig};

size_t index_of(const SettingInfo& row) {
  return static_cast<size_t>(&row - setting_rows().data());
}

// An entry was checked when it came in; what does not parse is a name without a row.
SettingValue parsed(const SettingInfo& row, std::string_view text) {
  Result<SettingValue> value = parse_setting(row, text);
  return value ? std::move(*value) : SettingValue();
}

SettingValue in_unit(SettingValue value, std::string_view from, std::string_view to) {
  if (auto* integer = std::get_if<int64_t>(&value)) *integer = convert_unit(*integer, from, to);
  return value;
}

void add_once(std::vector<std::string>& names, const std::string& name) {
  if (std::ranges::find(names, name) == names.end()) names.push_back(name);
}

// Gathers broken rules, so that a person sees them all at once.
class Rules {
 public:
  void require(bool holds, std::string sentence) {
    if (!holds) broken_.push_back(std::move(sentence));
  }
  Result<> result() const {
    if (broken_.empty()) return {};
    return fail(Errc::kInvalidSetting, fmt::format("{}", fmt::join(broken_, "; ")));
  }

 private:
  std::vector<std::string> broken_;
};

}  // namespace

std::string_view to_string(SettingLayer layer) {
  constexpr std::array<std::string_view, kSettingLayers> kNames{
      "zero configuration", "file", "command line", "cluster default", "broker"};
  return kNames[static_cast<size_t>(layer)];
}

Settings::Settings() {
  for (const SettingInfo& row : setting_rows()) {
    if (row.scope != SettingScope::kBroker) break;
    values_.push_back(first_set(row.chain(), row.unit));
  }
}

Result<> Settings::set(SettingLayer layer, std::string_view name, std::string_view text,
                       std::string_view where) {
  const Result<SettingValue> value = parse_setting(SettingScope::kBroker, name, text);
  if (!value) return fail(value.error().within(where));
  set_unchecked(layer, name, text, where);
  return {};
}

void Settings::set_unchecked(SettingLayer layer, std::string_view name, std::string_view text,
                             std::string_view where) {
  layers_[static_cast<size_t>(layer)][std::string(name)] = {std::string(text), std::string(where)};
  refresh(name);
}

std::vector<Error> Settings::replace(SettingLayer layer,
                                     const std::map<std::string, std::string>& values,
                                     std::string_view where) {
  Layer old;
  old.swap(layers_[static_cast<size_t>(layer)]);
  for (const auto& [name, entry] : old) refresh(name);
  std::vector<Error> bad;
  for (const auto& [name, text] : values) {
    if (Result<> result = set(layer, name, text, where); !result) bad.push_back(result.error());
  }
  return bad;
}

void Settings::use_zero_config() {
  for (const ZeroConfigRow& row : zero_config_rows()) {
    const Result<> result = set(SettingLayer::kZeroConfig, row.name, row.value, row.why);
    CHECK(result.has_value(), "a MILLRACE_ZERO_CONFIG row is not valid");
  }
}

const SettingValue& Settings::value(const SettingInfo& row) const {
  CHECK(row.scope == SettingScope::kBroker);
  return values_[index_of(row)];
}

SettingValue Settings::own_value(const SettingInfo& row) const {
  const Entry* entry = find(row.name);
  return entry == nullptr ? default_setting(row) : parsed(row, entry->text);
}

SettingValue Settings::for_listener(std::string_view listener, const SettingInfo& row) const {
  std::string name = fmt::format("listener.name.{}.{}", listener, row.name);
  // Kafka writes listener names in lower case there, whatever the list of listeners says.
  for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  const Entry* entry = find(name);
  return entry == nullptr ? value(row) : parsed(row, entry->text);
}

const Settings::Entry* Settings::find(std::string_view name, SettingLayer up_to) const {
  for (const SettingLayer layer : kStrongestFirst) {
    if (layer > up_to) continue;
    const Layer& entries = layers_[static_cast<size_t>(layer)];
    if (const auto found = entries.find(name); found != entries.end()) return &found->second;
  }
  return nullptr;
}

SettingValue Settings::first_set(const std::vector<std::string_view>& names,
                                 std::string_view unit) const {
  for (const SettingLayer layer : kStrongestFirst) {
    const Layer& entries = layers_[static_cast<size_t>(layer)];
    for (const std::string_view name : names) {
      const auto found = entries.find(name);
      const SettingInfo* row = find_setting(SettingScope::kBroker, name);
      if (found == entries.end() || row == nullptr) continue;
      return in_unit(parsed(*row, found->second.text), row->unit, unit);
    }
  }
  for (const std::string_view name : names) {
    const SettingInfo* row = find_setting(SettingScope::kBroker, name);
    if (row != nullptr && row->has_default) return in_unit(default_setting(*row), row->unit, unit);
  }
  return {};
}

// A name's own value counts, and that of every row it is a synonym of.
void Settings::refresh(std::string_view name) {
  for (const SettingInfo& row : setting_rows()) {
    if (row.scope != SettingScope::kBroker) break;  // a scope's rows stand together
    if (row.name != name && row.synonyms.empty()) continue;
    const std::vector<std::string_view> chain = row.chain();
    if (std::ranges::find(chain, name) == chain.end()) continue;
    values_[index_of(row)] = first_set(chain, row.unit);
  }
}

template <SettingScope kScope>
size_t ResourceSettings<kScope>::first_row() {
  static const size_t first = static_cast<size_t>(
      std::ranges::find(setting_rows(), kScope, &SettingInfo::scope) - setting_rows().begin());
  return first;
}

template <SettingScope kScope>
ResourceSettings<kScope>::ResourceSettings(const Settings& broker,
                                           const std::map<std::string, std::string>& own) {
  for (const SettingInfo& row : setting_rows().subspan(first_row())) {
    if (row.scope != kScope) break;  // a scope's rows stand together
    SettingValue value;
    if (const auto found = own.find(std::string(row.name)); found != own.end()) {
      value = parsed(row, found->second);
    }
    if (std::holds_alternative<std::monostate>(value)) {
      value = broker.first_set(row.chain(), row.unit);
    }
    if (std::holds_alternative<std::monostate>(value)) value = default_setting(row);
    values_.push_back(std::move(value));
  }
}

template <SettingScope kScope>
const SettingValue& ResourceSettings<kScope>::value(const SettingInfo& row) const {
  CHECK(row.scope == kScope);
  return values_[index_of(row) - first_row()];
}

template class ResourceSettings<SettingScope::kTopic>;
template class ResourceSettings<SettingScope::kGroup>;

Result<BrokerId> node_id(const Settings& settings) {
  const int64_t old_id = settings.get<"broker.id">();
  const std::optional<int64_t> id = settings.get<"node.id">();
  if (!id && old_id < 0) {
    return fail(Errc::kInvalidSetting, "node.id is not set; give each node its own number");
  }
  return BrokerId(static_cast<int32_t>(id.value_or(old_id)));
}

Result<> check_settings(const Settings& settings) {
  Rules rules;
  const int64_t retention = settings.get<"log.retention.ms">();
  rules.require(retention == -1 || retention >= 1,
                "log.retention.ms (or .minutes, .hours) must be -1, for ever, or at least 1");
  rules.require(settings.get<"log.roll.ms">() >= 1, "log.roll.ms must be at least 1");
  rules.require(settings.get<"log.roll.jitter.ms">() >= 0, "log.roll.jitter.ms must be at least 0");
  rules.require(settings.get<"log.cleaner.min.compaction.lag.ms">() <=
                    settings.get<"log.cleaner.max.compaction.lag.ms">(),
                "log.cleaner.min.compaction.lag.ms must not exceed "
                "log.cleaner.max.compaction.lag.ms");
  const int64_t cleaners = std::max<int64_t>(settings.get<"log.cleaner.threads">(), 1);
  rules.require(settings.get<"log.cleaner.dedupe.buffer.size">() / cleaners > 1024 * 1024,
                "log.cleaner.dedupe.buffer.size must be more than 1 MiB per cleaner thread");
  const int64_t fetch_wait = settings.get<"replica.fetch.wait.max.ms">();
  rules.require(fetch_wait <= settings.get<"replica.socket.timeout.ms">(),
                "replica.fetch.wait.max.ms must not exceed replica.socket.timeout.ms");
  rules.require(fetch_wait <= settings.get<"replica.lag.time.max.ms">(),
                "replica.fetch.wait.max.ms must not exceed replica.lag.time.max.ms");
  const int64_t queued = settings.get<"queued.max.request.bytes">();
  rules.require(queued <= 0 || queued >= settings.get<"socket.request.max.bytes">(),
                "queued.max.request.bytes must be at least socket.request.max.bytes");
  rules.require(settings.get<"group.min.session.timeout.ms">() <=
                    settings.get<"group.max.session.timeout.ms">(),
                "group.min.session.timeout.ms must not exceed group.max.session.timeout.ms");
  rules.require(
      settings.get<"broker.heartbeat.interval.ms">() < settings.get<"broker.session.timeout.ms">(),
      "broker.heartbeat.interval.ms must be less than broker.session.timeout.ms");
  const int64_t old_id = settings.get<"broker.id">();
  const std::optional<int64_t> id = settings.get<"node.id">();
  rules.require(old_id < 0 || !id || *id == old_id,
                "node.id and broker.id must be the same number");
  return rules.result();
}

Result<> check_topic_settings(const TopicSettings& topic) {
  Rules rules;
  const int64_t lag_min = topic.get<"min.compaction.lag.ms">();
  const int64_t lag_max = topic.get<"max.compaction.lag.ms">();
  rules.require(lag_min <= lag_max,
                fmt::format("min.compaction.lag.ms is {}, more than max.compaction.lag.ms, {}",
                            lag_min, lag_max));
  rules.require(!topic.get<"remote.storage.enable">(),
                "remote.storage.enable: this server has no tiered storage");
  return rules.result();
}

std::vector<std::string> SettingsReport::warnings() const {
  std::vector<std::string> lines;
  std::vector<std::string> ignored;
  if (!unbuilt.empty()) {
    ignored.push_back(fmt::format("not built yet: {}", fmt::join(unbuilt, ", ")));
  }
  if (!no_effect.empty()) {
    ignored.push_back(fmt::format("nothing to act on here: {}", fmt::join(no_effect, ", ")));
  }
  if (!ignored.empty()) lines.push_back(fmt::format("ignored; {}", fmt::join(ignored, "; ")));
  if (!unknown.empty()) {
    const std::string more =
        unknown_untold > 0 ? fmt::format("; and {} more", unknown_untold) : std::string();
    lines.push_back(
        fmt::format("unknown settings are ignored: {}{}", fmt::join(unknown, "; "), more));
  }
  return lines;
}

Result<SettingsReport> load_properties(Settings& settings, std::string_view text,
                                       std::string_view file) {
  // What an unknown name may have meant is looked for among all names; a file of nothing else must
  // not hold up a start.
  constexpr size_t kUnknownToldMax = 50;
  Result<std::vector<Property>> properties = parse_properties(text);
  if (!properties) return fail(properties.error().within(file));
  SettingsReport report;
  std::vector<std::string> bad;
  for (const Property& property : *properties) {
    const std::string where = fmt::format("{}:{}", file, property.line);
    const SettingInfo* row = find_broker_setting(property.name);
    if (row == nullptr) {
      if (report.unknown.size() < kUnknownToldMax) {
        report.unknown.push_back(
            unknown_setting(SettingScope::kBroker, property.name).within(where).detail());
      } else {
        ++report.unknown_untold;
      }
      settings.set_unchecked(SettingLayer::kFile, property.name, property.value, where);
      continue;
    }
    if (Result<> set = settings.set(SettingLayer::kFile, property.name, property.value, where);
        !set) {
      bad.push_back(set.error().detail());
    } else if (row->state == SettingState::kUnbuilt) {
      add_once(report.unbuilt, property.name);
    } else if (row->state == SettingState::kNoEffect) {
      add_once(report.no_effect, property.name);
    }
  }
  if (!bad.empty()) return fail(Errc::kInvalidSetting, fmt::format("{}", fmt::join(bad, "\n")));
  return report;
}

}  // namespace millrace
