#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "app/config_resource.h"
#include "app/verbs.h"
#include "base/did_you_mean.h"

namespace millrace::app {
namespace {

using runtime::Task;

constexpr Column kColumns[] = {{"setting"},
                               {"value"},
                               {"source"},
                               {"live", Unit::kNone, true},
                               {"documentation", Unit::kNone, true}};

class ConfigGet : public Verb {
 public:
  void declare(CLI::App& app) override {
    app.add_option("resource", resource_,
                   "topic/NAME, group/NAME, broker/ID, or broker: what is set for all")
        ->required();
    app.add_option("setting", settings_, "only these");
    app.add_flag("--all", all_, "also those at their default");
  }

  Task<> run(Session* session) override {
    client::Cluster* cluster = co_await session->cluster();
    const ResourceName resource = co_await parse_resource(resource_);
    const auto entries = co_await client::describe_configs(cluster, resource.type, resource.name);
    std::vector<Value> rows;
    for (const client::ConfigEntry& entry : entries) {
      const bool wanted = settings_.empty() ? all_ || !entry.is_default()
                                            : std::find(settings_.begin(), settings_.end(),
                                                        entry.name) != settings_.end();
      if (!wanted) continue;
      rows.push_back(Value::Object{{"setting", entry.name},
                                   {"value", entry.sensitive ? Value("(secret)")
                                             : entry.value   ? Value(*entry.value)
                                                             : Value()},
                                   {"source", entry.source},
                                   {"live", !entry.read_only},
                                   {"documentation", entry.documentation}});
    }
    co_await check_names(entries);
    if (rows.empty() && session->out().is_for_people()) {
      session->note("everything is at its default; --all shows it");
    }
    co_await session->out().rows(kColumns, std::move(rows));
  }

 private:
  Result<> check_names(const std::vector<client::ConfigEntry>& entries) const {
    std::vector<std::string> names;
    names.reserve(entries.size());
    for (const client::ConfigEntry& entry : entries) names.push_back(entry.name);
    for (const std::string& setting : settings_) {
      if (std::find(names.begin(), names.end(), setting) != names.end()) continue;
      return fail(Errc::kNotFound, fmt::format("{} has no setting {}{}", resource_, setting,
                                               did_you_mean(setting, names)));
    }
    return {};
  }

  std::string resource_;
  std::vector<std::string> settings_;
  bool all_ = false;
};

}  // namespace

std::unique_ptr<Verb> make_config_get() {
  return std::make_unique<ConfigGet>();
}

}  // namespace millrace::app
