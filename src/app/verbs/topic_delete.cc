#include <fmt/core.h>

#include <CLI/CLI.hpp>

#include "app/topic_facts.h"
#include "app/verbs.h"
#include "client/admin.h"

namespace millrace::app {
namespace {

using runtime::Task;

class TopicDelete : public Verb {
 public:
  void declare(CLI::App& app) override { app.add_option("topic", topics_)->required(); }

  Task<> run(Session* session) override {
    client::Cluster* cluster = co_await session->cluster();
    std::string plan;
    for (const std::string& topic : topics_) {
      int64_t records = 0;
      const auto ends = co_await partition_ends(cluster, topic);
      for (const auto& [partition, end] : ends) records += end.end - end.start;
      plan += fmt::format("{}would delete topic {}: {}, {}", plan.empty() ? "" : "\n", topic,
                          counted(std::ssize(ends), "partition"), counted(records, "record"));
    }
    co_await session->confirm(plan, "deleting topics");
    for (const std::string& topic : topics_) {
      co_await client::delete_topic(cluster, topic);
      session->out().say(fmt::format("deleted {}", topic));
    }
  }

 private:
  std::vector<std::string> topics_;
};

}  // namespace

std::unique_ptr<Verb> make_topic_delete() {
  return std::make_unique<TopicDelete>();
}

}  // namespace millrace::app
