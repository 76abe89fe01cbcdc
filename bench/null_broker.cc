// The floor: a broker that speaks just enough Kafka for librdkafka and stores nothing. Same event
// loop, sockets and message code as the real one; Produce is decoded and acknowledged, Fetch is
// answered from one batch made at the start. What it costs is what the protocol costs.
//
//   null_broker            listens on a free port of 127.0.0.1 and prints HOST:PORT
#include <fmt/core.h>

#include <cstdio>
#include <map>

#include "base/arena.h"
#include "kafka/api_table.h"
#include "kafka/messages/api_versions.h"
#include "kafka/messages/fetch.h"
#include "kafka/messages/header.h"
#include "kafka/messages/list_offsets.h"
#include "kafka/messages/metadata.h"
#include "kafka/messages/produce.h"
#include "kafka/record_batch.h"
#include "kafka/record_batch_builder.h"
#include "runtime/os/clock.h"
#include "runtime/os/driver.h"
#include "runtime/os/helper_threads.h"
#include "runtime/os/network.h"
#include "runtime/os/signals.h"
#include "runtime/scope.h"

namespace millrace::bench {
namespace {

using runtime::Task;

constexpr int32_t kPartitions = 6;
constexpr size_t kFrameMax = 100 << 20;
constexpr int32_t kRecordsPerBatch = 250;  // of 1 KiB: what producers with 256 KiB batches send
constexpr size_t kBatchesPerFetch = 4;     // of one partition: what consumers take by default

/// What a client may ask for here, in versions that librdkafka and the Java client both have.
constexpr kafka::ApiVersionsResponse::ApiVersion kServed[] = {
    {0, 0, 8}, {1, 4, 11}, {2, 1, 5}, {3, 0, 8}, {18, 0, 3}};

class NullBroker {
 public:
  explicit NullBroker(runtime::Loop& loop) : scope_(loop) { make_batch(); }

  Task<> serve(runtime::Listener* listener) {
    port_ = listener->local().port;
    while (true) {
      scope_.spawn("connection", converse(co_await runtime::accept(listener)));
    }
  }

 private:
  void make_batch() {
    kafka::Compressor compressor;
    kafka::RecordBatchBuilder builder(compressor);
    builder.begin({});
    const std::string value(1024, 'x');
    for (int32_t i = 0; i < kRecordsPerBatch; ++i) {
      CHECK(builder.append({.timestamp = Timestamp{0}, .value = as_bytes(value)}).has_value());
    }
    batch_ = Buffer(builder.finish().value());
  }

  Task<> converse(std::unique_ptr<runtime::Socket> socket) {
    Buffer in;
    Buffer out;
    while (true) {
      uint8_t size_bytes[4];
      co_await runtime::read_exactly(socket.get(), size_bytes);
      const uint32_t size = load_be32(size_bytes);
      if (size > kFrameMax) co_await fail(Errc::kInvalidRequest, "frame too large");
      in.resize(size);
      co_await runtime::read_exactly(socket.get(), in.mutable_bytes());
      out.clear();
      kafka::Writer writer(out);
      arena_.reset();
      co_await answer(in, writer);
      for (const Bytes part : writer.parts()) co_await runtime::write_all(socket.get(), part);
    }
  }

  Result<> answer(Bytes frame, kafka::Writer& writer) {
    kafka::Reader reader(frame);
    const auto key = load_be<int16_t>(frame.data());
    const auto version = load_be<int16_t>(frame.data() + 2);
    const kafka::ApiInfo* api = kafka::find_api(key);
    if (!api) return fail(Errc::kUnsupportedVersion);
    const auto header = TRY(
        kafka::RequestHeader::decode(reader, kafka::request_header_version(*api, version), arena_));
    writer.begin_frame();
    const kafka::ResponseHeader response_header{.correlation_id = header.correlation_id};
    TRY(response_header.encode(writer, kafka::response_header_version(*api, version)));
    switch (api->key) {
      case kafka::ApiKey::kApiVersions:
        TRY(api_versions(version, writer));
        break;
      case kafka::ApiKey::kMetadata:
        TRY(metadata(reader, version, writer));
        break;
      case kafka::ApiKey::kProduce:
        TRY(produce(reader, version, writer));
        break;
      case kafka::ApiKey::kFetch:
        TRY(fetch(reader, version, writer));
        break;
      case kafka::ApiKey::kListOffsets:
        TRY(list_offsets(reader, version, writer));
        break;
      default:
        return fail(Errc::kUnsupportedVersion);
    }
    return writer.end_frame();
  }

  Result<> api_versions(int16_t version, kafka::Writer& writer) {
    kafka::ApiVersionsResponse response;
    if (version > 3) {
      version = 0;  // KIP-511: the client asks again in a version that we name
      response.error_code = error_info(Errc::kUnsupportedVersion).kafka_code;
    }
    response.api_keys =
        arena_.copy_array(std::span<const kafka::ApiVersionsResponse::ApiVersion>(kServed));
    return response.encode(writer, version);
  }

  Result<> metadata(kafka::Reader& reader, int16_t version, kafka::Writer& writer) {
    const auto request = TRY(kafka::MetadataRequest::decode(reader, version, arena_));
    kafka::MetadataResponse response;
    response.brokers = arena_.make_array<kafka::MetadataResponse::Broker>(1);
    response.brokers[0] = {.node_id = BrokerId(0), .host = "127.0.0.1", .port = port_};
    response.cluster_id = "null";
    response.controller_id = BrokerId(0);
    const size_t count = request.topics ? request.topics->size() : 0;
    response.topics = arena_.make_array<kafka::MetadataResponse::Topic>(count);
    for (size_t i = 0; i < count; ++i) {
      auto& topic = response.topics[i];
      topic.name = (*request.topics)[i].name;
      topic.partitions = arena_.make_array<kafka::MetadataResponse::Partition>(kPartitions);
      for (int32_t p = 0; p < kPartitions; ++p) {
        auto& partition = topic.partitions[static_cast<size_t>(p)];
        partition.partition_index = PartitionIndex(p);
        partition.leader_id = BrokerId(0);
        partition.replica_nodes = arena_.make_array<BrokerId>(1);
        partition.replica_nodes[0] = BrokerId(0);
        partition.isr_nodes = partition.replica_nodes;
      }
    }
    return response.encode(writer, version);
  }

  Result<> produce(kafka::Reader& reader, int16_t version, kafka::Writer& writer) {
    const auto request = TRY(kafka::ProduceRequest::decode(reader, version, arena_));
    kafka::ProduceResponse response;
    response.responses =
        arena_.make_array<kafka::ProduceResponse::Topic>(request.topic_data.size());
    for (size_t t = 0; t < request.topic_data.size(); ++t) {
      const auto& topic = request.topic_data[t];
      auto& answered = response.responses[t];
      answered.name = topic.name;
      answered.partition_responses =
          arena_.make_array<kafka::ProduceResponse::Partition>(topic.partition_data.size());
      for (size_t p = 0; p < topic.partition_data.size(); ++p) {
        const auto& partition = topic.partition_data[p];
        const Bytes batch = partition.records ? partition.records->bytes : Bytes();
        const auto parsed = TRY(kafka::parse_batch(batch));
        Offset& next = next_[partition.index];
        auto& done = answered.partition_responses[p];
        done.index = partition.index;
        done.base_offset = next;
        next = next + parsed.record_count();
      }
    }
    return response.encode(writer, version);
  }

  Result<> fetch(kafka::Reader& reader, int16_t version, kafka::Writer& writer) {
    const auto request = TRY(kafka::FetchRequest::decode(reader, version, arena_));
    kafka::FetchResponse response;
    response.responses = arena_.make_array<kafka::FetchResponse::Topic>(request.topics.size());
    for (size_t t = 0; t < request.topics.size(); ++t) {
      const auto& topic = request.topics[t];
      auto& answered = response.responses[t];
      answered.topic = topic.topic;
      answered.partitions =
          arena_.make_array<kafka::FetchResponse::Partition>(topic.partitions.size());
      for (size_t p = 0; p < topic.partitions.size(); ++p) {
        const auto& wanted = topic.partitions[p];
        auto& found = answered.partitions[p];
        found.partition_index = wanted.partition;
        found.high_watermark = Offset(int64_t{1} << 40);
        found.last_stable_offset = found.high_watermark;
        found.log_start_offset = Offset(0);
        found.records = kafka::Records(
            batches_from(wanted.partition, wanted.fetch_offset, wanted.partition_max_bytes));
      }
    }
    return response.encode(writer, version);
  }

  // As many copies of the batch as fit, renumbered: the bytes a real broker would send. They are
  // made once per partition and only their offsets change, as if they lay in a page cache.
  Bytes batches_from(PartitionIndex partition, Offset offset, int32_t bytes_max) {
    const size_t count =
        std::clamp<size_t>(static_cast<size_t>(bytes_max) / batch_.size(), 1, kBatchesPerFetch);
    Buffer& batches = batches_[partition];
    while (batches.size() < kBatchesPerFetch * batch_.size()) batches.append(batch_.bytes());
    for (size_t i = 0; i < count; ++i) {
      store_be<int64_t>(batches.data() + i * batch_.size(),
                        offset.value + static_cast<int64_t>(i) * kRecordsPerBatch);
    }
    return batches.bytes().first(count * batch_.size());
  }

  Result<> list_offsets(kafka::Reader& reader, int16_t version, kafka::Writer& writer) {
    const auto request = TRY(kafka::ListOffsetsRequest::decode(reader, version, arena_));
    kafka::ListOffsetsResponse response;
    response.topics = arena_.make_array<kafka::ListOffsetsResponse::Topic>(request.topics.size());
    for (size_t t = 0; t < request.topics.size(); ++t) {
      response.topics[t].name = request.topics[t].name;
      response.topics[t].partitions = arena_.make_array<kafka::ListOffsetsResponse::Partition>(
          request.topics[t].partitions.size());
      for (size_t p = 0; p < request.topics[t].partitions.size(); ++p) {
        auto& found = response.topics[t].partitions[p];
        found.partition_index = request.topics[t].partitions[p].partition_index;
        found.offset = Offset(0);
      }
    }
    return response.encode(writer, version);
  }

  Arena arena_;
  Buffer batch_;
  std::map<PartitionIndex, Buffer> batches_;
  std::map<PartitionIndex, Offset> next_;
  int32_t port_ = 0;
  runtime::Scope scope_;
};

Task<> run(runtime::os::Driver* driver, runtime::os::StopSignals* signals) {
  co_await signals->wait();
  driver->stop();
}

int serve_until_stopped() {
  runtime::os::SystemClock clock;
  runtime::Loop loop(clock);
  const auto driver = runtime::os::Driver::create(loop).value();
  const auto signals = runtime::os::StopSignals::create(*driver).value();
  runtime::os::HelperThreads threads(*driver, 1);
  runtime::os::SystemNetwork network(*driver, threads);
  const auto listener = network.listen({"127.0.0.1", 0}, {.backlog = 128}).value();
  NullBroker broker(loop);
  runtime::Scope scope(loop);
  scope.spawn("accept", broker.serve(listener.get()));
  scope.spawn("stop", run(driver.get(), signals.get()));
  fmt::print("{}\n", listener->local().to_string());
  std::fflush(stdout);
  driver->run();
  return 0;
}

}  // namespace
}  // namespace millrace::bench

int main() {
  return millrace::bench::serve_until_stopped();
}
