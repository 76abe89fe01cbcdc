#include <fmt/core.h>

#include <CLI/CLI.hpp>

#include "app/topic_facts.h"
#include "app/verbs.h"
#include "client/admin.h"
#include "client/offsets.h"

namespace millrace::app {
namespace {

using runtime::Task;

constexpr Column kUnits[] = {{"bytes", Unit::kBytes}, {"slowest_lag", Unit::kCount}};

// The facts behind the sentence.
struct Health {
  size_t topics = 0;
  size_t partitions = 0;
  size_t without_leader = 0;
  size_t under_replicated = 0;
  int64_t bytes = 0;
  size_t groups = 0;
  std::string slowest_group;
  int64_t slowest_lag = 0;

  bool bad() const { return without_leader > 0; }
  bool warn() const { return under_replicated > 0; }
  std::string verdict() const {
    if (bad())
      return fmt::format("{} without a leader: neither written nor read until there is one",
                         counted(static_cast<int64_t>(without_leader), "partition"));
    if (warn())
      return fmt::format("{} with fewer copies than there should be",
                         counted(static_cast<int64_t>(under_replicated), "partition"));
    return "all is well: every partition has its leader and all its copies";
  }
};

class Status : public Verb {
 public:
  void declare(CLI::App& /*app*/) override {}

  Task<> run(Session* session) override {
    client::Cluster* cluster = co_await session->cluster();
    Health health;
    const auto sizes = co_await client::log_sizes(cluster);
    for (const auto& [partition, bytes] : sizes) health.bytes += bytes;
    Value::List brokers;
    for (const auto& [id, address] : cluster->brokers()) {
      brokers.push_back(Value::Object{{"broker", id.value}, {"address", address.to_string()}});
    }
    for (const auto& [name, info] : cluster->topics()) {
      ++health.topics;
      for (const auto& [index, partition] : info.partitions) {
        ++health.partitions;
        if (partition.leader == kNoBroker) ++health.without_leader;
        if (partition.isr.size() < partition.replicas.size()) ++health.under_replicated;
      }
    }
    co_await look_at_groups(cluster, &health);
    const std::string verdict = health.verdict();
    co_await session->out().object(
        Value::Object{
            {"verdict", verdict},
            {"cluster", cluster->cluster_id()},
            {"topics", health.topics},
            {"partitions", health.partitions},
            {"without_leader", health.without_leader},
            {"under_replicated", health.under_replicated},
            {"bytes", health.bytes},
            {"groups", health.groups},
            {"slowest_group", health.slowest_group.empty() ? Value() : Value(health.slowest_group)},
            {"slowest_lag", health.slowest_lag},
            {"brokers", std::move(brokers)}},
        kUnits);
    if (health.bad()) {
      session->exit_code = ExitCode::kUnhealthy;
    } else if (health.warn()) {
      session->exit_code = ExitCode::kDifferences;
    }
  }

 private:
  static Task<> look_at_groups(client::Cluster* cluster, Health* health) {
    for (const client::GroupListing& group : co_await client::list_groups(cluster)) {
      ++health->groups;
      int64_t lag = 0;
      for (const auto& [partition, committed] :
           co_await client::fetch_committed(cluster, group.id, std::nullopt)) {
        const auto end =
            co_await as_result(client::list_offset(cluster, partition, client::kLatest));
        if (end) lag += std::max<int64_t>(0, end->offset - committed.offset);
      }
      if (lag > health->slowest_lag) {
        health->slowest_lag = lag;
        health->slowest_group = group.id;
      }
    }
  }
};

}  // namespace

std::unique_ptr<Verb> make_status() {
  return std::make_unique<Status>();
}

}  // namespace millrace::app
