#include "tests/simulation/workload.h"

#include <fmt/core.h>
#include <algorithm>

#include "base/check.h"
#include "simulation/trace.h"
#include "tests/simulation/broker_node.h"

namespace millrace::scenario {
namespace {

constexpr size_t kDecompressedMax = 1 << 20;

uint64_t number_in(const kafka::RecordView& record) {
  for (const kafka::RecordHeader& header : record.headers) {
    if (header.key == kNumberHeader && header.value && header.value->size() == 8) {
      return load_be64(header.value->data());
    }
  }
  return 0;
}

}  // namespace

bool Fate::allows(const std::string& found) const {
  return found == told || std::find(open.begin(), open.end(), found) != open.end();
}

Workload::Workload(simulation::World& world, simulation::Node& server)
    : world_(world), server_(server), server_wall_(server.clock().wall()) {}

void Workload::add_topic(WorkloadTopic topic) {
  topic.rules.topic = topic.topic.name;
  const int32_t partitions = topic.topic.partitions;
  topics_.push_back(std::move(topic));
  grow(topics_.back().topic.name, partitions);
}

void Workload::drop_topic(std::string_view name) {
  std::erase_if(topics_, [&](const WorkloadTopic& one) { return one.topic.name == name; });
  std::erase_if(numbers_, [&](const auto& one) { return one.first.topic == name; });
}

void Workload::grow(std::string_view name, int32_t partitions) {
  const auto found = std::find_if(topics_.begin(), topics_.end(),
                                  [&](const WorkloadTopic& one) { return one.topic.name == name; });
  CHECK(found != topics_.end());
  WorkloadTopic& topic = *found;
  for (auto index = static_cast<int32_t>(topic.partitions.size()); index < partitions; ++index) {
    topic.partitions.push_back(number_of({topic.topic.name, PartitionIndex(index)}));
  }
}

const WorkloadTopic& Workload::topic(std::string_view name) const {
  const auto found = std::find_if(topics_.begin(), topics_.end(),
                                  [&](const WorkloadTopic& one) { return one.topic.name == name; });
  CHECK(found != topics_.end());
  return *found;
}

PartitionNumber Workload::number_of(const client::TopicPartition& partition) {
  const auto [number, is_new] = numbers_.try_emplace(partition);
  if (is_new) {
    PartitionRules rules = topic(partition.topic).rules;
    rules.partition = partition.partition.value;
    number->second = history_.add_partition(std::move(rules));
  }
  return number->second;
}

Timestamp Workload::server_wall() {
  server_wall_ = std::max(server_wall_, server_.clock().wall());
  return server_wall_;
}

Read Workload::read_of(const client::Fetched& fetched, MonoTime began,
                       kafka::Decompressor& decompressor) {
  Read read{.partition = number_of(fetched.partition),
            .from = fetched.from,
            .to = fetched.from,
            .log_start = fetched.log_start,
            .high_watermark = fetched.high_watermark,
            .began = began,
            .ended = now(),
            .server_wall = server_wall()};
  // What the network and memory do to bytes is no fault of this world, so a reader that finds them
  // broken was served broken ones.
  kafka::BatchCursor batches(fetched.batches);
  while (const kafka::RecordBatchView* batch = batches.next()) {
    read.to = std::max(read.to, batch->next_offset());
  }
  Result<> whole =
      batches.end() == kafka::BatchEnd::kCorrupt ? Result<>(fail(batches.problem())) : Result<>();
  if (whole) {
    whole = client::for_each_record(
        fetched, decompressor, kDecompressedMax, [&](const kafka::RecordView& record) -> Result<> {
          const uint64_t number = number_in(record);
          read.records.push_back({.offset = record.offset,
                                  .record = number,
                                  .content = content_of(record.key, record.value, number),
                                  .timestamp = record.timestamp});
          return {};
        });
  }
  if (!whole) {
    noticed_.add("readable", fmt::format("{} from offset {}: {}", history_.name_of(read.partition),
                                         read.from.value, whole.error().message()));
  }
  return read;
}

void Workload::begin_chapter(History history) {
  CHECK(busy_ == 0);
  history_ = std::move(history);
  noticed_ = {};
  stopping_ = false;
  std::erase_if(topic_fates_, [](const auto& one) { return one.second.told == "gone"; });
}

const History& Workload::finished_history() {
  if (server_clock_was_set_) {
    // Tombstones go by the server's clock. Once it was set back or forward, the wall times that
    // clients saw do not tell how old the server takes one to be.
    for (PartitionRules& rules : history_.partitions) rules.delete_retention = Duration{};
  }
  return history_;
}

uint64_t content_of(std::optional<Bytes> key, std::optional<Bytes> value, uint64_t number) {
  uint64_t content = number;
  for (const std::optional<Bytes>& part : {key, value}) {
    content = content * 0x9e3779b97f4a7c15 + (part ? simulation::hash_of(*part) : 1);
  }
  return content;
}

client::ClusterOptions cluster_options() {
  return {.connection = {.client_id = "simulated", .request_timeout = seconds(3)},
          .retry_backoff = milliseconds(50),
          .retry_backoff_max = milliseconds(500)};
}

std::vector<runtime::Address> bootstrap() {
  return {{std::string(kServerName), kServerPort}};
}

}  // namespace millrace::scenario
