// Configs: changing them one by one (incremental), or replacing all of a resource's at once.
#include <fmt/core.h>
#include <algorithm>
#include <charconv>
#include <set>

#include "metadata/config_rules.h"
#include "metadata/controller.h"
#include "metadata/reply.h"
#include "metadata/topic_name.h"

namespace millrace::metadata {
namespace {

enum class Operation : int8_t { kSet = 0, kDelete = 1, kAppend = 2, kSubtract = 3 };

std::vector<std::string> items_of(std::string_view text) {
  std::vector<std::string> items;
  while (!text.empty()) {
    const size_t end = text.find(',');
    if (end != 0) items.emplace_back(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return items;
}

std::string joined(const std::vector<std::string>& items) {
  std::string text;
  for (const std::string& item : items) text += (text.empty() ? "" : ",") + item;
  return text;
}

// Lists grow and shrink from what is set, or from the default; an item is not added twice.
Result<std::string> edited_list(const ConfigResource& resource, const std::string& name,
                                const std::string* current, Operation operation,
                                std::string_view change) {
  const std::optional<SettingScope> scope = setting_scope(resource.type);
  const SettingInfo* row =
      *scope == SettingScope::kBroker ? find_broker_setting(name) : find_setting(*scope, name);
  if (row == nullptr || row->type != SettingType::kList) {
    return fail(Errc::kInvalidConfig,
                fmt::format("Can't {} to key {} because its type is not LIST.",
                            operation == Operation::kAppend ? "APPEND" : "SUBTRACT", name));
  }
  std::vector<std::string> items =
      items_of(current != nullptr ? std::string_view(*current) : row->default_text);
  for (const std::string& item : items_of(change)) {
    const auto found = std::ranges::find(items, item);
    if (operation == Operation::kAppend && found == items.end()) items.push_back(item);
    if (operation == Operation::kSubtract && found != items.end()) items.erase(found);
  }
  return joined(items);
}

Result<ConfigResource> resource_of(int8_t type, std::string_view name) {
  ConfigResource resource{static_cast<ConfigResourceType>(type), std::string(name)};
  if (resource.type == ConfigResourceType::kBrokerLogger) {
    return fail(Errc::kInvalidRequest, "Log levels cannot be changed while running.");
  }
  if (!setting_scope(resource.type)) {
    return fail(Errc::kInvalidRequest, fmt::format("Unknown resource type {}", type));
  }
  return resource;
}

// A resource's new config, by applying the operations to the present one.
Result<Config> edited(const ConfigResource& resource, const Config& present,
                      std::span<const kafka::IncrementalAlterConfigsRequest::Config> changes) {
  Config config = present;
  for (const auto& change : changes) {
    const auto operation = static_cast<Operation>(change.config_operation);
    std::string name(change.name);
    const auto current = present.find(name);
    const std::string* text = current == present.end() ? nullptr : &current->second;
    switch (operation) {
      case Operation::kSet:
        config[std::move(name)] = *change.value;
        break;
      case Operation::kDelete:
        config.erase(name);
        break;
      case Operation::kAppend:
      case Operation::kSubtract:
        config[name] = TRY(edited_list(resource, name, text, operation, *change.value));
        break;
      default:
        return fail(Errc::kInvalidRequest,
                    fmt::format("Unknown operation type {}", change.config_operation));
    }
  }
  return config;
}

template <class Configs>
Result<> check_shape(const Configs& configs) {
  std::set<std::string_view> names;
  for (const auto& config : configs) {
    if (!names.insert(config.name).second) {
      return fail(Errc::kInvalidRequest, "Error due to duplicate config keys");
    }
    bool needs_value = true;
    if constexpr (requires { config.config_operation; }) {
      needs_value = config.config_operation != static_cast<int8_t>(Operation::kDelete);
    }
    if (needs_value && !config.value) {
      return fail(Errc::kInvalidRequest,
                  fmt::format("Null value not supported for : {}", config.name));
    }
  }
  return {};
}

template <class Resources>
std::set<std::pair<int8_t, std::string_view>> repeated(const Resources& resources) {
  std::set<std::pair<int8_t, std::string_view>> seen;
  std::set<std::pair<int8_t, std::string_view>> twice;
  for (const auto& r : resources) {
    const std::pair key(r.resource_type, r.resource_name);
    if (!seen.insert(key).second) twice.insert(key);
  }
  return twice;
}

}  // namespace

/// A resource, what it is to become, and the names a request spoke of.
struct Controller::ResourceChange {
  ConfigResource resource;
  Config config;
  std::set<std::string> named;
};

Result<> Controller::check_resource_exists(const ConfigResource& resource) const {
  switch (resource.type) {
    case ConfigResourceType::kTopic:
      if (resource.name.empty()) {
        return fail(Errc::kInvalidRequest, "Default topic resources are not allowed.");
      }
      TRY(check_topic_name(resource.name));
      if (image_.find_topic(resource.name) == nullptr) {
        return fail(Errc::kUnknownTopicOrPartition,
                    fmt::format("The topic '{}' does not exist.", resource.name));
      }
      return {};
    case ConfigResourceType::kBroker: {
      if (resource.name.empty()) return {};
      int32_t id = -1;
      const char* end = resource.name.data() + resource.name.size();
      const auto parsed = std::from_chars(resource.name.data(), end, id);
      if (parsed.ec != std::errc() || parsed.ptr != end || id < 0) {
        return fail(Errc::kInvalidRequest,
                    fmt::format("A broker is named by its number, not \"{}\".", resource.name));
      }
      if (image_.find_broker(BrokerId(id)) == nullptr && BrokerId(id) != options_.node) {
        return fail(Errc::kBrokerIdNotRegistered, fmt::format("No broker with id {} found.", id));
      }
      return {};
    }
    default:
      if (resource.name.empty()) {
        return fail(Errc::kInvalidRequest,
                    fmt::format("A {} needs a name.", to_string(resource.type)));
      }
      return {};
  }
}

Result<> Controller::change_config(const ResourceChange& change, Records& records,
                                   Arena& arena) const {
  const ConfigResource& resource = change.resource;
  const Config& present = image_.config(resource);
  TRY(check_resource_exists(resource));
  TRY(check_config(resource.type, resource.name, change.config,
                   effective_settings(settings_, image_, options_.node)));
  std::set<std::string> names = change.named;
  for (const auto& [name, value] : present) {
    if (!change.config.contains(name)) names.insert(name);
  }
  const size_t before = records.size();
  for (const std::string& name : names) {
    const auto wanted = change.config.find(name);
    const auto had = present.find(name);
    const bool same = wanted == change.config.end()
                          ? had == present.end()
                          : had != present.end() && had->second == wanted->second;
    // An unchanged broker setting is written again: it may name a file to be read again
    // (KAFKA-14136).
    if (same && resource.type != ConfigResourceType::kBroker) continue;
    if (records.size() == kRecordsPerRequestMax) {
      records.resize(before);
      return fail(Errc::kPolicyViolation,
                  fmt::format("the request would take more than {} records; change fewer configs "
                              "at once",
                              kRecordsPerRequestMax));
    }
    kafka::ConfigRecord record{.resource_type = static_cast<int8_t>(resource.type),
                               .resource_name = arena.copy(resource.name),
                               .name = arena.copy(name)};
    record.value.reset();
    if (wanted != change.config.end()) record.value = arena.copy(wanted->second);
    add_record(record, records);
  }
  return {};
}

/// Both kinds of request, a resource at a time; they differ in what its config is to become.
template <class Response, class Request, class ConfigAfter>
Outcome<Response> Controller::alter_each(const Request& request, Arena& arena,
                                         ConfigAfter config_after) {
  const auto twice = repeated(request.resources);
  std::vector<typename Response::Resource> responses;
  Outcome<Response> outcome;
  const auto alter_one = [&](const auto& resource) -> Result<> {
    if (twice.contains({resource.resource_type, resource.resource_name})) {
      return fail(Errc::kInvalidRequest, "Each resource must appear at most once.");
    }
    ResourceChange change{.resource =
                              TRY(resource_of(resource.resource_type, resource.resource_name))};
    TRY(check_shape(resource.configs));
    for (const auto& config : resource.configs) change.named.emplace(config.name);
    change.config = TRY(config_after(change.resource, resource.configs));
    return change_config(change, outcome.records, arena);
  };
  for (const auto& resource : request.resources) {
    auto& response = responses.emplace_back();
    response.resource_type = resource.resource_type;
    response.resource_name = resource.resource_name;
    set_result(response, alter_one(resource), arena);
  }
  if (request.validate_only) outcome.records.clear();
  outcome.reply.responses = arena.copy_array(responses);
  return outcome;
}

Outcome<kafka::IncrementalAlterConfigsResponse> Controller::incremental_alter_configs(
    const kafka::IncrementalAlterConfigsRequest& request, Arena& arena) {
  return alter_each<kafka::IncrementalAlterConfigsResponse>(
      request, arena, [this](const ConfigResource& resource, const auto& changes) {
        return edited(resource, image_.config(resource), changes);
      });
}

Outcome<kafka::AlterConfigsResponse> Controller::alter_configs(
    const kafka::AlterConfigsRequest& request, Arena& arena) {
  return alter_each<kafka::AlterConfigsResponse>(
      request, arena, [](const ConfigResource& /*resource*/, const auto& wanted) -> Result<Config> {
        Config config;
        for (const auto& entry : wanted) config[std::string(entry.name)] = *entry.value;
        return config;
      });
}

}  // namespace millrace::metadata
