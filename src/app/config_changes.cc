#include "app/config_changes.h"

#include <fmt/core.h>

namespace millrace::app {
namespace {

const SettingInfo* row_of(SettingScope scope, const std::string& name) {
  return scope == SettingScope::kBroker ? find_broker_setting(name) : find_setting(scope, name);
}

}  // namespace

Result<client::ConfigChanges> parse_changes(const std::vector<std::string>& words) {
  client::ConfigChanges changes;
  for (const std::string& word : words) {
    const size_t equals = word.find('=');
    if (equals == std::string::npos || equals == 0) {
      return fail(Errc::kUsage, fmt::format("\"{}\": want NAME=VALUE", word));
    }
    const std::string value = word.substr(equals + 1);
    changes.emplace_back(word.substr(0, equals),
                         value.empty() ? std::nullopt : std::optional(value));
  }
  return changes;
}

Result<> check_changes(SettingScope scope, const client::ConfigChanges& changes) {
  for (const auto& [name, value] : changes) {
    const SettingInfo* row = row_of(scope, name);
    if (!row) return fail(unknown_setting(scope, name));
    // A listener's own setting may change while the setting itself may not.
    if (row->change == SettingChange::kReadOnly && row->name == name) {
      return fail(
          Errc::kInvalidConfig,
          fmt::format("{} is read when a broker starts and cannot change while it runs: set "
                      "it in server.properties (or up --set) and start the broker again",
                      name));
    }
  }
  return {};
}

std::vector<std::string> idle_changes(SettingScope scope, const client::ConfigChanges& changes) {
  std::vector<std::string> lines;
  for (const auto& [name, value] : changes) {
    const SettingInfo* row = row_of(scope, name);
    if (!row || row->state == SettingState::kBuilt) continue;
    lines.push_back(fmt::format(
        "{} is kept, but changes nothing in Millrace: {}", name,
        row->state == SettingState::kUnbuilt ? "its part is not built yet" : "it has no effect"));
  }
  return lines;
}

}  // namespace millrace::app
