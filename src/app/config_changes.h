// NAME=VALUE settings from the command line, and what to say about them before a server is asked.
#pragma once

#include <string>
#include <vector>

#include "base/settings.h"
#include "client/admin.h"

namespace millrace::app {

/// "a=1" and "b=" (nullopt: back to the default). Errors: kUsage.
Result<client::ConfigChanges> parse_changes(const std::vector<std::string>& words);

/// What no server would take. Errors: kInvalidSetting for an unknown name, with the nearest one;
/// kInvalidConfig for a broker's setting that is read once, at its start.
Result<> check_changes(SettingScope scope, const client::ConfigChanges& changes);

/// One line for each change that a Millrace broker keeps without acting on it.
std::vector<std::string> idle_changes(SettingScope scope, const client::ConfigChanges& changes);

}  // namespace millrace::app
