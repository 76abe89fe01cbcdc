#include <fmt/core.h>

#include <CLI/CLI.hpp>

#include "app/config_changes.h"
#include "app/config_resource.h"
#include "app/verbs.h"

namespace millrace::app {
namespace {

class ConfigSet : public Verb {
 public:
  void declare(CLI::App& app) override {
    app.add_option("resource", resource_,
                   "topic/NAME, group/NAME, broker/ID, or broker: what is set for all")
        ->required();
    app.add_option("change", changes_, "NAME=VALUE; NAME= goes back to the default")->required();
    app.add_flag("--dry-run", dry_run_, "have the server check it, change nothing");
  }

  runtime::Task<> run(Session* session) override {
    client::Cluster* cluster = co_await session->cluster();
    const ResourceName resource = co_await parse_resource(resource_);
    client::ConfigChanges changes = co_await parse_changes(changes_);
    const SettingScope scope =
        resource.type == client::ConfigResource::kTopic   ? SettingScope::kTopic
        : resource.type == client::ConfigResource::kGroup ? SettingScope::kGroup
                                                          : SettingScope::kBroker;
    co_await check_changes(scope, changes);
    for (const std::string& line : idle_changes(scope, changes)) session->note(line);
    co_await client::alter_configs(cluster, resource.type, resource.name, changes, dry_run_);
    for (const auto& [name, value] : changes) {
      session->out().say(
          fmt::format("{}{} {}", dry_run_ ? "would set " : "", name,
                      value ? fmt::format("= {}", *value) : "is back at its default"));
    }
  }

 private:
  std::string resource_;
  std::vector<std::string> changes_;
  bool dry_run_ = false;
};

}  // namespace

std::unique_ptr<Verb> make_config_set() {
  return std::make_unique<ConfigSet>();
}

}  // namespace millrace::app
