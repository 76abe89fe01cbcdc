#include "tests/simulation/operating_client.h"

#include <fmt/core.h>

#include "client/offsets.h"
#include "tests/simulation/reading_client.h"

namespace millrace::scenario {

using runtime::Task;

namespace {

constexpr int kPauseMsMax = 1'500;
constexpr int32_t kPartitionsMax = 4;

}  // namespace

OperatingClient::OperatingClient(runtime::Env& env, Workload& workload)
    : env_(env),
      workload_(workload),
      cluster_(&env, bootstrap(), cluster_options()),
      scope_(env.loop) {
  scope_.spawn("operating client", run(this));
}

Task<> OperatingClient::run(OperatingClient* self) {
  const Workload::Busy busy(&self->workload_);
  bool offsets_roll = false;
  while (!self->workload_.stopping()) {
    // It is there once the first group has come.
    if (!offsets_roll) offsets_roll = (co_await as_result(self->roll_offsets_soon())).has_value();
    const Result<> done = co_await as_result(self->do_something());
    self->workload_.count(done ? "operations done" : "operations without a good end");
    co_await runtime::sleep_until(self->env_.loop.now() +
                                  milliseconds(self->env_.random.between(10, kPauseMsMax)));
  }
}

// So that what groups have committed is compacted within a run.
Task<> OperatingClient::roll_offsets_soon() {
  return client::alter_configs(&cluster_, client::ConfigResource::kTopic, "__consumer_offsets",
                               {{"segment.ms", "2000"}, {"min.cleanable.dirty.ratio", "0.1"}},
                               false);
}

Task<> OperatingClient::do_something() {
  switch (env_.random.below(6)) {
    case 0:
      return create_topic();
    case 1:
      return delete_topic();
    case 2:
      return add_partition();
    case 3:
      return change_setting();
    default:
      return remove_records();
  }
}

Task<> OperatingClient::create_topic() {
  const std::string name = fmt::format("passing-{}", workload_.next_name());
  Fate& fate = workload_.topic_fates()[name];
  fate.open = {"there", "gone"};
  co_await client::create_topic(&cluster_, {.name = name, .partitions = 2});
  fate = {.told = "there", .open = {}};
  created_.push_back(name);
}

Task<> OperatingClient::delete_topic() {
  if (created_.empty()) co_return;
  const size_t index = env_.random.below(created_.size());
  const std::string name = created_[index];
  created_.erase(created_.begin() + static_cast<ptrdiff_t>(index));
  Fate& fate = workload_.topic_fates()[name];
  fate.open = {"gone"};
  co_await client::delete_topic(&cluster_, name);
  fate = {.told = "gone", .open = {}};
}

Task<> OperatingClient::add_partition() {
  const std::string name = workload_.topics().front().topic.name;
  const auto count = static_cast<int32_t>(workload_.topics().front().partitions.size()) + 1;
  if (count > kPartitionsMax) co_return;
  const Result<> done = co_await as_result(client::create_partitions(&cluster_, name, count));
  // They are also there when an earlier try of ours had an effect and no answer.
  if (done || done.error().code() == Errc::kInvalidPartitions) workload_.grow(name, count);
}

Task<> OperatingClient::change_setting() {
  const std::string value = std::to_string(1'000 + ++changes_);
  Fate& fate = workload_.config_fate();
  fate.open.push_back(value);
  co_await client::alter_configs(&cluster_, client::ConfigResource::kTopic,
                                 workload_.topics().front().topic.name,
                                 {{std::string(kChangedSetting), value}}, false);
  fate.open.pop_back();
  fate.told = value;
}

Task<> OperatingClient::remove_records() {
  std::vector<client::TopicPartition> candidates;
  for (const WorkloadTopic& topic : workload_.topics()) {
    if (!topic.trimmed) continue;
    for (size_t index = 0; index < topic.partitions.size(); ++index) {
      candidates.push_back({topic.topic.name, PartitionIndex(static_cast<int32_t>(index))});
    }
  }
  const client::TopicPartition from = candidates[env_.random.below(candidates.size())];
  Read read = co_await offsets_of(&cluster_, &workload_, from);
  const Offset before(env_.random.between(read.log_start.value, read.high_watermark.value));
  const size_t trim = workload_.history().trims.size();
  workload_.history().trims.push_back(
      {.partition = read.partition, .before = before, .began = workload_.now()});
  const auto starts =
      co_await client::delete_records(&cluster_, from.topic, {{from.partition, before}});
  workload_.history().trims[trim].acknowledged = workload_.now();
  read.log_start = read.from = read.to = starts.at(from.partition);
  read.ended = workload_.now();
  if (read.log_start < before) {
    workload_.noticed().add("removal on request",
                            fmt::format("{} begins at {} after all before {} was removed",
                                        workload_.history().name_of(read.partition),
                                        read.log_start.value, before.value));
  }
  workload_.count("removals on request");
  workload_.history().reads.push_back(std::move(read));
}

}  // namespace millrace::scenario
