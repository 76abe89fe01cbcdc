// A server.properties from a stranger, and each of its values as every setting that could have it.
// What is accepted must mean the same when it is written down and read again.
#include "base/bytes.h"
#include "base/check.h"
#include "base/properties.h"
#include "base/setting_values.h"
#include "base/settings.h"

namespace millrace {
namespace {

void check_error(const Error& error) {
  CHECK(error.code() == Errc::kInvalidSetting);
  CHECK(!error.detail().empty());
}

void check_properties(std::string_view text) {
  const auto properties = parse_properties(text);
  if (!properties) return check_error(properties.error());
  std::string again;
  for (const Property& property : *properties) {
    CHECK(property.line >= 1);
    again += format_property(property.name, property.value);
  }
  const auto reread = parse_properties(again);
  CHECK(reread.has_value() && reread->size() == properties->size());
  for (size_t i = 0; i < properties->size(); ++i) {
    CHECK((*reread)[i].name == (*properties)[i].name);
    CHECK((*reread)[i].value == (*properties)[i].value);
  }
}

void check_value(const SettingInfo& row, std::string_view text) {
  const Result<SettingValue> value = parse_setting(row, text);
  if (!value) return check_error(value.error());
  const Result<SettingValue> again = parse_setting(row, format_setting(*value));
  CHECK(again.has_value() && *again == *value);
}

// As a setting of every scope that has the name.
void check_values(std::string_view text) {
  const auto properties = parse_properties(text);
  if (!properties) return;
  for (const Property& property : *properties) {
    for (const SettingScope scope : {SettingScope::kTopic, SettingScope::kGroup,
                                     SettingScope::kClientMetrics, SettingScope::kQuota}) {
      const SettingInfo* const row = find_setting(scope, property.name);
      if (row != nullptr) check_value(*row, property.value);
    }
    if (const SettingInfo* const row = find_broker_setting(property.name)) {
      check_value(*row, property.value);
    }
  }
}

void check_file(std::string_view text) {
  static const Settings* const kDefaults = new Settings;
  Settings settings = *kDefaults;
  const Result<SettingsReport> report = load_properties(settings, text, "server.properties");
  if (!report) return check_error(report.error());
  for (const std::string& line : report->warnings()) CHECK(!line.empty());
  for (const auto& [name, entry] : settings.layer(SettingLayer::kFile)) {
    if (find_broker_setting(name) == nullptr) continue;
    CHECK(parse_setting(SettingScope::kBroker, name, entry.text).has_value());
  }
  (void)node_id(settings);
  if (const Result<> rules = check_settings(settings); !rules) check_error(rules.error());
  const TopicSettings topic(settings, {});
  if (const Result<> rules = check_topic_settings(topic); !rules) check_error(rules.error());
}

void run(Bytes input) {
  const std::string_view text = as_text(input);
  check_properties(text);
  check_values(text);
  check_file(text);
}

}  // namespace
}  // namespace millrace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  millrace::run({data, size});
  return 0;
}
