// Short ways to librdkafka's producer, consumer and admin requests. Its objects are held by
// pointers that free them.
#pragma once

#include <librdkafka/rdkafka.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "protocol.h"

constexpr int kPatienceMs = 60000;

using Bytes = std::optional<std::string>;  // null or bytes
using Settings = std::vector<std::pair<std::string, std::string>>;
using Headers = std::vector<std::pair<std::string, Bytes>>;

struct Record {
  int32_t partition = 0;
  Bytes key;
  Bytes value;
  Headers headers;
  int64_t timestamp = 0;  // 0: now
  int64_t offset = -1;
};

template <auto destroy>
struct Free {
  template <typename T>
  void operator()(T* object) const {
    destroy(object);
  }
};
template <typename T, auto destroy>
using Held = std::unique_ptr<T, Free<destroy>>;

using Client = Held<rd_kafka_t, rd_kafka_destroy>;
using Partitions = Held<rd_kafka_topic_partition_list_t, rd_kafka_topic_partition_list_destroy>;
using Event = Held<rd_kafka_event_t, rd_kafka_event_destroy>;
using Queue = Held<rd_kafka_queue_t, rd_kafka_queue_destroy>;
using Metadata = Held<const struct rd_kafka_metadata, rd_kafka_metadata_destroy>;
using Message = Held<rd_kafka_message_t, rd_kafka_message_destroy>;

// Throws when a call was refused.
void check(rd_kafka_resp_err_t error, const std::string& what);

Client make_client(rd_kafka_type_t type, const std::string& bootstrap, const Settings& settings,
                   void* opaque = nullptr, void (*configure)(rd_kafka_conf_t*) = nullptr);
Client admin_client(const std::string& bootstrap);

// The brokers, and the given topic, or all topics.
Metadata metadata(rd_kafka_t* client, rd_kafka_topic_t* topic = nullptr);

// A list with one partition.
Partitions one_partition(const std::string& topic, int32_t partition,
                         int64_t offset = RD_KAFKA_OFFSET_INVALID);

// Sends an admin request with `request(queue)` and returns its answer.
template <typename Request>
Event admin_answer(rd_kafka_t* client, Request request) {
  Queue queue(rd_kafka_queue_new(client));
  request(queue.get());
  Event answer(rd_kafka_queue_poll(queue.get(), kPatienceMs));
  if (!answer) throw Failure("the answer to an admin request, expected within 60 s, got nothing");
  check(rd_kafka_event_error(answer.get()), rd_kafka_event_error_string(answer.get()));
  return answer;
}

rd_kafka_resp_err_t create_topic(rd_kafka_t* admin, const std::string& topic, int partitions,
                                 const Settings& settings);

// Creates a topic of this family and returns its name once each partition has a leader.
std::string create(const std::string& bootstrap, const std::string& name, int partitions = 1,
                   const Settings& settings = {});

// A topic with the records 0 to 9.
std::string numbered(const std::string& bootstrap, const std::string& name);
std::vector<std::string> numbers(int from, int to);

// Sends the records and returns the acknowledged offsets, in order.
std::vector<int64_t> send(const std::string& bootstrap, const std::string& topic,
                          const std::vector<Record>& records, const Settings& settings = {});
void send_numbers(const std::string& bootstrap, const std::string& topic, int from, int to);

// Hands one record to a producer; `opaque` comes back with its delivery report.
rd_kafka_resp_err_t produce(rd_kafka_t* producer, const std::string& topic, const Record& record,
                            void* opaque = nullptr);

// A consumer of one partition, outside any group.
Client reader(const std::string& bootstrap, const std::string& topic, int32_t partition = 0,
              int64_t offset = RD_KAFKA_OFFSET_BEGINNING);
Client member(const std::string& bootstrap, const std::string& topic,
              const Settings& settings = {});

// The next record, if one comes soon.
std::optional<Record> poll(rd_kafka_t* consumer, int timeout_ms = 100);
std::vector<Record> take(rd_kafka_t* consumer, size_t count);
std::vector<Record> read(const std::string& bootstrap, const std::string& topic, size_t count,
                         int32_t partition = 0);

std::vector<std::string> values(const std::vector<Record>& records);
