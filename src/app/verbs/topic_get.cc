#include <CLI/CLI.hpp>

#include "app/topic_facts.h"
#include "app/verbs.h"
#include "client/admin.h"

namespace millrace::app {
namespace {

using runtime::Task;

constexpr Column kUnits[] = {{"records", Unit::kCount}, {"bytes", Unit::kBytes}};

Value ids(const std::vector<BrokerId>& brokers) {
  Value::List list;
  for (const BrokerId id : brokers) list.emplace_back(id.value);
  return list;
}

class TopicGet : public Verb {
 public:
  void declare(CLI::App& app) override { app.add_option("topic", topic_, "its name")->required(); }

  Task<> run(Session* session) override {
    client::Cluster* cluster = co_await session->cluster();
    const client::TopicInfo info = co_await require_topic(cluster, topic_);
    const auto ends = co_await partition_ends(cluster, topic_);
    const auto sizes = co_await client::log_sizes(cluster);
    const auto configs =
        co_await client::describe_configs(cluster, client::ConfigResource::kTopic, topic_);

    Value::List partitions;
    int64_t records = 0;
    int64_t bytes = 0;
    for (const auto& [index, partition] : info.partitions) {
      const auto size = sizes.find({topic_, index});
      const int64_t size_bytes = size == sizes.end() ? 0 : size->second;
      const PartitionEnds& end = ends.at(index);
      records += end.end - end.start;
      bytes += size_bytes;
      partitions.push_back(Value::Object{{"partition", index.value},
                                         {"leader", partition.leader.value},
                                         {"epoch", partition.leader_epoch.value},
                                         {"replicas", ids(partition.replicas)},
                                         {"isr", ids(partition.isr)},
                                         {"start", end.start.value},
                                         {"end", end.end.value},
                                         {"bytes", size_bytes}});
    }
    Value::List changed;
    for (const client::ConfigEntry& config : configs) {
      if (config.source != "topic") continue;
      changed.push_back(Value::Object{{"setting", config.name},
                                      {"value", config.value ? Value(*config.value) : Value()}});
    }
    co_await session->out().object(Value::Object{{"topic", topic_},
                                                 {"id", info.id.value.to_string()},
                                                 {"records", records},
                                                 {"bytes", bytes},
                                                 {"partitions", std::move(partitions)},
                                                 {"settings", std::move(changed)}},
                                   kUnits);
  }

 private:
  std::string topic_;
};

}  // namespace

std::unique_ptr<Verb> make_topic_get() {
  return std::make_unique<TopicGet>();
}

}  // namespace millrace::app
