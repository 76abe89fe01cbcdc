#include "tests/simulation/producing_client.h"

#include <fmt/core.h>
#include <algorithm>

#include "base/check.h"

namespace millrace::scenario {

using runtime::Task;

namespace {

constexpr int kSendsPerProducer = 150;  // at most; then a new one takes its place
constexpr int kBurstMax = 6;
constexpr int kPauseMsMax = 120;
constexpr uint64_t kKeys = 12;
constexpr size_t kValueBytesMax = 1'500;
constexpr size_t kTooLargeBytes = 20'000;
constexpr int64_t kOverheadBytesMax = 160;  // of a record alone in its batch

// Refused for what the record is, so also at every earlier try. Not by the code alone: a producer
// that has lost its way over one batch ends all others with the same error.
bool is_refusal(const Send& send, Errc code) {
  return send.size_max > int64_t{kTooLargeBytes} && code == Errc::kMessageTooLarge;
}

}  // namespace

struct ProducingClient::Record {
  client::TopicPartition to;
  std::optional<std::string> key;
  std::optional<std::string> value;
  Send send;
};

ProducingClient::ProducingClient(runtime::Env& env, Workload& workload, bool idempotent)
    : env_(env),
      workload_(workload),
      idempotent_(idempotent),
      cluster_(&env, bootstrap(), cluster_options()),
      scope_(env.loop) {
  scope_.spawn("producing client", run(this));
}

Task<> ProducingClient::run(ProducingClient* self) {
  const Workload::Busy busy(&self->workload_);
  while (!self->workload_.stopping()) {
    const int32_t number = self->workload_.next_producer();
    self->sent_.clear();
    self->producer_ = std::make_unique<client::Producer>(
        &self->cluster_, self->options(),
        [self](const client::Delivery& delivery) { self->delivered(delivery); });
    const Result<> done = co_await as_result(self->produce(number));
    if (done) continue;
    self->workload_.count("producers given up");
    co_await runtime::sleep_until(self->env_.loop.now() + milliseconds(100));
  }
}

client::ProducerOptions ProducingClient::options() {
  Random& random = env_.random;
  constexpr kafka::Codec kCodecs[] = {kafka::Codec::kNone, kafka::Codec::kNone, kafka::Codec::kLz4,
                                      kafka::Codec::kSnappy};
  return {.codec = kCodecs[random.below(std::size(kCodecs))],
          .acks = static_cast<int16_t>(idempotent_ ? -1 : 1),
          .idempotent = idempotent_,
          .linger = milliseconds(random.between(0, 20)),
          .batch_bytes = 4'000,
          .buffer_bytes_max = 64'000,
          .delivery_timeout = random.chance(0.3) ? seconds(4) : seconds(30),
          .auto_create_topics = false};
}

// The life of one producer.
Task<> ProducingClient::produce(int32_t number) {
  co_await producer_->start();
  Result<> sent;
  for (int left = kSendsPerProducer; left > 0 && sent && !workload_.stopping();) {
    for (int64_t burst = env_.random.between(1, kBurstMax); burst > 0 && sent; --burst, --left) {
      sent = co_await as_result(send_one(number));
    }
    const Duration pause = milliseconds(env_.random.between(1, kPauseMsMax));
    co_await runtime::sleep_until(env_.loop.now() + pause);
  }
  // After an error, too: what is on its way gets an answer.
  co_await producer_->flush();
  co_await std::move(sent);
}

ProducingClient::Record ProducingClient::draw_record(int32_t number) {
  Random& random = env_.random;
  const std::vector<WorkloadTopic>& topics = workload_.topics();
  const WorkloadTopic& topic = topics[random.below(topics.size())];
  const auto index = random.below(topic.partitions.size());
  Record record{.to = {topic.topic.name, PartitionIndex(static_cast<int32_t>(index))}};
  // A partition has keys of its own, so that a key's records are all in one.
  if (topic.keyed) record.key = fmt::format("key-{}", random.below(kKeys));
  const bool tombstone = topic.keyed && random.chance(0.2);
  const bool too_large = random.chance(0.003);
  if (!tombstone) {
    record.value.emplace(too_large ? kTooLargeBytes : random.below(kValueBytesMax), '\0');
    for (char& c : *record.value) c = static_cast<char>(random.below(100));
  }
  const auto bytes_of = [](const std::optional<std::string>& text) {
    return text ? std::optional(as_bytes(*text)) : std::nullopt;
  };
  const uint64_t unique = workload_.next_record();
  record.send = {.record = unique,
                 .producer = number,
                 .idempotent = idempotent_,
                 .partition = topic.partitions[index],
                 .key = record.key,
                 .tombstone = tombstone,
                 .content = content_of(bytes_of(record.key), bytes_of(record.value), unique),
                 .size_max = (record.value ? std::ssize(*record.value) : 0) + kOverheadBytesMax,
                 .timestamp = workload_.server().clock().wall(),
                 .began = workload_.now()};
  return record;
}

Task<> ProducingClient::send_one(int32_t number) {
  const Record record = draw_record(number);
  const SendNumber send = workload_.history().begin_send(record.send);
  uint8_t unique[8];
  store_be64(unique, record.send.record);
  const kafka::RecordHeader header{.key = kNumberHeader, .value = Bytes(unique)};
  kafka::Record out{.timestamp = record.send.timestamp, .headers = {&header, 1}};
  if (record.key) out.key = as_bytes(*record.key);
  if (record.value) out.value = as_bytes(*record.value);
  const Result<> sent =
      co_await as_result(producer_->send(record.to.topic, record.to.partition, out));
  if (sent) {
    sent_[record.to].push_back(send);
  } else {
    // It is in no batch.
    workload_.history().end_send(send, Outcome::kRefused, kNoOffset, workload_.now());
  }
  co_await sent;
}

void ProducingClient::delivered(const client::Delivery& delivery) {
  std::deque<SendNumber>& sent = sent_[{std::string(delivery.topic), delivery.partition}];
  CHECK(std::ssize(sent) >= delivery.records);
  const Result<Offset>& base = delivery.base_offset;
  for (int32_t i = 0; i < delivery.records; ++i) {
    const SendNumber send = sent.front();
    sent.pop_front();
    if (base && *base != kNoOffset) {
      workload_.history().end_send(send, Outcome::kAcknowledged, *base + i, workload_.now());
      workload_.count("records acknowledged");
    } else if (!base && is_refusal(workload_.history().sends[send], base.error().code())) {
      workload_.history().end_send(send, Outcome::kRefused, kNoOffset, workload_.now());
      workload_.count("records refused");
    } else {
      workload_.count("records without an answer");
    }
  }
}

}  // namespace millrace::scenario
