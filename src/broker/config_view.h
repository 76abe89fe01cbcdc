// ConfigView: the settings of a topic, broker, group or client-metrics subscription as admin clients
// are shown them: with where each value comes from and what it would fall back to. Not changing
// them: that is the controller's.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/setting_values.h"
#include "metadata/entities.h"
#include "metadata/image.h"

namespace millrace::broker {

/// Kafka's numbers for where a value comes from.
enum class ConfigSource : int8_t {
  kTopic = 1,
  kDynamicBroker = 2,
  kDynamicDefaultBroker = 3,
  kStaticBroker = 4,
  kDefault = 5,
  kDynamicBrokerLogger = 6,
  kClientMetrics = 7,
  kGroup = 8,
};

struct ConfigSynonym {
  std::string name;
  std::optional<std::string> value;  ///< null when it must not be shown
  ConfigSource source = ConfigSource::kDefault;
};

struct ConfigEntry {
  std::string name;
  std::optional<std::string> value;  ///< null when it has none or must not be shown
  ConfigSource source = ConfigSource::kDefault;
  bool read_only = false;
  bool sensitive = false;
  int8_t type = 0;  ///< as SettingType; 0 = unknown
  /// What may give the value, the strongest first. Source: KIP-226.
  std::vector<ConfigSynonym> synonyms;
  std::string_view documentation;
};

class ConfigView {
 public:
  /// Borrows both.
  ConfigView(const Settings& settings, const metadata::Image& image, BrokerId self)
      : settings_(settings), image_(image), self_(self) {}

  /// By name. Settings that are internal are left out, as Kafka does.
  /// Errors: kInvalidTopicException, kUnknownTopicOrPartition, kInvalidRequest (another broker's id,
  /// an empty name, a type that has no settings).
  Result<std::vector<ConfigEntry>> describe(const metadata::ConfigResource& resource) const;

  /// What a topic with these settings of its own would be shown as.
  std::vector<ConfigEntry> topic_entries(const metadata::Config& own) const;

 private:
  std::vector<ConfigEntry> broker_entries() const;
  std::vector<ConfigEntry> broker_default_entries() const;
  std::vector<ConfigEntry> group_entries(const metadata::Config& own) const;
  std::vector<ConfigEntry> client_metrics_entries(const metadata::Config& own) const;
  ConfigEntry inherited_entry(const SettingInfo& row, const SettingValue& value,
                              const metadata::Config& own, ConfigSource own_source) const;
  ConfigEntry broker_entry(const SettingInfo& row) const;
  std::vector<ConfigSynonym> broker_synonyms(const std::vector<std::string_view>& names,
                                             bool sensitive) const;
  const Settings::Entry* static_entry(std::string_view name) const;

  const Settings& settings_;
  const metadata::Image& image_;
  BrokerId self_;
};

}  // namespace millrace::broker
