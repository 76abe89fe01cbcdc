#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>

#include "app/report.h"
#include "app/verbs.h"
#include "base/did_you_mean.h"
#include "base/settings.h"

namespace millrace::app {
namespace {

// KAF-3, 3, UNKNOWN_TOPIC_OR_PARTITION, MR-DiskFull.
const ErrorInfo* find_error(std::string_view text) {
  for (size_t i = 0; i < error_count(); ++i) {
    const ErrorInfo& row = error_info(static_cast<Errc>(i));
    const bool by_code = !row.kafka_name.empty() && text == fmt::format("{}", row.kafka_code);
    if (text == error_label(row) || text == row.kafka_name || text == row.name || by_code)
      return &row;
  }
  return nullptr;
}

class Explain : public Verb {
 public:
  void declare(CLI::App& app) override {
    app.add_option("what", what_, "an error (KAF-3, its name) or a setting")->required();
  }

  runtime::Task<> run(Session* session) override {
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
      if (const SettingInfo* setting = find_setting(scope, what_)) {
        co_await session->out().object(describe_setting(*setting));
        co_return;
      }
    }
    co_await fail(Errc::kNotFound, fmt::format("neither an error nor a setting is called \"{}\"{}",
                                               what_, suggestion()));
  }

 private:
  static Value describe_setting(const SettingInfo& setting) {
    const bool live = setting.change != SettingChange::kReadOnly;
    return Value::Object{{"setting", setting.name},
                         {"meaning", setting.sentence},
                         {"default", setting.has_default ? Value(setting.default_text) : Value()},
                         {"unit", setting.unit},
                         {"allowed", setting.allowed.describe()},
                         {"changes", live ? "while everything runs" : "with a restart"},
                         {"same_as", setting.synonyms},
                         {"in_millrace", setting.state == SettingState::kBuilt ? "works"
                                         : setting.state == SettingState::kUnbuilt
                                             ? "accepted; not built yet"
                                             : "accepted; has no effect here"}};
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
