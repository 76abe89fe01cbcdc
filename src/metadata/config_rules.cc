#include "metadata/config_rules.h"

#include <fmt/core.h>
#include <algorithm>
#include <array>

#include "base/check.h"

namespace millrace::metadata {
namespace {

Result<> as(Errc code, const Result<>& result) {
  if (result) return {};
  return fail(code, result.error().detail());
}

// Names and values one by one.
Result<> check_values(const Config& config, SettingScope scope, Errc code) {
  for (const auto& [name, value] : config) {
    const Result<SettingValue> parsed = parse_setting(scope, name, value);
    if (!parsed) return fail(code, parsed.error().detail());
  }
  return {};
}

// Keystores and truststores: Kafka changes them while running only for a named listener.
bool needs_listener(std::string_view name) {
  return std::ranges::any_of(std::array{"ssl.keystore.", "ssl.truststore.", "ssl.key."},
                             [&](std::string_view prefix) { return name.starts_with(prefix); });
}

// For one listener, these settings may be given to all brokers at once.
bool is_cluster_wide_for_listener(std::string_view base) {
  return base == "max.connections" || base == "max.connection.creation.rate" ||
         base == "num.network.threads";
}

Result<> check_broker_setting(const std::string& name, const std::string& value,
                              SettingLayer layer) {
  const SettingInfo* row = find_broker_setting(name);
  if (row == nullptr) {
    return fail(Errc::kInvalidRequest, unknown_setting(SettingScope::kBroker, name).detail());
  }
  const std::string_view base = without_listener(name);
  const bool for_listener = base != name;
  if (row->change == SettingChange::kReadOnly && !for_listener) {
    return fail(Errc::kInvalidRequest,
                fmt::format("{} cannot be changed while running; set it in the configuration file "
                            "and restart",
                            name));
  }
  if (!for_listener && needs_listener(name)) {
    return fail(Errc::kInvalidRequest,
                fmt::format("{} can be changed while running for one listener only: "
                            "listener.name.LISTENER.{}",
                            name, name));
  }
  const bool per_broker =
      for_listener ? !is_cluster_wide_for_listener(base) : row->change == SettingChange::kPerBroker;
  if (layer == SettingLayer::kDynamicDefault && per_broker) {
    return fail(Errc::kInvalidRequest,
                fmt::format("{} is changed for one broker at a time; name the broker", name));
  }
  const Result<SettingValue> parsed = parse_setting(*row, value);
  if (!parsed) return fail(Errc::kInvalidRequest, parsed.error().detail());
  return {};
}

int64_t number_in(const SettingValue& value) {
  const int64_t* number = std::get_if<int64_t>(&value);
  return number == nullptr ? 0 : *number;
}

// "consumer.session.timeout.ms" has the bounds group.consumer.min.session.timeout.ms and
// group.consumer.max.session.timeout.ms, where such settings exist.
Result<> check_group_bounds(const SettingInfo& row, const SettingValue& value,
                            const Settings& settings) {
  const size_t dot = row.name.find('.');
  const std::string_view kind = row.name.substr(0, dot);
  std::string_view rest = row.name.substr(dot + 1);
  if (rest.starts_with("num.")) rest.remove_prefix(4);  // num.standby.replicas
  for (const bool is_min : {true, false}) {
    const std::string name = fmt::format("group.{}.{}.{}", kind, is_min ? "min" : "max", rest);
    const SettingInfo* bound = find_setting(SettingScope::kBroker, name);
    if (bound == nullptr) continue;
    const int64_t limit = number_in(settings.value(*bound));
    const bool holds = is_min ? number_in(value) >= limit : number_in(value) <= limit;
    if (!holds) {
      return fail(Errc::kInvalidConfig,
                  fmt::format("{} is {}, but must be at {} {}, the value of {}", row.name,
                              number_in(value), is_min ? "least" : "most", limit, name));
    }
  }
  return {};
}

// "client_id=app-.*": what to compare, and with which pattern.
Result<> check_matches(std::string_view text) {
  constexpr std::array<std::string_view, 6> kNames{
      "client_instance_id",    "client_id",
      "client_software_name",  "client_software_version",
      "client_source_address", "client_source_port"};
  const Result<SettingValue> value = parse_setting(SettingScope::kClientMetrics, "match", text);
  if (!value) return fail(value.error());
  for (const std::string& pair : std::get<std::vector<std::string>>(*value)) {
    const size_t equals = pair.find('=');
    if (equals == std::string::npos || equals + 1 == pair.size() ||
        std::ranges::find(kNames, std::string_view(pair).substr(0, equals)) == kNames.end()) {
      return fail(
          Errc::kInvalidRequest,
          fmt::format("match has \"{}\", but must be a list of NAME=PATTERN with NAME one "
                      "of {}, {}, {}, {}, {}, {}",
                      pair, kNames[0], kNames[1], kNames[2], kNames[3], kNames[4], kNames[5]));
    }
  }
  return {};
}

}  // namespace

Result<> check_topic_config(const Config& config, const Settings& settings) {
  TRY(check_values(config, SettingScope::kTopic, Errc::kInvalidConfig));
  return as(Errc::kInvalidConfig, check_topic_settings(TopicSettings(settings, config)));
}

Result<> check_group_config(const Config& config, const Settings& settings) {
  TRY(check_values(config, SettingScope::kGroup, Errc::kInvalidConfig));
  const GroupSettings group(settings, config);
  for (const auto& [name, value] : config) {
    const SettingInfo& row = *find_setting(SettingScope::kGroup, name);
    TRY(check_group_bounds(row, group.value(row), settings));
  }
  for (const std::string_view kind : {"consumer", "share", "streams"}) {
    const auto value = [&](std::string_view name) {
      return number_in(
          group.value(*find_setting(SettingScope::kGroup, fmt::format("{}.{}", kind, name))));
    };
    if (value("session.timeout.ms") <= value("heartbeat.interval.ms")) {
      return fail(Errc::kInvalidConfig, fmt::format("{}.session.timeout.ms must be greater than "
                                                    "{}.heartbeat.interval.ms",
                                                    kind, kind));
    }
  }
  return {};
}

Result<> check_client_metrics_config(const Config& config) {
  TRY(check_values(config, SettingScope::kClientMetrics, Errc::kInvalidRequest));
  const auto match = config.find("match");
  return match == config.end() ? Result<>() : check_matches(match->second);
}

Result<> check_broker_config(const Config& config, SettingLayer layer, const Settings& settings) {
  for (const auto& [name, value] : config) TRY(check_broker_setting(name, value, layer));
  Settings changed = settings;
  changed.replace(layer, config, "request");
  return as(Errc::kInvalidRequest, check_settings(changed));
}

Result<> check_config(ConfigResourceType type, const std::string& name, const Config& config,
                      const Settings& settings) {
  switch (type) {
    case ConfigResourceType::kTopic:
      return check_topic_config(config, settings);
    case ConfigResourceType::kBroker:
      return check_broker_config(
          config, name.empty() ? SettingLayer::kDynamicDefault : SettingLayer::kDynamicBroker,
          settings);
    case ConfigResourceType::kGroup:
      return check_group_config(config, settings);
    case ConfigResourceType::kClientMetrics:
      return check_client_metrics_config(config);
    default:
      CHECK(false, "configs of this type are not stored");
  }
  return {};
}

std::optional<SettingScope> setting_scope(ConfigResourceType type) {
  switch (type) {
    case ConfigResourceType::kTopic:
      return SettingScope::kTopic;
    case ConfigResourceType::kBroker:
      return SettingScope::kBroker;
    case ConfigResourceType::kGroup:
      return SettingScope::kGroup;
    case ConfigResourceType::kClientMetrics:
      return SettingScope::kClientMetrics;
    default:
      return std::nullopt;
  }
}

}  // namespace millrace::metadata
