#include "tests/simulation/script_client.h"

#include <fmt/core.h>
#include <algorithm>

#include "base/check.h"
#include "client/offsets.h"
#include "tests/simulation/reading_client.h"

namespace millrace::scenario {

using client::TopicPartition;
using runtime::Task;

namespace {

constexpr Duration kPatience = seconds(60);  // of one step; the server is down for much less
constexpr Duration kPause = milliseconds(50);
constexpr int64_t kOverheadBytesMax = 160;  // of a record alone in its batch

}  // namespace

ScriptClient::ScriptClient(runtime::Env& env, Workload& workload, Actions actions)
    : env_(env),
      workload_(workload),
      actions_(std::move(actions)),
      cluster_(&env, bootstrap(), cluster_options()) {}

MonoTime ScriptClient::patience() const {
  return env_.loop.now() + kPatience;
}

// Waits for the next try of a step that has failed, or gives the script up.
Task<> ScriptClient::again(MonoTime deadline, Error error) {
  if (env_.loop.now() >= deadline) co_await fail(std::move(error));
  co_await runtime::sleep_until(env_.loop.now() + kPause);
}

Task<> ScriptClient::create(client::NewTopic topic, PartitionRules rules, bool keyed) {
  const MonoTime deadline = patience();
  Fate& fate = workload_.topic_fates()[topic.name];
  fate.open = {"there", "gone"};
  while (true) {
    const auto created = co_await as_result(client::create_topic(&cluster_, topic));
    // An earlier try of ours had an effect and no answer.
    if (created || created.error().code() == Errc::kTopicAlreadyExists) break;
    co_await again(deadline, created.error());
  }
  fate = {.told = "there", .open = {}};
  workload_.add_topic(
      {.topic = topic, .rules = std::move(rules), .keyed = keyed, .partitions = {}});
}

Task<> ScriptClient::remove(std::string topic) {
  const MonoTime deadline = patience();
  workload_.drop_topic(topic);
  Fate& fate = workload_.topic_fates()[topic];
  fate.open = {"gone"};
  while (true) {
    const auto removed = co_await as_result(client::delete_topic(&cluster_, topic));
    if (removed || removed.error().code() == Errc::kUnknownTopicOrPartition) break;
    co_await again(deadline, removed.error());
  }
  fate = {.told = "gone", .open = {}};
}

Task<> ScriptClient::grow(std::string topic, int32_t partitions) {
  const MonoTime deadline = patience();
  while (true) {
    const auto grown = co_await as_result(client::create_partitions(&cluster_, topic, partitions));
    if (grown || grown.error().code() == Errc::kInvalidPartitions) break;
    co_await again(deadline, grown.error());
  }
  workload_.grow(topic, partitions);
}

Task<> ScriptClient::configure(std::string topic, client::ConfigChanges changes) {
  const MonoTime deadline = patience();
  while (true) {
    const auto done = co_await as_result(
        client::alter_configs(&cluster_, client::ConfigResource::kTopic, topic, changes, false));
    if (done) co_return;
    co_await again(deadline, done.error());
  }
}

Task<ScriptClient::Sending*> ScriptClient::producer_of(int number) {
  Sending& sending = producers_[number];
  if (!sending.producer) {
    const bool idempotent = number != kPlainProducer;
    const client::ProducerOptions options{.acks = static_cast<int16_t>(idempotent ? -1 : 1),
                                          .idempotent = idempotent,
                                          .linger = seconds(3600),
                                          .batch_bytes = 900'000,
                                          .delivery_timeout = kPatience,
                                          .auto_create_topics = false};
    sending.producer = std::make_unique<client::Producer>(
        &cluster_, options,
        [this, &sending](const client::Delivery& delivery) { delivered(sending, delivery); });
  }
  const MonoTime deadline = patience();
  while (!sending.started) {
    const Result<> started = co_await as_result(sending.producer->start());
    sending.started = started.has_value();
    if (!started) co_await again(deadline, started.error());
  }
  co_return &sending;
}

Task<> ScriptClient::produce(Batch batch) {
  Sending* sending = co_await producer_of(batch.producer);
  const WorkloadTopic topic = workload_.topic(batch.topic);
  for (int i = 0; i < batch.records; ++i) {
    const uint64_t unique = workload_.next_record();
    uint8_t number[8];
    store_be64(number, unique);
    const kafka::RecordHeader header{.key = kNumberHeader, .value = Bytes(number)};
    std::optional<std::string> key;
    std::optional<std::string> value;
    if (topic.keyed) key = fmt::format("key-{}", batch.first_key + i);
    if (!batch.tombstones) value.emplace(batch.bytes, static_cast<char>('a' + unique % 26));
    kafka::Record record{.timestamp = workload_.server().clock().wall(), .headers = {&header, 1}};
    if (key) record.key = as_bytes(*key);
    if (value) record.value = as_bytes(*value);
    const PartitionIndex partition(batch.partition);
    const SendNumber send = workload_.history().begin_send(
        {.record = unique,
         .producer = batch.producer,
         .idempotent = batch.producer != kPlainProducer,
         .partition = workload_.number_of({batch.topic, partition}),
         .key = key,
         .tombstone = batch.tombstones,
         .content = content_of(record.key, record.value, unique),
         .size_max = static_cast<int64_t>(batch.bytes) + kOverheadBytesMax,
         .timestamp = record.timestamp,
         .began = workload_.now()});
    co_await sending->producer->send(batch.topic, partition, record);
    sending->sent[{batch.topic, partition}].push_back(send);
  }
}

void ScriptClient::delivered(Sending& sending, const client::Delivery& delivery) {
  std::deque<SendNumber>& sent = sending.sent[{std::string(delivery.topic), delivery.partition}];
  CHECK(std::ssize(sent) >= delivery.records);
  const Result<Offset>& base = delivery.base_offset;
  if (!base || *base == kNoOffset) {
    // The server came back long before the producer lost patience.
    workload_.noticed().add("retries",
                            fmt::format("{}-{}: {} records were not taken: {}", delivery.topic,
                                        delivery.partition.value, delivery.records,
                                        base ? "no offset" : base.error().message()));
  }
  for (int32_t i = 0; i < delivery.records; ++i) {
    const SendNumber send = sent.front();
    sent.pop_front();
    if (!base || *base == kNoOffset) continue;
    workload_.history().end_send(send, Outcome::kAcknowledged, *base + i, workload_.now());
    workload_.count("records acknowledged");
  }
}

Task<> ScriptClient::flush() {
  runtime::Scope all(env_.loop);
  for (auto& [number, sending] : producers_) all.spawn("flush", sending.producer->flush());
  co_await all.join();
}

Task<> ScriptClient::read(std::string group) {
  const auto partitions = workload_.partitions();
  for (const auto& [partition, number] : partitions) {
    const MonoTime deadline = patience();
    while (true) {
      const Result<> done = co_await as_result(read_partition(partition, group));
      if (done) break;
      co_await again(deadline, done.error());
    }
  }
}

Task<> ScriptClient::read_partition(TopicPartition partition, std::string group) {
  Read offsets = co_await offsets_of(&cluster_, &workload_, partition);
  const Offset end = offsets.high_watermark;
  Offset& read_to = read_to_[group].try_emplace(partition, offsets.log_start).first->second;
  read_to = std::max(read_to, offsets.log_start);
  workload_.history().reads.push_back(std::move(offsets));
  client::Fetcher fetcher(&cluster_, {});
  fetcher.assign({{partition, read_to}});
  while (read_to < end) {
    const MonoTime began = workload_.now();
    for (const client::Fetched& fetched : co_await fetcher.poll(env_.loop.now() + seconds(5))) {
      Read read = workload_.read_of(fetched, began, decompressor_);
      if (!group.empty()) read.group = group;
      read_to = read.to;
      workload_.count("records read", std::ssize(read.records));
      workload_.history().reads.push_back(std::move(read));
    }
  }
}

Task<> ScriptClient::commit(std::string group) {
  std::vector<std::string>& groups = workload_.groups();
  if (std::find(groups.begin(), groups.end(), group) == groups.end()) groups.push_back(group);
  std::map<TopicPartition, client::CommittedOffset> offsets;
  std::vector<CommitNumber> commits;
  for (const auto& [partition, offset] : read_to_[group]) {
    offsets[partition] = {.offset = offset, .metadata = "script"};
    commits.push_back(workload_.history().begin_commit({.group = group,
                                                        .member = {},
                                                        .generation = GenerationId(-1),
                                                        .partition = workload_.number_of(partition),
                                                        .offset = offset,
                                                        .began = workload_.now()}));
  }
  const MonoTime deadline = patience();
  while (true) {
    const Result<> done = co_await as_result(client::commit(&cluster_, group, {}, offsets));
    if (done) break;
    co_await again(deadline, done.error());
  }
  for (const CommitNumber commit : commits) {
    workload_.history().end_commit(commit, Outcome::kAcknowledged, workload_.now());
    workload_.count("commits acknowledged");
  }
}

Task<> ScriptClient::trim(std::string topic, int32_t partition, Offset before) {
  const PartitionIndex index(partition);
  const size_t trim = workload_.history().trims.size();
  workload_.history().trims.push_back({.partition = workload_.number_of({topic, index}),
                                       .before = before,
                                       .began = workload_.now()});
  const MonoTime deadline = patience();
  while (true) {
    const auto done =
        co_await as_result(client::delete_records(&cluster_, topic, {{index, before}}));
    if (done) break;
    co_await again(deadline, done.error());
  }
  workload_.history().trims[trim].acknowledged = workload_.now();
}

Task<> ScriptClient::pause(Duration time) {
  co_await runtime::sleep_until(env_.loop.now() + time);
}

Task<> ScriptClient::restart_server() {
  const int starts = actions_.starts();
  const MonoTime deadline = patience();
  actions_.stop_server();
  while (actions_.starts() == starts) {
    co_await again(deadline, Error(Errc::kTimedOut, "the server does not come back"));
  }
}

}  // namespace millrace::scenario
