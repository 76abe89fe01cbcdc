#include "metadata/config_view.h"

#include <fmt/core.h>
#include <algorithm>
#include <charconv>
#include <functional>
#include <optional>
#include <set>

#include "metadata/config_rules.h"
#include "metadata/controller.h"
#include "metadata/reply.h"
#include "metadata/topic_name.h"

namespace millrace::metadata {
namespace {

using Described = kafka::DescribeConfigsResponse::Config;
using Synonym = kafka::DescribeConfigsResponse::Synonym;

constexpr std::array kStrongestFirst{SettingLayer::kDynamicBroker, SettingLayer::kDynamicDefault,
                                     SettingLayer::kCommandLine, SettingLayer::kFile,
                                     SettingLayer::kZeroConfig};

ConfigSource source_of(SettingLayer layer) {
  switch (layer) {
    case SettingLayer::kDynamicBroker:
      return ConfigSource::kDynamicBroker;
    case SettingLayer::kDynamicDefault:
      return ConfigSource::kDynamicDefault;
    default:
      return ConfigSource::kStatic;
  }
}

// An unknown name may hold a secret for all we know.
bool is_sensitive(const SettingInfo* row) {
  return row == nullptr || row->sensitive();
}

std::optional<std::string_view> text_of(const SettingValue& value, Arena& arena) {
  if (std::holds_alternative<std::monostate>(value)) return std::nullopt;
  return arena.copy(format_setting(value));
}

// Describes one resource after another; holds what they have in common.
class Describer {
 public:
  Describer(const kafka::DescribeConfigsRequest& request, const Image& image,
            const Settings& settings, BrokerId node, Arena& arena)
      : request_(request), image_(image), settings_(settings), node_(node), arena_(arena) {}

  Result<std::vector<Described>> describe(const kafka::DescribeConfigsRequest::Resource& resource) {
    asked_ = resource.configuration_keys;
    const std::string_view name = resource.resource_name;
    switch (static_cast<ConfigResourceType>(resource.resource_type)) {
      case ConfigResourceType::kTopic:
        return topic(name);
      case ConfigResourceType::kBroker:
        return name.empty() ? cluster_default() : broker(name);
      case ConfigResourceType::kBrokerLogger:
        TRY(check_own(name));
        return std::vector<Described>();  // log levels are not changed while running
      case ConfigResourceType::kClientMetrics:
        return client_metrics(name);
      case ConfigResourceType::kGroup:
        return group(name);
      case ConfigResourceType::kUnknown:
        break;
    }
    return fail(Errc::kInvalidRequest, fmt::format("Unexpected resource type {} for resource {}",
                                                   resource.resource_type, name));
  }

 private:
  bool is_asked(std::string_view name) const {
    return !asked_ || asked_->empty() || std::ranges::find(*asked_, name) != asked_->end();
  }

  // What the layers of this node have under these names, strongest first. As in Kafka, what comes
  // before the first entry of `name` itself does not show: with only log.retention.hours set,
  // log.retention.ms has no synonyms.
  std::vector<Synonym> synonyms_of(std::string_view name,
                                   const std::vector<std::string_view>& chain) {
    std::vector<Synonym> synonyms;
    const auto add = [&](std::string_view from, std::string_view value, ConfigSource source) {
      if (synonyms.empty() && from != name) return;
      auto& synonym = synonyms.emplace_back();
      synonym.name = arena_.copy(from);
      synonym.source = static_cast<int8_t>(source);
      synonym.value.reset();
      if (!is_sensitive(find_broker_setting(from))) synonym.value = arena_.copy(value);
    };
    for (const SettingLayer layer : kStrongestFirst) {
      for (const std::string_view from : chain) {
        const auto found = settings_.layer(layer).find(from);
        if (found == settings_.layer(layer).end() || is_overridden_statically(from, layer))
          continue;
        add(from, found->second.text, source_of(layer));
      }
    }
    for (const std::string_view from : chain) {
      const SettingInfo* row = find_setting(SettingScope::kBroker, from);
      if (row != nullptr && row->has_default) add(from, row->default_text, ConfigSource::kDefault);
    }
    return synonyms;
  }
  // To Kafka, file and command line are one place, so only the stronger entry shows.
  bool is_overridden_statically(std::string_view name, SettingLayer layer) const {
    return std::ranges::any_of(
        std::array{SettingLayer::kCommandLine, SettingLayer::kFile}, [&](SettingLayer stronger) {
          return stronger > layer && settings_.layer(stronger).contains(name);
        });
  }

  Described entry(std::string_view name, const SettingInfo* row,
                  std::optional<std::string_view> value, std::vector<Synonym> synonyms,
                  bool read_only) {
    Described described;
    described.name = arena_.copy(name);
    described.is_sensitive = is_sensitive(row);
    described.value = described.is_sensitive ? std::nullopt : value;
    described.read_only = read_only;
    described.config_source =
        synonyms.empty() ? static_cast<int8_t>(ConfigSource::kDefault) : synonyms.front().source;
    described.config_type = row == nullptr ? int8_t{0} : static_cast<int8_t>(row->type);
    described.documentation.reset();
    if (request_.include_documentation && row != nullptr) described.documentation = row->sentence;
    if (request_.include_synonyms) described.synonyms = arena_.copy_array(synonyms);
    return described;
  }

  // A topic's or group's own value goes in front of what the broker has for it.
  template <class OwnSettings>
  Described own_entry(const SettingInfo& row, const Config& config, const OwnSettings& values,
                      std::vector<Synonym> synonyms, ConfigSource own) {
    const std::optional<std::string_view> value = text_of(values.value(row), arena_);
    if (config.contains(std::string(row.name))) {
      synonyms.insert(synonyms.begin(), {.name = row.name,
                                         .value = row.sensitive() ? std::nullopt : value,
                                         .source = static_cast<int8_t>(own)});
    }
    return entry(row.name, &row, value, std::move(synonyms), false);
  }

  Result<std::vector<Described>> topic(std::string_view name) {
    TRY(check_topic_name(name));
    if (image_.find_topic(name) == nullptr) return fail(Errc::kUnknownTopicOrPartition);
    const Config& config = image_.topic_config(name);
    const TopicSettings values(settings_, config);
    std::vector<Described> entries;
    for (const SettingInfo& row : setting_rows()) {
      const bool set = config.contains(std::string(row.name));
      if (row.scope != SettingScope::kTopic || (!row.is_listed() && !set)) continue;
      if (!is_asked(row.name)) continue;
      const std::vector<std::string_view> chain = row.chain();
      // A topic's value is described by the first broker setting that stands for it.
      std::vector<Synonym> synonyms = chain.empty()
                                          ? std::vector<Synonym>()
                                          : synonyms_of(chain.front(), broker_chain(chain.front()));
      entries.push_back(own_entry(row, config, values, std::move(synonyms), ConfigSource::kTopic));
    }
    add_unknown(config, SettingScope::kTopic, ConfigSource::kTopic, entries);
    return entries;
  }

  Result<std::vector<Described>> group(std::string_view name) {
    if (name.empty()) return fail(Errc::kInvalidRequest, "Group name must not be empty");
    const Config& config = image_.config({ConfigResourceType::kGroup, std::string(name)});
    const GroupSettings values(settings_, config);
    std::vector<Described> entries;
    for (const SettingInfo& row : setting_rows()) {
      if (row.scope != SettingScope::kGroup || !is_asked(row.name)) continue;
      const std::vector<std::string_view> chain = row.chain();
      std::vector<Synonym> synonyms;
      if (!chain.empty()) {
        synonyms = synonyms_of(chain.front(), chain);
      } else if (!config.contains(std::string(row.name)) && row.has_default) {
        synonyms.push_back({.name = row.name,
                            .value = row.default_text,
                            .source = static_cast<int8_t>(ConfigSource::kDefault)});
      }
      entries.push_back(own_entry(row, config, values, std::move(synonyms), ConfigSource::kGroup));
    }
    add_unknown(config, SettingScope::kGroup, ConfigSource::kGroup, entries);
    return entries;
  }

  // What an image may hold from a newer cluster.
  void add_unknown(const Config& config, SettingScope scope, ConfigSource source,
                   std::vector<Described>& entries) {
    for (const auto& [name, value] : config) {
      if (find_setting(scope, name) != nullptr || !is_asked(name)) continue;
      entries.push_back(entry(name, nullptr, std::nullopt,
                              {{.name = arena_.copy(name),
                                .value = std::nullopt,
                                .source = static_cast<int8_t>(source)}},
                              false));
    }
  }

  Result<> check_own(std::string_view name) const {
    int32_t id = -1;
    const auto parsed = std::from_chars(name.data(), name.data() + name.size(), id);
    if (parsed.ec != std::errc() || parsed.ptr != name.data() + name.size()) {
      return fail(Errc::kInvalidRequest,
                  fmt::format("Broker id must be an integer, but it is: {}", name));
    }
    if (BrokerId(id) != node_) {
      return fail(Errc::kInvalidRequest, fmt::format("Unexpected broker id, expected {} or empty "
                                                     "string, but received {}",
                                                     node_.value, name));
    }
    return {};
  }

  Result<std::vector<Described>> broker(std::string_view id) {
    TRY(check_own(id));
    std::set<std::string_view> names;
    for (const SettingInfo& row : setting_rows()) {
      if (row.scope == SettingScope::kBroker && row.is_listed()) names.insert(row.name);
    }
    for (const SettingLayer layer : kStrongestFirst) {
      for (const auto& [name, value] : settings_.layer(layer)) names.insert(name);
    }
    std::vector<Described> entries;
    for (const std::string_view name : names) {
      if (is_asked(name))
        entries.push_back(broker_entry(name, synonyms_of(name, broker_chain(name))));
    }
    return entries;
  }

  Result<std::vector<Described>> cluster_default() {
    std::vector<Described> entries;
    for (const auto& [name, value] : settings_.layer(SettingLayer::kDynamicDefault)) {
      if (!is_asked(name)) continue;
      std::vector<Synonym> synonyms = synonyms_of(name, broker_chain(name));
      std::erase_if(synonyms, [](const Synonym& synonym) {
        return synonym.source != static_cast<int8_t>(ConfigSource::kDynamicDefault);
      });
      Described described = broker_entry(name, std::move(synonyms));
      if (!described.is_sensitive) described.value = arena_.copy(value.text);
      entries.push_back(described);
    }
    return entries;
  }

  // For a listener's override, also the setting it overrides.
  static std::vector<std::string_view> broker_chain(std::string_view name) {
    const SettingInfo* row = find_setting(SettingScope::kBroker, name);
    if (row != nullptr) return row->chain();
    const std::string_view base = without_listener(name);
    return base == name ? std::vector{name} : std::vector{name, base};
  }

  Described broker_entry(std::string_view name, std::vector<Synonym> synonyms) {
    const SettingInfo* exact = find_setting(SettingScope::kBroker, name);
    const SettingInfo* row = find_broker_setting(name);
    std::optional<std::string_view> value;
    if (exact != nullptr) {
      value = text_of(settings_.own_value(*exact), arena_);
    } else if (const Settings::Entry* given = settings_.find(name)) {
      value = arena_.copy(given->text);
    }
    const bool read_only = exact == nullptr || exact->change == SettingChange::kReadOnly;
    return entry(name, row, value, std::move(synonyms), read_only);
  }

  Result<std::vector<Described>> client_metrics(std::string_view name) {
    if (name.empty()) {
      return fail(Errc::kInvalidRequest, "Client metrics subscription name must not be empty");
    }
    std::vector<Described> entries;
    for (const auto& [key, value] :
         image_.config({ConfigResourceType::kClientMetrics, std::string(name)})) {
      if (!is_asked(key)) continue;
      Described described = entry(key, find_setting(SettingScope::kClientMetrics, key),
                                  arena_.copy(value), {}, false);
      described.config_source = static_cast<int8_t>(ConfigSource::kClientMetrics);
      entries.push_back(described);
    }
    return entries;
  }

  const kafka::DescribeConfigsRequest& request_;
  const Image& image_;
  const Settings& settings_;
  BrokerId node_;
  Arena& arena_;
  std::optional<std::span<std::string_view>> asked_;
};

}  // namespace

kafka::DescribeConfigsResponse describe_configs(const kafka::DescribeConfigsRequest& request,
                                                const Image& image, const Settings& settings,
                                                BrokerId node, Arena& arena) {
  const Settings effective = effective_settings(settings, image, node);
  Describer describer(request, image, effective, node, arena);
  std::vector<kafka::DescribeConfigsResponse::Resource> results;
  for (const auto& resource : request.resources) {
    const Result<std::vector<Described>> described = describer.describe(resource);
    auto& result = results.emplace_back();
    result.resource_type = resource.resource_type;
    result.resource_name = resource.resource_name;
    set_result(result, described ? Result<>() : Result<>(fail(described.error())), arena);
    if (described) result.configs = arena.copy_array(*described);
  }
  return {.results = arena.copy_array(results)};
}

std::span<kafka::CreateTopicsResponse::Config> created_topic_config(const Config& config,
                                                                    const Settings& settings,
                                                                    Arena& arena) {
  const TopicSettings values(settings, config);
  std::vector<kafka::CreateTopicsResponse::Config> entries;
  for (const SettingInfo& row : setting_rows()) {
    if (row.scope != SettingScope::kTopic || !row.is_listed()) continue;
    ConfigSource source = ConfigSource::kDefault;
    for (const SettingLayer layer : kStrongestFirst) {
      const auto is_set = [&](std::string_view name) {
        return settings.layer(layer).contains(name);
      };
      if (source == ConfigSource::kDefault && std::ranges::any_of(row.chain(), is_set)) {
        source = source_of(layer);
      }
    }
    if (config.contains(std::string(row.name))) source = ConfigSource::kTopic;
    entries.push_back({.name = row.name,
                       .value = text_of(values.value(row), arena),
                       .config_source = static_cast<int8_t>(source),
                       .is_sensitive = row.sensitive()});
  }
  std::ranges::sort(entries, {}, &kafka::CreateTopicsResponse::Config::name);
  return arena.copy_array(entries);
}

}  // namespace millrace::metadata
