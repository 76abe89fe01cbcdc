#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <set>
#include <utility>

#include "app/topic_facts.h"
#include "app/verbs.h"
#include "client/admin.h"
#include "client/offsets.h"

namespace millrace::app {
namespace {

using runtime::Task;

constexpr Column kUnits[] = {
    {"bytes", Unit::kBytes}, {"disk_free", Unit::kBytes}, {"slowest_lag", Unit::kCount}};

constexpr int64_t kFullBelowBytes = 1 << 20;  // not even a batch of the usual limit fits in
constexpr int64_t kScarceBelowPercent = 5;

// The facts behind the sentence.
struct Health {
  size_t topics = 0;
  size_t partitions = 0;
  size_t without_leader = 0;
  size_t not_served = 0;
  size_t under_replicated = 0;
  int64_t bytes = 0;
  int64_t disk_free = -1;  // where there is the least of it, as a share
  int64_t disk_total = -1;
  std::string fullest;  // that disk
  size_t groups = 0;
  std::string slowest_group;
  int64_t slowest_lag = 0;

  bool full() const { return disk_free >= 0 && disk_free < kFullBelowBytes; }
  bool scarce() const {
    return disk_free >= 0 && disk_free / kScarceBelowPercent < disk_total / 100;
  }
  bool bad() const { return without_leader > 0 || not_served > 0 || full(); }
  bool warn() const { return under_replicated > 0 || scarce(); }
  std::string verdict() const {
    if (without_leader > 0)
      return fmt::format("{} without a leader: neither written nor read until there is one",
                         counted(static_cast<int64_t>(without_leader), "partition"));
    if (not_served > 0)
      return fmt::format("{} not served by the leader: its log says why",
                         counted(static_cast<int64_t>(not_served), "partition"));
    if (full())
      return fmt::format("the disk of {} is full: nothing is written until there is room", fullest);
    if (under_replicated > 0)
      return fmt::format("{} with fewer copies than there should be",
                         counted(static_cast<int64_t>(under_replicated), "partition"));
    if (scarce())
      return fmt::format("the disk of {} has less than {} % free", fullest, kScarceBelowPercent);
    return "every partition is served and has all its copies";
  }
};

class Status : public Verb {
 public:
  void declare(CLI::App& /*app*/) override {}

  Task<> run(Session* session) override {
    client::Cluster* cluster = co_await session->cluster();
    Health health;
    const auto directories = co_await client::log_directories(cluster);
    std::set<std::pair<BrokerId, client::TopicPartition>> served;
    for (const client::LogDirectoryFacts& directory : directories) {
      look_at_disk(directory, &health);
      for (const auto& [partition, bytes] : directory.sizes) {
        health.bytes += bytes;
        served.emplace(directory.broker, partition);
      }
    }
    Value::List brokers;
    for (const auto& [id, address] : cluster->brokers()) {
      brokers.push_back(Value::Object{{"broker", id.value}, {"address", address.to_string()}});
    }
    for (const auto& [name, info] : cluster->topics()) {
      ++health.topics;
      for (const auto& [index, partition] : info.partitions) {
        ++health.partitions;
        if (partition.leader == kNoBroker) {
          ++health.without_leader;
        } else if (!served.contains({partition.leader, {name, index}})) {
          ++health.not_served;
        }
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
            {"not_served", health.not_served},
            {"under_replicated", health.under_replicated},
            {"bytes", health.bytes},
            {"disk_free", health.disk_free < 0 ? Value() : Value(health.disk_free)},
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
  static void look_at_disk(const client::LogDirectoryFacts& directory, Health* health) {
    if (directory.usable_bytes < 0 || directory.total_bytes <= 0) return;
    const auto share = [](int64_t part, int64_t whole) {
      return static_cast<double>(part) / static_cast<double>(whole);
    };
    if (health->disk_total > 0 && share(health->disk_free, health->disk_total) <=
                                      share(directory.usable_bytes, directory.total_bytes)) {
      return;
    }
    health->disk_free = directory.usable_bytes;
    health->disk_total = directory.total_bytes;
    health->fullest = fmt::format("broker {} ({})", directory.broker.value, directory.path);
  }

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
