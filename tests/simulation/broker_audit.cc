#include "tests/simulation/broker_audit.h"

#include <fmt/core.h>
#include <algorithm>

#include "client/offsets.h"
#include "tests/simulation/group_member.h"
#include "tests/simulation/operating_client.h"
#include "tests/simulation/reading_client.h"

namespace millrace::scenario {

using client::Cluster;
using runtime::Task;

namespace {

constexpr Duration kPatience = seconds(60);  // all is well: somebody answers long before
constexpr Duration kPause = milliseconds(100);

class Audit {
 public:
  Audit(runtime::Env* env, Workload* workload)
      : env_(*env), workload_(*workload), cluster_(env, bootstrap(), cluster_options()) {}

  Task<> run() {
    co_await answers();
    // Copied: asking for one that nobody has confirmed may add it.
    const std::map<client::TopicPartition, PartitionNumber> partitions = workload_.partitions();
    for (const auto& [partition, number] : partitions) {
      if (!is_there(partition)) continue;
      workload_.history().final_logs[number] = co_await whole_log(partition);
    }
    for (const std::string& group : workload_.groups()) co_await committed_of(group);
    look_at_topics();
    co_await look_at_setting();
  }

 private:
  MonoTime deadline() const { return env_.loop.now() + kPatience; }

  Task<> answers() {
    const MonoTime limit = deadline();
    while (true) {
      const Result<> asked = co_await as_result(cluster_.refresh_all());
      if (asked) co_return;
      if (env_.loop.now() >= limit) co_await asked;
      co_await runtime::sleep_until(env_.loop.now() + kPause);
    }
  }

  bool is_there(const client::TopicPartition& partition) const {
    const client::TopicInfo* topic = cluster_.find_topic(partition.topic);
    const bool there = topic && topic->partitions.contains(partition.partition);
    const auto& wanted = workload_.topic(partition.topic).partitions;
    if (!there && static_cast<size_t>(partition.partition.value) < wanted.size()) {
      workload_.noticed().add(
          "topics", fmt::format("{}-{} is gone", partition.topic, partition.partition.value));
    }
    return there;
  }

  // Records may still be removed meanwhile; then it begins anew.
  Task<Read> whole_log(client::TopicPartition partition) {
    const MonoTime limit = deadline();
    while (true) {
      Read log = co_await offsets_of(&cluster_, &workload_, partition);
      client::Fetcher fetcher(&cluster_, {});
      fetcher.assign({{partition, log.log_start}});
      bool unbroken = true;
      while (unbroken && log.to < log.high_watermark) {
        if (env_.loop.now() >= limit) {
          co_await fail(Errc::kTimedOut, fmt::format("{} cannot be read from offset {}, its high "
                                                     "watermark is {}",
                                                     workload_.history().name_of(log.partition),
                                                     log.to.value, log.high_watermark.value));
        }
        const MonoTime began = workload_.now();
        for (const client::Fetched& fetched : co_await fetcher.poll(env_.loop.now() + kPatience)) {
          Read part = workload_.read_of(fetched, began, decompressor_);
          unbroken = unbroken && part.from == log.to;
          log.to = part.to;
          log.records.insert(log.records.end(), part.records.begin(), part.records.end());
        }
      }
      log.ended = workload_.now();
      log.server_wall = workload_.server_wall();
      if (unbroken) co_return log;
    }
  }

  Task<> committed_of(std::string group) {
    const MonoTime limit = deadline();
    std::vector<client::TopicPartition> partitions;
    for (const auto& [partition, number] : workload_.partitions()) partitions.push_back(partition);
    while (true) {
      const Result<> read =
          co_await as_result(read_committed(&cluster_, &workload_, group, partitions));
      if (read) co_return;
      if (env_.loop.now() >= limit) co_await read;
      co_await runtime::sleep_until(env_.loop.now() + kPause);
    }
  }

  void look_at_topics() {
    for (const auto& [name, fate] : workload_.topic_fates()) {
      const std::string found = cluster_.find_topic(name) ? "there" : "gone";
      if (fate.allows(found)) continue;
      workload_.noticed().add("topics", fmt::format("{} is {}, and was said to be {}", name, found,
                                                    fate.told.value_or("neither there nor gone")));
    }
  }

  Task<> look_at_setting() {
    const Fate& fate = workload_.config_fate();
    const std::string& topic = workload_.topics().front().topic.name;
    for (const client::ConfigEntry& entry :
         co_await client::describe_configs(&cluster_, client::ConfigResource::kTopic, topic)) {
      if (entry.name != kChangedSetting || (entry.source != "topic" && !fate.told)) continue;
      if (fate.allows(entry.value.value_or(""))) continue;
      workload_.noticed().add(
          "settings",
          fmt::format("{} of {} is {}, and was said to be {}", entry.name, topic,
                      entry.value.value_or("nothing"), fate.told.value_or("unchanged")));
    }
  }

  runtime::Env& env_;
  Workload& workload_;
  Cluster cluster_;
  kafka::Decompressor decompressor_;
};

}  // namespace

Task<> audit(runtime::Env* env, Workload* workload) {
  Audit audit(env, workload);
  co_await audit.run();
}

Task<> create_topics(runtime::Env* env, Workload* workload) {
  Cluster cluster(env, bootstrap(), cluster_options());
  for (const WorkloadTopic& topic : workload->topics()) {
    while (true) {
      const auto created = co_await as_result(client::create_topic(&cluster, topic.topic));
      if (created || created.error().code() == Errc::kTopicAlreadyExists) break;
      // Nothing that retrying mends.
      if (created.error().code() == Errc::kInvalidConfig) co_await fail(created.error());
      co_await runtime::sleep_until(env->loop.now() + kPause);
    }
  }
}

}  // namespace millrace::scenario
