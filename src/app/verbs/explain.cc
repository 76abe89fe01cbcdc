#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "app/report.h"
#include "app/verbs.h"
#include "base/did_you_mean.h"
#include "base/settings.h"

namespace millrace::app {
namespace {

std::string lower(std::string_view text) {
  std::string low(text);
  for (char& c : low) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return low;
}

// KAF-3, 3, UNKNOWN_TOPIC_OR_PARTITION, MR-DiskFull, DiskFull; in any case of letters.
const ErrorInfo* find_error(std::string_view text) {
  const std::string wanted = lower(text);
  for (size_t i = 0; i < error_count(); ++i) {
    const ErrorInfo& row = error_info(static_cast<Errc>(i));
    const bool is_kafkas = !row.kafka_name.empty();
    if (wanted == lower(error_label(row)) || wanted == lower(row.name.substr(1)) ||
        (is_kafkas && wanted == lower(row.kafka_name)) ||
        (is_kafkas && wanted == fmt::format("{}", row.kafka_code))) {
      return &row;
    }
  }
  return nullptr;
}

// What else rules the same value: the broker's other names for it, strongest first.
Value other_names(const SettingInfo& setting) {
  Value::List names;
  for (const std::string_view name : setting.chain()) {
    if (name != setting.name) names.emplace_back(name);
  }
  return names;
}

// The topic or group settings that take this one's value where they are not set themselves.
Value stands_for(const SettingInfo& setting) {
  Value::List names;
  for (const SettingInfo& row : setting_rows()) {
    if (row.scope == SettingScope::kBroker || setting.scope != SettingScope::kBroker) continue;
    const auto chain = row.chain();
    if (std::find(chain.begin(), chain.end(), setting.name) == chain.end()) continue;
    names.emplace_back(fmt::format("{} ({})", row.name, to_string(row.scope)));
  }
  return names;
}

class Explain : public Verb {
 public:
  void declare(CLI::App& app) override {
    app.add_option("what", what_, "an error (KAF-3, its name) or a setting")->required();
  }

  runtime::Task<> run(Session* session) override {
    if (what_.empty()) co_await fail(Errc::kUsage, "explain what? an error or a setting");
    if (const ErrorInfo* row = find_error(what_)) {
      co_await session->out().object(
          Value::Object{{"error", row->kafka_name.empty() ? row->name.substr(1) : row->kafka_name},
                        {"label", error_label(*row)},
                        {"what_happened", row->sentence},
                        {"what_to_do", row->fix},
                        {"retriable", row->retriable},
                        {"http_status", static_cast<int>(row->http_status)}});
      co_return;
    }
    for (const SettingScope scope :
         {SettingScope::kTopic, SettingScope::kBroker, SettingScope::kGroup,
          SettingScope::kClientMetrics, SettingScope::kQuota}) {
      if (const SettingInfo* setting = find_setting(scope, lower(what_))) {
        co_await session->out().object(describe_setting(*setting));
        co_return;
      }
    }
    const std::string_view advice = removed_setting_advice(lower(what_));
    if (!advice.empty()) {
      co_await session->out().object(Value::Object{
          {"setting", what_}, {"meaning", "Not a setting of Kafka 4."}, {"what_to_do", advice}});
      co_return;
    }
    co_await fail(Errc::kNotFound, fmt::format("neither an error nor a setting is called \"{}\"{}",
                                               what_, suggestion()));
  }

 private:
  static Value describe_setting(const SettingInfo& setting) {
    const bool live = setting.change != SettingChange::kReadOnly;
    Value::Object facts{{"setting", setting.name},
                        {"meaning", setting.sentence},
                        {"default", setting.has_default ? Value(setting.default_text) : Value()},
                        {"unit", setting.unit},
                        {"allowed", setting.allowed.describe()},
                        {"changes", live ? "while everything runs" : "with a restart"},
                        {"in_millrace", setting.state == SettingState::kBuilt ? "works"
                                        : setting.state == SettingState::kUnbuilt
                                            ? "accepted; not built yet"
                                            : "accepted; has no effect here"}};
    // Only where there are any.
    for (auto& [name, names] : Value::Object{{"also_set_by", other_names(setting)},
                                             {"for_topics_and_groups", stands_for(setting)}}) {
      if (!names.list()->empty()) facts.emplace_back(name, names);
    }
    return facts;
  }

  std::string suggestion() const {
    std::vector<std::string> names;
    for (size_t i = 0; i < error_count(); ++i) {
      const ErrorInfo& row = error_info(static_cast<Errc>(i));
      names.push_back(row.kafka_name.empty() ? error_label(row) : std::string(row.kafka_name));
    }
    for (const SettingInfo& row : setting_rows()) names.emplace_back(row.name);
    return did_you_mean(what_, names);
  }

  std::string what_;
};

}  // namespace

std::unique_ptr<Verb> make_explain() {
  return std::make_unique<Explain>();
}

}  // namespace millrace::app
