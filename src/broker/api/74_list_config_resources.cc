// ListConfigResources, v0 to v1: what has settings: topics, brokers, groups, client-metrics
// subscriptions. In v0 the last only (it was called ListClientMetricsResources then).
//
// Promises: an empty list of types means all. Groups and subscriptions are listed when something
// was set for them.
#include <set>

#include "broker/api/handlers.h"
#include "broker/node.h"
#include "broker/quorum.h"
#include "broker/request.h"
#include "kafka/messages/list_config_resources.h"

namespace millrace::broker {
namespace {

using kafka::ListConfigResourcesResponse;
using metadata::ConfigResourceType;

std::set<int8_t> wanted_types(const kafka::ListConfigResourcesRequest& wanted, int16_t version) {
  if (version == 0) return {static_cast<int8_t>(ConfigResourceType::kClientMetrics)};
  if (!wanted.resource_types.empty()) {
    return {wanted.resource_types.begin(), wanted.resource_types.end()};
  }
  std::set<int8_t> all;
  for (const ConfigResourceType type :
       {ConfigResourceType::kTopic, ConfigResourceType::kBroker, ConfigResourceType::kBrokerLogger,
        ConfigResourceType::kClientMetrics, ConfigResourceType::kGroup}) {
    all.insert(static_cast<int8_t>(type));
  }
  return all;
}

// False for a type that has no settings.
bool list(const Node& node, int8_t type, Arena& arena,
          std::vector<ListConfigResourcesResponse::ConfigResource>& into) {
  const metadata::Image& image = node.quorum.image();
  const auto add = [&](std::string_view name) {
    into.push_back({.resource_name = arena.copy(name), .resource_type = type});
  };
  switch (ConfigResourceType{type}) {
    case ConfigResourceType::kTopic:
      for (const auto& [name, id] : image.topic_ids()) add(name);
      return true;
    case ConfigResourceType::kBroker:
    case ConfigResourceType::kBrokerLogger:
      for (const auto& [id, broker] : image.brokers()) add(std::to_string(id.value));
      return true;
    case ConfigResourceType::kClientMetrics:
    case ConfigResourceType::kGroup:
      for (const auto& [resource, config] : image.configs()) {
        if (resource.type == ConfigResourceType{type} && !config.empty()) add(resource.name);
      }
      return true;
    default:
      return false;
  }
}

}  // namespace

runtime::Task<> handle_list_config_resources(Request* request) {
  const auto wanted = co_await request->decode<kafka::ListConfigResourcesRequest>();
  std::vector<ListConfigResourcesResponse::ConfigResource> resources;
  ListConfigResourcesResponse answer;
  for (const int8_t type : wanted_types(wanted, request->version())) {
    if (list(request->node(), type, request->arena(), resources)) continue;
    answer.error_code = wire_code(Errc::kUnsupportedVersion);
    resources.clear();
    break;
  }
  answer.config_resources = request->arena().copy_array(resources);
  co_await request->answer(answer);
}

}  // namespace millrace::broker
