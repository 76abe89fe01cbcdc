#include "tests/simulation/reading_client.h"

#include "client/offsets.h"

namespace millrace::scenario {

using runtime::Task;

namespace {

constexpr int kPollsMax = 100;  // then the reader begins anew, elsewhere
constexpr Duration kPollFor = milliseconds(700);

}  // namespace

ReadingClient::ReadingClient(runtime::Env& env, Workload& workload)
    : env_(env),
      workload_(workload),
      cluster_(&env, bootstrap(), cluster_options()),
      scope_(env.loop) {
  scope_.spawn("reading client", run(this));
}

Task<> ReadingClient::run(ReadingClient* self) {
  const Workload::Busy busy(&self->workload_);
  while (!self->workload_.stopping()) {
    const Result<> done = co_await as_result(self->read(self->workload_.next_reader()));
    if (done) continue;
    self->workload_.count("readers given up");
    co_await runtime::sleep_until(self->env_.loop.now() + milliseconds(100));
  }
}

client::FetcherOptions ReadingClient::options() {
  Random& random = env_.random;
  return {.wait_max = milliseconds(random.between(1, 500)),
          .bytes_min = random.chance(0.5) ? 1 : 3'000,
          .bytes_max = random.chance(0.5) ? 1 << 20 : 4'000,
          .partition_bytes_max = random.chance(0.5) ? 1 << 20 : 2'000};
}

Task<> ReadingClient::read(int32_t number) {
  client::Fetcher fetcher(&cluster_, options());
  std::map<client::TopicPartition, Offset> starts;
  for (const auto& [partition, of_history] : workload_.partitions()) {
    Result<Read> offsets = co_await as_result(offsets_of(&cluster_, &workload_, partition));
    if (!offsets) continue;
    starts[partition] =
        Offset(env_.random.between(offsets->log_start.value, offsets->high_watermark.value));
    workload_.history().reads.push_back(*std::move(offsets));
  }
  fetcher.assign(starts);
  for (int polls = 0; polls < kPollsMax && !workload_.stopping(); ++polls) {
    const MonoTime began = workload_.now();
    const auto polled = co_await fetcher.poll(env_.loop.now() + kPollFor);
    for (const client::Fetched& fetched : polled) {
      Read read = workload_.read_of(fetched, began, decompressor_);
      read.reader = number;
      workload_.count("records read", std::ssize(read.records));
      workload_.history().reads.push_back(std::move(read));
      if (!env_.random.chance(0.01)) continue;
      fetcher.seek(fetched.partition,
                   Offset(env_.random.between(fetched.log_start.value, fetched.from.value)));
    }
    if (env_.random.chance(0.3)) {
      co_await runtime::sleep_until(env_.loop.now() + milliseconds(env_.random.between(1, 300)));
    }
  }
}

Task<Read> offsets_of(client::Cluster* cluster, Workload* workload,
                      client::TopicPartition partition) {
  Read read{.partition = workload->number_of(partition), .began = workload->now()};
  const client::OffsetAndTime start =
      co_await client::list_offset(cluster, partition, client::kEarliest);
  const client::OffsetAndTime end =
      co_await client::list_offset(cluster, partition, client::kLatest);
  read.log_start = start.offset;
  read.high_watermark = end.offset;
  read.from = read.to = start.offset;
  read.ended = workload->now();
  read.server_wall = workload->server_wall();
  co_return read;
}

}  // namespace millrace::scenario
