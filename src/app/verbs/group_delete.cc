#include <fmt/core.h>

#include <CLI/CLI.hpp>

#include "app/verbs.h"
#include "client/admin.h"
#include "client/offsets.h"

namespace millrace::app {
namespace {

using runtime::Task;

class GroupDelete : public Verb {
 public:
  void declare(CLI::App& app) override {
    app.add_option("group", groups_, "their ids")->required();
  }

  Task<> run(Session* session) override {
    client::Cluster* cluster = co_await session->cluster();
    std::string plan;
    for (const std::string& group : groups_) {
      const auto description = co_await client::describe_group(cluster, group);
      const auto committed = co_await client::fetch_committed(cluster, group, std::nullopt);
      plan += fmt::format("{}would delete group {} ({}) and its offsets of {}",
                          plan.empty() ? "" : "\n", group, description.state,
                          counted(static_cast<int64_t>(committed.size()), "partition"));
    }
    co_await session->confirm(plan, "deleting groups");
    for (const std::string& group : groups_) {
      co_await client::delete_group(cluster, group);
      session->out().say(fmt::format("deleted {}", group));
    }
  }

 private:
  std::vector<std::string> groups_;
};

}  // namespace

std::unique_ptr<Verb> make_group_delete() {
  return std::make_unique<GroupDelete>();
}

}  // namespace millrace::app
