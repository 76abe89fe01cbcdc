#include "bench/null/answers.h"

#include <algorithm>

#include "kafka/api_table.h"
#include "kafka/messages/api_versions.h"
#include "kafka/messages/create_topics.h"
#include "kafka/messages/delete_topics.h"
#include "kafka/messages/fetch.h"
#include "kafka/messages/header.h"
#include "kafka/messages/list_offsets.h"
#include "kafka/messages/metadata.h"
#include "kafka/messages/produce.h"

namespace millrace::bench {
namespace {

constexpr BrokerId kOnlyBroker(0);
constexpr int64_t kEarliest = -2;

// All name topics by name, so that ids need not be kept.
constexpr kafka::ApiVersionsResponse::ApiVersion kServed[] = {
    {0, 3, 9}, {1, 4, 12}, {2, 1, 6}, {3, 0, 9}, {18, 0, 3}, {19, 2, 5}, {20, 1, 5}};

bool is_served(int16_t key, int16_t version) {
  return std::any_of(std::begin(kServed), std::end(kServed), [&](const auto& api) {
    return api.api_key == key && version >= api.min_version && version <= api.max_version;
  });
}

}  // namespace

Result<> Answers::give(MutableBytes frame, bool last_chance, kafka::Writer& writer,
                       Answer& answer) {
  arena_.reset();
  kafka::Reader reader(frame);
  if (frame.size() < 8) return fail(Errc::kInvalidRequest);
  const auto key = load_be<int16_t>(frame.data());
  const auto version = load_be<int16_t>(frame.data() + 2);
  const kafka::ApiInfo* api = kafka::find_api(key);
  if (!api || (api->key != kafka::ApiKey::kApiVersions && !is_served(key, version))) {
    return fail(Errc::kUnsupportedVersion);
  }
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
      TRY(fetch(reader, version, last_chance, writer, answer));
      break;
    case kafka::ApiKey::kListOffsets:
      TRY(list_offsets(reader, version, writer));
      break;
    case kafka::ApiKey::kCreateTopics:
      TRY(create_topics(reader, version, writer));
      break;
    case kafka::ApiKey::kDeleteTopics:
      TRY(delete_topics(reader, version, writer));
      break;
    default:
      return fail(Errc::kUnsupportedVersion);
  }
  return writer.end_frame();
}

Result<> Answers::api_versions(int16_t version, kafka::Writer& writer) {
  kafka::ApiVersionsResponse response;
  if (version > 3) {
    version = 0;  // KIP-511: the client asks again in a version that we name
    response.error_code = error_info(Errc::kUnsupportedVersion).kafka_code;
  }
  response.api_keys =
      arena_.copy_array(std::span<const kafka::ApiVersionsResponse::ApiVersion>(kServed));
  return response.encode(writer, version);
}

Result<> Answers::metadata(kafka::Reader& reader, int16_t version, kafka::Writer& writer) {
  const auto request = TRY(kafka::MetadataRequest::decode(reader, version, arena_));
  kafka::MetadataResponse response;
  response.brokers = arena_.make_array<kafka::MetadataResponse::Broker>(1);
  response.brokers[0] = {.node_id = kOnlyBroker, .host = "127.0.0.1", .port = port_};
  response.cluster_id = "null";
  response.controller_id = kOnlyBroker;
  const size_t count = request.topics ? request.topics->size() : 0;
  response.topics = arena_.make_array<kafka::MetadataResponse::Topic>(count);
  for (size_t i = 0; i < count; ++i) {
    auto& topic = response.topics[i];
    topic.name = (*request.topics)[i].name;
    const int32_t partitions = store_.partition_count(topic.name.value_or(""));
    topic.partitions =
        arena_.make_array<kafka::MetadataResponse::Partition>(static_cast<size_t>(partitions));
    for (int32_t p = 0; p < partitions; ++p) {
      auto& partition = topic.partitions[static_cast<size_t>(p)];
      partition.partition_index = PartitionIndex(p);
      partition.leader_id = kOnlyBroker;
      partition.replica_nodes = arena_.make_array<BrokerId>(1);
      partition.replica_nodes[0] = kOnlyBroker;
      partition.isr_nodes = partition.replica_nodes;
    }
  }
  return response.encode(writer, version);
}

Result<> Answers::produce(kafka::Reader& reader, int16_t version, kafka::Writer& writer) {
  const auto request = TRY(kafka::ProduceRequest::decode(reader, version, arena_));
  kafka::ProduceResponse response;
  response.responses = arena_.make_array<kafka::ProduceResponse::Topic>(request.topic_data.size());
  for (size_t t = 0; t < request.topic_data.size(); ++t) {
    const auto& topic = request.topic_data[t];
    auto& answered = response.responses[t];
    answered.name = topic.name;
    answered.partition_responses =
        arena_.make_array<kafka::ProduceResponse::Partition>(topic.partition_data.size());
    for (size_t p = 0; p < topic.partition_data.size(); ++p) {
      const auto& partition = topic.partition_data[p];
      const Bytes batch = partition.records ? partition.records->bytes : Bytes();
      auto& done = answered.partition_responses[p];
      done.index = partition.index;
      // The batch lies in the frame, which is ours to patch.
      const auto base = store_.append(topic.name, partition.index,
                                      {const_cast<uint8_t*>(batch.data()), batch.size()});
      done.error_code = base.has_value() ? int16_t{0} : base.error().kafka_code();
      done.base_offset = base.value_or(kNoOffset);
    }
  }
  return response.encode(writer, version);
}

Result<> Answers::fetch(kafka::Reader& reader, int16_t version, bool last_chance,
                        kafka::Writer& writer, Answer& answer) {
  static constexpr uint8_t kInAFile = 0;  // stands for bytes that never come into memory
  const auto request = TRY(kafka::FetchRequest::decode(reader, version, arena_));
  kafka::FetchResponse response;
  response.responses = arena_.make_array<kafka::FetchResponse::Topic>(request.topics.size());
  size_t bytes = 0;
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
      found.high_watermark = store_.end(topic.topic, wanted.partition);
      found.last_stable_offset = found.high_watermark;
      found.log_start_offset = Offset(0);
      const FileRange range = store_.read(topic.topic, wanted.partition, wanted.fetch_offset,
                                          static_cast<size_t>(wanted.partition_max_bytes));
      if (range.size == 0 || bytes > static_cast<size_t>(request.max_bytes)) continue;
      bytes += range.size;
      answer.files.push_back(range);
      found.records = kafka::Records(Bytes(&kInAFile, range.size));
    }
  }
  answer.complete =
      last_chance || bytes >= static_cast<size_t>(request.min_bytes) || request.max_wait_ms == 0;
  answer.wait_ms = request.max_wait_ms;
  return response.encode(writer, version);
}

Result<> Answers::list_offsets(kafka::Reader& reader, int16_t version, kafka::Writer& writer) {
  const auto request = TRY(kafka::ListOffsetsRequest::decode(reader, version, arena_));
  kafka::ListOffsetsResponse response;
  response.topics = arena_.make_array<kafka::ListOffsetsResponse::Topic>(request.topics.size());
  for (size_t t = 0; t < request.topics.size(); ++t) {
    const auto& topic = request.topics[t];
    response.topics[t].name = topic.name;
    response.topics[t].partitions =
        arena_.make_array<kafka::ListOffsetsResponse::Partition>(topic.partitions.size());
    for (size_t p = 0; p < topic.partitions.size(); ++p) {
      const auto& asked = topic.partitions[p];
      auto& found = response.topics[t].partitions[p];
      found.partition_index = asked.partition_index;
      found.offset = asked.timestamp.ms == kEarliest
                         ? Offset(0)
                         : store_.end(topic.name, asked.partition_index);
    }
  }
  return response.encode(writer, version);
}

Result<> Answers::create_topics(kafka::Reader& reader, int16_t version, kafka::Writer& writer) {
  const auto request = TRY(kafka::CreateTopicsRequest::decode(reader, version, arena_));
  kafka::CreateTopicsResponse response;
  response.topics = arena_.make_array<kafka::CreateTopicsResponse::Topic>(request.topics.size());
  for (size_t t = 0; t < request.topics.size(); ++t) {
    store_.create(request.topics[t].name, request.topics[t].num_partitions);
    response.topics[t].name = request.topics[t].name;
  }
  return response.encode(writer, version);
}

Result<> Answers::delete_topics(kafka::Reader& reader, int16_t version, kafka::Writer& writer) {
  const auto request = TRY(kafka::DeleteTopicsRequest::decode(reader, version, arena_));
  kafka::DeleteTopicsResponse response;
  response.responses =
      arena_.make_array<kafka::DeleteTopicsResponse::Topic>(request.topic_names.size());
  for (size_t t = 0; t < request.topic_names.size(); ++t) {
    store_.remove(request.topic_names[t]);
    response.responses[t].name = request.topic_names[t];
  }
  return response.encode(writer, version);
}

}  // namespace millrace::bench
