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
  void declare(CLI::App& app) override {
    app.add_option("topic", topics_, "their names")->required();
  }

  Task<> run(Session* session) override {
    client::Cluster* cluster = co_await session->cluster();
    std::string plan;
    for (const std::string& topic : topics_) {
      int64_t records = 0;
      const auto ends = co_await partition_ends(cluster, topic);
      for (const auto& [partition, end] : ends) records += end.end - end.start;
      plan += fmt::format("{}would delete topic {}: {}, {}", plan.empty() ? "" : "\n", topic,
                          counted(static_cast<int64_t>(ends.size()), "partition"),
                          counted(records, "record"));
      plan += warning(topic);
    }
    co_await session->confirm(plan, "deleting topics");
    for (size_t done = 0; const std::string& topic : topics_) {
      const Result<> deleted = co_await as_result(client::delete_topic(cluster, topic));
      if (!deleted) co_await stop_after(session, done, topics_.size(), deleted.error());
      session->out().say(fmt::format("deleted {}", topic));
      ++done;
    }
  }

 private:
  // What the cluster keeps for itself is lost for everybody.
  static std::string_view warning(std::string_view topic) {
    if (topic == "__consumer_offsets") {
      return "\nWARNING: __consumer_offsets is internal: the committed offsets of ALL groups go "
             "with "
             "it, and every group starts over";
    }
    if (topic == "__transaction_state") {
      return "\nWARNING: __transaction_state is internal: transactions that are open go with it";
    }
    return topic.starts_with("__") ? "\nWARNING: topics that begin with __ belong to a system" : "";
  }

  std::vector<std::string> topics_;
};

}  // namespace

std::unique_ptr<Verb> make_topic_delete() {
  return std::make_unique<TopicDelete>();
}

}  // namespace millrace::app
