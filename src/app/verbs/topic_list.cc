#include <CLI/CLI.hpp>

#include "app/topic_facts.h"
#include "app/verbs.h"
#include "client/admin.h"

namespace millrace::app {
namespace {

using runtime::Task;

constexpr Column kColumns[] = {{"name"},
                               {"partitions", Unit::kCount},
                               {"replicas", Unit::kCount},
                               {"records", Unit::kCount},
                               {"bytes", Unit::kBytes},
                               {"id", Unit::kNone, true},
                               {"internal", Unit::kNone, true}};

class TopicList : public Verb {
 public:
  void declare(CLI::App& app) override {
    app.add_flag("--internal", internal_, "also those that start with __");
  }

  Task<> run(Session* session) override {
    client::Cluster* cluster = co_await session->cluster();
    const std::map<client::TopicPartition, int64_t> sizes = co_await client::log_sizes(cluster);
    std::vector<Value> rows;
    const auto topics = cluster->topics();
    for (const auto& [name, info] : topics) {
      if (info.internal && !internal_) continue;
      // Offsets between the ends; compaction and markers make it an upper bound.
      const auto ends = co_await partition_ends(cluster, name);
      int64_t records = 0;
      int64_t bytes = 0;
      for (const auto& [partition, end] : ends) {
        records += end.end - end.start;
        const auto size = sizes.find({name, partition});
        if (size != sizes.end()) bytes += size->second;
      }
      const size_t replicas =
          info.partitions.empty() ? 0 : info.partitions.begin()->second.replicas.size();
      rows.push_back(Value::Object{{"name", name},
                                   {"partitions", info.partitions.size()},
                                   {"replicas", replicas},
                                   {"records", records},
                                   {"bytes", bytes},
                                   {"id", info.id.value.to_string()},
                                   {"internal", info.internal}});
    }
    if (rows.empty() && session->out().is_for_people()) {
      session->note("no topics yet; millrace topic create NAME makes one");
    }
    co_await session->out().rows(kColumns, std::move(rows));
  }

 private:
  bool internal_ = false;
};

}  // namespace

std::unique_ptr<Verb> make_topic_list() {
  return std::make_unique<TopicList>();
}

}  // namespace millrace::app
