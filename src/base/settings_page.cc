// docs/settings.md, written from the rows.
#include <fmt/format.h>

#include "base/settings.h"

namespace millrace {
namespace {

constexpr std::string_view kIntroduction =
    "# Settings\n"
    "\n"
    "Written from `schema/settings.def`; change the rows there, then run\n"
    "`base_test --no-skip -tc=\"write docs/settings.md\"`.\n"
    "\n"
    "Names, types, ranges and defaults are Kafka's, so a `server.properties` works as it is. A\n"
    "value is taken from the first place that has one: changed for this broker while running,\n"
    "changed for all brokers while running, command line (`--set NAME=VALUE`), file, default. A\n"
    "topic's or group's own setting wins over the broker's settings that stand for it.\n"
    "\n"
    "- *change*: `read-only` at start only; `per-broker` and `cluster-wide` while running; `live`\n"
    "  for settings of topics, groups and subscriptions, which change at any time.\n"
    "- `listener.name.NAME.SETTING` sets SETTING for one listener.\n"
    "- Settings under *No effect* are accepted because Kafka has them; Millrace has nothing for\n"
    "  them to act on. Those under *Not built yet* belong to parts still to come.\n";

std::string escape_cell(std::string_view text) {
  std::string cell;
  for (const char c : text) {
    if (c == '|' || c == '*') cell += '\\';
    cell += c;
  }
  return cell;
}

std::string code(std::string_view text) {
  return text.empty() ? "" : fmt::format("`{}`", text);
}

std::string default_cell(const SettingInfo& row) {
  if (row.required) return "required";
  if (!row.has_default) return "none";
  return row.default_text.empty() ? "empty" : code(row.default_text);
}

std::string type_cell(const SettingInfo& row) {
  return row.unit.empty() ? std::string(to_string(row.type))
                          : fmt::format("{}, {}", to_string(row.type), row.unit);
}

std::string sentence_cell(const SettingInfo& row) {
  std::string cell(row.sentence);
  if (!row.synonyms.empty() && row.scope != SettingScope::kBroker) {
    cell += fmt::format(" Else: {}.", fmt::join(row.chain(), ", "));
  }
  if (row.internal) cell += " Internal.";
  return escape_cell(cell);
}

void write_table(std::string& page, SettingScope scope, SettingState state) {
  std::string table;
  for (const SettingInfo& row : setting_rows()) {
    if (row.scope != scope || row.state != state) continue;
    table += fmt::format("| {} | {} | {} | {} | {} | {} |\n", code(row.name), type_cell(row),
                         default_cell(row), escape_cell(row.allowed.describe("")),
                         to_string(row.change), sentence_cell(row));
  }
  if (table.empty()) return;
  constexpr std::string_view kTitles[] = {"Built", "Not built yet", "No effect"};
  page += fmt::format("\n### {}\n\n", kTitles[static_cast<size_t>(state)]);
  page += "| name | type | default | allowed | change | what it is for |\n";
  page += "| --- | --- | --- | --- | --- | --- |\n";
  page += table;
}

}  // namespace

std::string settings_page() {
  std::string page(kIntroduction);
  constexpr std::string_view kTitles[] = {"Brokers", "Topics", "Groups", "Client metrics",
                                          "Client quotas"};
  for (size_t scope = 0; scope < std::size(kTitles); ++scope) {
    page += fmt::format("\n## {}\n", kTitles[scope]);
    for (const SettingState state :
         {SettingState::kBuilt, SettingState::kUnbuilt, SettingState::kNoEffect}) {
      write_table(page, static_cast<SettingScope>(scope), state);
    }
  }
  page += "\n## Zero configuration\n\nWhat a node assumes that was given no configuration.\n\n";
  page += "| name | value | why |\n| --- | --- | --- |\n";
  for (const ZeroConfigRow& row : zero_config_rows()) {
    page += fmt::format("| {} | {} | {} |\n", code(row.name), code(row.value), row.why);
  }
  return page;
}

}  // namespace millrace
