#include "client/fetcher.h"

#include <fmt/core.h>

#include <algorithm>

#include "client/offsets.h"
#include "kafka/record_batch.h"

namespace millrace::client {

using runtime::Task;

namespace {

constexpr int16_t kByName = 12;  // Fetch names topics by id from version 13 on

std::string describe(const TopicPartition& partition) {
  return fmt::format("topic {} partition {}", partition.topic, partition.partition.value);
}

// Kafka counts damage among the retriable errors, and the disk does not heal.
bool is_final(const Error& error) {
  return !error.info().retriable || error.code() == Errc::kCorruptMessage;
}

// The offset after the last whole batch; nullopt when there is none.
std::optional<Offset> next_offset_after(Bytes batches) {
  std::optional<Offset> next;
  while (true) {
    const auto batch = kafka::parse_batch(batches);
    if (!batch) return next;
    next = batch->next_offset();
    batches = batches.subspan(batch->size());
  }
}

}  // namespace

Fetcher::Fetcher(Cluster* cluster, FetcherOptions options) : cluster_(cluster), options_(options) {}

void Fetcher::assign(const std::map<TopicPartition, Offset>& partitions) {
  std::map<TopicPartition, State> next;
  for (const auto& [partition, offset] : partitions) {
    const auto kept = partitions_.find(partition);
    next[partition] =
        kept != partitions_.end() && offset == kNoOffset ? kept->second : State{offset};
  }
  partitions_ = std::move(next);
}

void Fetcher::seek(const TopicPartition& partition, Offset offset) {
  const auto found = partitions_.find(partition);
  if (found != partitions_.end()) found->second.position = offset;
}

void Fetcher::pause(const TopicPartition& partition) {
  const auto found = partitions_.find(partition);
  if (found != partitions_.end()) found->second.paused = true;
}

Offset Fetcher::position(const TopicPartition& partition) const {
  const auto found = partitions_.find(partition);
  return found == partitions_.end() ? kNoOffset : found->second.position;
}

std::map<TopicPartition, Offset> Fetcher::positions() const {
  std::map<TopicPartition, Offset> result;
  for (const auto& [partition, state] : partitions_) result[partition] = state.position;
  return result;
}

Task<std::map<BrokerId, Fetcher::Share>> Fetcher::by_leader() {
  std::map<BrokerId, Share> shares;
  for (const auto& [partition, state] : partitions_) {
    if (state.paused) continue;
    const TopicInfo* topic = co_await cluster_->topic(partition.topic);
    const auto found = topic->partitions.find(partition.partition);
    if (found == topic->partitions.end()) {
      co_await fail(Errc::kUnknownTopicOrPartition, describe(partition));
    }
    if (found->second.leader != kNoBroker) shares[found->second.leader].push_back(partition);
  }
  co_return shares;
}

Task<std::vector<Fetched>> Fetcher::poll(MonoTime deadline) {
  runtime::Loop& loop = cluster_->env().loop;
  std::vector<Fetched> fetched;
  while (fetched.empty() && loop.now() < deadline) {
    Result<std::map<BrokerId, Share>> shares = co_await as_result(by_leader());
    if (!shares && !shares.error().info().retriable) co_await fail(shares.error());
    if (!shares || shares->empty()) {
      co_await runtime::sleep_until(std::min(deadline, loop.now() + options_.wait_max));
      continue;
    }
    // With several brokers none may hold the others' data back for long.
    const Duration wait = shares->size() == 1 ? std::min(options_.wait_max, deadline - loop.now())
                                              : options_.wait_max / 10;
    for (auto& [broker, share] : *shares) {
      Result<> done = co_await as_result(fetch_from(broker, std::move(share), wait, &fetched));
      if (done) {
        failures_ = 0;
        continue;
      }
      const bool final_error = is_final(done.error());
      // What is there is handed out first; the error will come again.
      if (final_error && !fetched.empty() && done.error().code() != Errc::kCancelled) break;
      if (final_error) co_await std::move(done);
      co_await cluster_->back_off(failures_++);
      (void)co_await as_result(cluster_->refresh_all());
    }
  }
  for (const Fetched& one : fetched) {
    const auto state = partitions_.find(one.partition);
    if (state == partitions_.end() || state->second.position != one.from) continue;
    state->second.position = std::max(one.next, one.from);
  }
  co_return fetched;
}

Task<> Fetcher::fetch_from(BrokerId broker, Share share, Duration wait,
                           std::vector<Fetched>* into) {
  const std::shared_ptr<Connection> connection = co_await cluster_->to_broker(broker);
  Arena arena;
  kafka::FetchRequest request;
  request.max_wait_ms = static_cast<int32_t>(std::max<int64_t>(wait.ms(), 0));
  request.min_bytes = options_.bytes_min;
  request.max_bytes = options_.bytes_max;
  std::map<std::string, std::vector<PartitionIndex>> topics;
  for (const TopicPartition& partition : share) {
    topics[partition.topic].push_back(partition.partition);
  }
  request.topics = arena.make_array<kafka::FetchRequest::Topic>(topics.size());
  size_t t = 0;
  for (const auto& [name, partitions] : topics) {
    auto& topic = request.topics[t++];
    topic.topic = arena.copy(name);
    topic.partitions = arena.make_array<kafka::FetchRequest::Partition>(partitions.size());
    for (size_t p = 0; p < partitions.size(); ++p) {
      topic.partitions[p] = {.partition = partitions[p],
                             .fetch_offset = position({name, partitions[p]}),
                             .partition_max_bytes = options_.partition_bytes_max};
    }
  }
  const auto answer =
      std::make_shared<Reply<kafka::FetchResponse>>(co_await connection->call(&request, kByName));
  if (answer->message.error_code != 0) {
    co_await fail(errc_from_kafka(answer->message.error_code), "fetch");
  }
  const bool stale = co_await take(&answer, into);
  if (stale) {
    co_await cluster_->back_off(failures_++);
    co_await cluster_->refresh_all();
  }
}

// Returns whether the metadata proved out of date.
Task<bool> Fetcher::take(const std::shared_ptr<Reply<kafka::FetchResponse>>* answer,
                         std::vector<Fetched>* into) {
  bool stale = false;
  for (const auto& topic : (*answer)->message.responses) {
    for (const auto& answered : topic.partitions) {
      const TopicPartition partition{std::string(topic.topic), answered.partition_index};
      const auto state = partitions_.find(partition);
      if (state == partitions_.end()) continue;  // given up meanwhile
      const Errc code = errc_from_kafka(answered.error_code);
      if (code == Errc::kOffsetOutOfRange) {
        co_await recover(partition, code);
        continue;
      }
      if (code == Errc::kCorruptMessage) {
        co_await fail(code, fmt::format("{}: what the broker holds at offset {} is damaged; the "
                                        "broker's log says up to which offset",
                                        describe(partition), state->second.position.value));
      }
      if (code != Errc::kNone) {
        if (!error_info(code).retriable) co_await fail(code, describe(partition));
        stale = true;
        continue;
      }
      const Bytes batches = answered.records ? answered.records->bytes : Bytes();
      const std::optional<Offset> next = next_offset_after(batches);
      if (!next) continue;
      if (*next <= state->second.position) {
        co_await fail(
            Errc::kCorruptMessage,
            fmt::format("{}: asked for offset {}, the broker answers with records that end "
                        "at {}",
                        describe(partition), state->second.position.value, next->value - 1));
      }
      into->push_back({.partition = partition,
                       .from = state->second.position,
                       .next = *next,
                       .high_watermark = answered.high_watermark,
                       .log_start = answered.log_start_offset,
                       .batches = batches,
                       .answer = *answer});
    }
  }
  co_return stale;
}

Task<> Fetcher::recover(TopicPartition partition, Errc code) {
  if (options_.reset == OffsetReset::kFail) {
    co_await fail(code,
                  fmt::format("{} offset {}", describe(partition), position(partition).value));
  }
  const Timestamp place = options_.reset == OffsetReset::kEarliest ? kEarliest : kLatest;
  const OffsetAndTime found = co_await list_offset(cluster_, partition, place);
  seek(partition, found.offset);
}

Result<> for_each_record(const Fetched& fetched, kafka::Decompressor& decompressor,
                         size_t batch_decompressed_max,
                         const std::function<Result<>(const kafka::RecordView&)>& each) {
  Buffer decompressed;
  Bytes rest = fetched.batches;
  while (!rest.empty()) {
    const auto batch = kafka::parse_batch(rest);
    if (!batch) break;  // cut off: comes with the next fetch
    rest = rest.subspan(batch->size());
    if (batch->is_control() || batch->last_offset() < fetched.from) continue;
    const auto within = [&](Error error) {
      return fail(error.within(
          fmt::format("{} offset {}", describe(fetched.partition), batch->base_offset().value)));
    };
    if (Result<> crc = kafka::verify_crc(*batch); !crc) return within(crc.error());
    const auto records =
        kafka::decompress_records(*batch, decompressor, decompressed, batch_decompressed_max);
    if (!records) return within(records.error());
    kafka::RecordCursor cursor(*batch, *records);
    while (const kafka::RecordView* record = cursor.next()) {
      if (record->offset >= fetched.from) TRY(each(*record));
    }
    if (Result<> end = cursor.end(); !end) return within(end.error());
  }
  return {};
}

}  // namespace millrace::client
