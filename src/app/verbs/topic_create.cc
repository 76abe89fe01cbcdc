#include <fmt/core.h>

#include <CLI/CLI.hpp>

#include "app/config_changes.h"
#include "app/option_checks.h"
#include "app/verbs.h"
#include "client/admin.h"

namespace millrace::app {
namespace {

using runtime::Task;

class TopicCreate : public Verb {
 public:
  void declare(CLI::App& app) override {
    app.add_option("topic", topics_, "what to call them")->required();
    app.add_option("-p,--partitions", partitions_, "how many (default: the cluster's)")
        ->check(whole_number(1, INT32_MAX));
    app.add_option("--replicas", replicas_, "how many of each (default: the cluster's)")
        ->check(whole_number(1, INT16_MAX));
    app.add_option("--set", settings_, "a setting of theirs; may be repeated");
    app.add_flag("--dry-run", dry_run_, "have the server check everything, change nothing");
    app.add_flag("--if-missing", if_missing_, "no error when it exists");
  }

  Task<> run(Session* session) override {
    client::Cluster* cluster = co_await session->cluster();
    const client::ConfigChanges changes = co_await parse_changes(settings_);
    client::NewTopic topic{.partitions = partitions_,
                           .replication_factor = static_cast<int16_t>(replicas_),
                           .validate_only = dry_run_};
    for (const auto& [name, value] : changes) topic.configs.emplace_back(name, value.value_or(""));
    for (const std::string& line : idle_changes(SettingScope::kTopic, changes)) session->note(line);
    for (size_t done = 0; const std::string& name : topics_) {
      topic.name = name;
      const auto created = co_await as_result(client::create_topic(cluster, topic));
      if (!created && if_missing_ && created.error().code() == Errc::kTopicAlreadyExists) {
        session->out().say(fmt::format("{} exists already", name));
        ++done;
        continue;
      }
      if (!created) co_await stop_after(session, done, topics_.size(), created.error());
      ++done;
      session->out().say(fmt::format("{} {} with {}", dry_run_ ? "would create" : "created", name,
                                     counted(created->partitions, "partition")));
    }
  }

 private:
  std::vector<std::string> topics_;
  int32_t partitions_ = -1;
  int32_t replicas_ = -1;
  std::vector<std::string> settings_;
  bool dry_run_ = false;
  bool if_missing_ = false;
};

}  // namespace

std::unique_ptr<Verb> make_topic_create() {
  return std::make_unique<TopicCreate>();
}

}  // namespace millrace::app
