// Configs as clients see them: DescribeConfigs, and the effective configs in a CreateTopics answer.
// Values, where they come from, what else would have counted, types, documentation; never a secret.
// Not for what may be set (metadata/config_rules.h).
#pragma once

#include <cstdint>
#include <span>

#include "base/arena.h"
#include "base/ids.h"
#include "base/setting_values.h"
#include "kafka/messages/create_topics.h"
#include "kafka/messages/describe_configs.h"
#include "metadata/image.h"

namespace millrace::metadata {

/// Kafka's numbers for where a value comes from.
enum class ConfigSource : int8_t {
  kTopic = 1,
  kDynamicBroker = 2,
  kDynamicDefault = 3,
  kStatic = 4,  ///< file, command line or zero configuration
  kDefault = 5,
  kBrokerLogger = 6,
  kClientMetrics = 7,
  kGroup = 8,
};

/// Answers every resource of the request, each with its own error. `settings` are this node's, of
/// which the dynamic layers are taken from the image.
/// Lifetime: the answer lies in `arena` and in static rows.
kafka::DescribeConfigsResponse describe_configs(const kafka::DescribeConfigsRequest& request,
                                                const Image& image, const Settings& settings,
                                                BrokerId node, Arena& arena);

/// Every config a topic has that was created with `config`, sorted by name (KIP-525).
/// `settings` are in force.
std::span<kafka::CreateTopicsResponse::Config> created_topic_config(const Config& config,
                                                                    const Settings& settings,
                                                                    Arena& arena);

}  // namespace millrace::metadata
