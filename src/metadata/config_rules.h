// What a resource may be configured to: which names, which values, which combinations. The one
// owner of these rules, for creating topics and for every way of altering configs.
// Not for showing configs (metadata/config_view.h).
#pragma once

#include "base/result.h"
#include "base/setting_values.h"
#include "metadata/entities.h"

namespace millrace::metadata {

/// Errors: kInvalidConfig, with name, value and what is allowed.
Result<> check_topic_config(const Config& config, const Settings& settings);

/// A group's values lie between the broker's group.*.min.* and group.*.max.*.
/// Errors: kInvalidConfig.
Result<> check_group_config(const Config& config, const Settings& settings);

/// Errors: kInvalidRequest, as Kafka has it here.
Result<> check_client_metrics_config(const Config& config);

/// What is set while running, for one broker (`layer` kDynamicBroker) or for all (kDynamicDefault).
/// `settings` are the node's, in force.
/// Errors: kInvalidRequest, as Kafka has it here: not changeable while running, a TLS setting
/// without its listener, a per-broker setting for all brokers, an unknown name (Kafka takes those),
/// a bad value, or settings that contradict each other.
Result<> check_broker_config(const Config& config, SettingLayer layer, const Settings& settings);

/// By the resource's type. Requires: a type that is stored.
Result<> check_config(ConfigResourceType type, const std::string& name, const Config& config,
                      const Settings& settings);

/// The scope of settings that a type of resource has; nullopt for one that stores none.
std::optional<SettingScope> setting_scope(ConfigResourceType type);

}  // namespace millrace::metadata
