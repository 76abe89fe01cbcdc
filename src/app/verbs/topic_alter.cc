#include <fmt/core.h>

#include <CLI/CLI.hpp>

#include "app/config_changes.h"
#include "app/option_checks.h"
#include "app/topic_facts.h"
#include "app/verbs.h"
#include "client/admin.h"

namespace millrace::app {
namespace {

using runtime::Task;

class TopicAlter : public Verb {
 public:
  void declare(CLI::App& app) override {
    app.add_option("topic", topic_, "its name")->required();
    app.add_option("-p,--partitions", partitions_, "the new number; partitions are never removed")
        ->check(whole_number(1, INT32_MAX));
    app.add_option("--set", set_, "a setting; may be repeated");
    app.add_option("--unset", unset_, "NAME: back to the default, may be repeated");
    app.add_flag("--dry-run", dry_run_, "have the server check the settings, change nothing");
  }

  Task<> run(Session* session) override {
    client::Cluster* cluster = co_await session->cluster();
    client::ConfigChanges changes = co_await parse_changes(set_);
    for (const std::string& name : unset_) changes.emplace_back(name, std::nullopt);
    if (changes.empty() && partitions_ < 0) {
      co_await fail(Errc::kUsage, "nothing to change: give --set, --unset or --partitions");
    }
    co_await check_changes(SettingScope::kTopic, changes);
    (void)co_await require_topic(cluster, topic_);
    for (const std::string& line : idle_changes(SettingScope::kTopic, changes)) session->note(line);
    if (!changes.empty()) {
      co_await client::alter_configs(cluster, client::ConfigResource::kTopic, topic_, changes,
                                     dry_run_);
    }
    if (partitions_ >= 0 && !dry_run_) {
      co_await client::create_partitions(cluster, topic_, partitions_);
      session->note("records with a key may now go to another partition than before");
    }
    session->out().say(fmt::format("{} {}", dry_run_ ? "would change" : "changed", topic_));
  }

 private:
  std::string topic_;
  int32_t partitions_ = -1;
  std::vector<std::string> set_;
  std::vector<std::string> unset_;
  bool dry_run_ = false;
};

}  // namespace

std::unique_ptr<Verb> make_topic_alter() {
  return std::make_unique<TopicAlter>();
}

}  // namespace millrace::app
