#include "broker/config_view.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>

#include "metadata/topic_name.h"

namespace millrace::broker {
namespace {

using metadata::ConfigResource;
using metadata::ConfigResourceType;

ConfigEntry entry_of(const SettingInfo& row) {
  return {.name = std::string(row.name),
          .sensitive = row.sensitive(),
          .type = static_cast<int8_t>(row.type),
          .documentation = row.sentence};
}

std::optional<std::string> shown(const SettingInfo& row, const SettingValue& value) {
  if (row.sensitive() || std::holds_alternative<std::monostate>(value)) return std::nullopt;
  return format_setting(value);
}

// The strongest comes first; without any, the value is the default.
void set_source(ConfigEntry& entry) {
  if (!entry.synonyms.empty()) entry.source = entry.synonyms.front().source;
}

void sort_by_name(std::vector<ConfigEntry>& entries) {
  std::sort(entries.begin(), entries.end(),
            [](const ConfigEntry& a, const ConfigEntry& b) { return a.name < b.name; });
}

bool is_shown(const SettingInfo& row, SettingScope scope) {
  return row.scope == scope && !row.internal;
}

}  // namespace

Result<std::vector<ConfigEntry>> ConfigView::describe(const ConfigResource& resource) const {
  const metadata::Config& own = image_.config(resource);
  switch (resource.type) {
    case ConfigResourceType::kTopic:
      TRY(metadata::check_topic_name(resource.name));
      if (!image_.find_topic(resource.name)) return fail(Errc::kUnknownTopicOrPartition);
      return topic_entries(own);
    case ConfigResourceType::kBroker:
      if (resource.name.empty()) return broker_default_entries();
      if (resource.name == std::to_string(self_.value)) return broker_entries();
      return fail(Errc::kInvalidRequest,
                  fmt::format("this is broker {}, not \"{}\"", self_.value, resource.name));
    case ConfigResourceType::kBrokerLogger:
      // One level rules all of the server, so there are no loggers to list.
      return std::vector<ConfigEntry>();
    case ConfigResourceType::kClientMetrics:
      if (resource.name.empty()) return fail(Errc::kInvalidRequest, "a subscription has a name");
      return client_metrics_entries(own);
    case ConfigResourceType::kGroup:
      if (resource.name.empty()) return fail(Errc::kInvalidRequest, "a group has a name");
      return group_entries(own);
    default:
      return fail(Errc::kInvalidRequest,
                  fmt::format("no settings belong to resource type {}",
                              static_cast<int>(resource.type)));
  }
}

std::vector<ConfigEntry> ConfigView::topic_entries(const metadata::Config& own) const {
  const TopicSettings values(settings_, own);
  std::vector<ConfigEntry> entries;
  for (const SettingInfo& row : setting_rows()) {
    if (!is_shown(row, SettingScope::kTopic)) continue;
    entries.push_back(inherited_entry(row, values.value(row), own, ConfigSource::kTopic));
  }
  sort_by_name(entries);
  return entries;
}

std::vector<ConfigEntry> ConfigView::group_entries(const metadata::Config& own) const {
  const GroupSettings values(settings_, own);
  std::vector<ConfigEntry> entries;
  for (const SettingInfo& row : setting_rows()) {
    if (!is_shown(row, SettingScope::kGroup)) continue;
    entries.push_back(inherited_entry(row, values.value(row), own, ConfigSource::kGroup));
  }
  sort_by_name(entries);
  return entries;
}

std::vector<ConfigEntry> ConfigView::client_metrics_entries(const metadata::Config& own) const {
  std::vector<ConfigEntry> entries;
  for (const SettingInfo& row : setting_rows()) {
    if (!is_shown(row, SettingScope::kClientMetrics)) continue;
    ConfigEntry& entry = entries.emplace_back(entry_of(row));
    const auto set = own.find(entry.name);
    entry.value = set == own.end() ? shown(row, default_setting(row)) : set->second;
    if (set != own.end()) entry.source = ConfigSource::kClientMetrics;
  }
  sort_by_name(entries);
  return entries;
}

// A setting of a topic or group: its own value, or one of the broker's.
ConfigEntry ConfigView::inherited_entry(const SettingInfo& row, const SettingValue& value,
                                        const metadata::Config& own,
                                        ConfigSource own_source) const {
  ConfigEntry entry = entry_of(row);
  entry.value = shown(row, value);
  const std::vector<std::string_view> names = row.chain();
  if (own.contains(entry.name)) {
    entry.synonyms.push_back({entry.name, entry.value, own_source});
  }
  if (!names.empty() && !row.synonyms.empty()) {
    for (ConfigSynonym& synonym : broker_synonyms(names, row.sensitive())) {
      entry.synonyms.push_back(std::move(synonym));
    }
  }
  set_source(entry);
  return entry;
}

std::vector<ConfigEntry> ConfigView::broker_entries() const {
  std::vector<ConfigEntry> entries;
  for (const SettingInfo& row : setting_rows()) {
    if (is_shown(row, SettingScope::kBroker)) entries.push_back(broker_entry(row));
  }
  // Names without a row belong to plug-ins; nobody knows whether they are secrets.
  for (const SettingLayer layer : {SettingLayer::kFile, SettingLayer::kCommandLine}) {
    for (const auto& [name, entry] : settings_.layer(layer)) {
      if (find_setting(SettingScope::kBroker, name)) continue;
      entries.push_back({.name = name,
                         .source = ConfigSource::kStaticBroker,
                         .read_only = true,
                         .sensitive = true});
    }
  }
  sort_by_name(entries);
  return entries;
}

ConfigEntry ConfigView::broker_entry(const SettingInfo& row) const {
  ConfigEntry entry = entry_of(row);
  entry.value = shown(row, settings_.own_value(row));
  entry.read_only = row.change == SettingChange::kReadOnly;
  entry.synonyms = broker_synonyms(row.chain(), row.sensitive());
  set_source(entry);
  return entry;
}

std::vector<ConfigEntry> ConfigView::broker_default_entries() const {
  std::vector<ConfigEntry> entries;
  for (const auto& [name, set] : settings_.layer(SettingLayer::kDynamicDefault)) {
    const SettingInfo* row = find_broker_setting(name);
    if (!row) continue;
    ConfigEntry& entry = entries.emplace_back(entry_of(*row));
    entry.name = name;
    if (!row->sensitive()) entry.value = set.text;
    entry.source = ConfigSource::kDynamicDefaultBroker;
    entry.synonyms.push_back({name, entry.value, entry.source});
  }
  sort_by_name(entries);
  return entries;
}

const Settings::Entry* ConfigView::static_entry(std::string_view name) const {
  return settings_.find(name, SettingLayer::kCommandLine);
}

// All names in one layer come before all names in the next. What stands before the first name
// itself belongs to something more special, so it is left out; this is Kafka's rule.
std::vector<ConfigSynonym> ConfigView::broker_synonyms(const std::vector<std::string_view>& names,
                                                       bool sensitive) const {
  std::vector<ConfigSynonym> synonyms;
  const auto add = [&](std::string_view name, std::string_view text, ConfigSource source) {
    synonyms.push_back({std::string(name),
                        sensitive ? std::nullopt : std::optional<std::string>(text), source});
  };
  for (const auto& [layer, source] :
       {std::pair(SettingLayer::kDynamicBroker, ConfigSource::kDynamicBroker),
        std::pair(SettingLayer::kDynamicDefault, ConfigSource::kDynamicDefaultBroker)}) {
    for (const std::string_view name : names) {
      const auto found = settings_.layer(layer).find(name);
      if (found != settings_.layer(layer).end()) add(name, found->second.text, source);
    }
  }
  for (const std::string_view name : names) {
    if (const Settings::Entry* entry = static_entry(name)) {
      add(name, entry->text, ConfigSource::kStaticBroker);
    }
  }
  for (const std::string_view name : names) {
    const SettingInfo* row = find_setting(SettingScope::kBroker, name);
    if (row && row->has_default) add(name, row->default_text, ConfigSource::kDefault);
  }
  synonyms.erase(synonyms.begin(),
                 std::find_if(synonyms.begin(), synonyms.end(), [&](const ConfigSynonym& synonym) {
                   return synonym.name == names.front();
                 }));
  return synonyms;
}

}  // namespace millrace::broker
