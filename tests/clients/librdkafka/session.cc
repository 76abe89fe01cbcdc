#include "session.h"

#include <cstring>

void check(rd_kafka_resp_err_t error, const std::string& what) {
  if (error) throw Failure(what + ", expected no error, got " + rd_kafka_err2str(error));
}

Client make_client(rd_kafka_type_t type, const std::string& bootstrap, const Settings& settings,
                   void* opaque, void (*configure)(rd_kafka_conf_t*)) {
  char error[512];
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  Settings all = settings;
  all.emplace_back("bootstrap.servers", bootstrap);
  for (const auto& [name, value] : all)
    if (rd_kafka_conf_set(conf, name.c_str(), value.c_str(), error, sizeof error))
      throw Failure(error);
  rd_kafka_conf_set_opaque(conf, opaque);
  if (configure) configure(conf);
  Client client(rd_kafka_new(type, conf, error, sizeof error));
  if (!client) throw Failure(error);
  if (type == RD_KAFKA_CONSUMER) rd_kafka_poll_set_consumer(client.get());
  return client;
}

Client admin_client(const std::string& bootstrap) {
  return make_client(RD_KAFKA_PRODUCER, bootstrap, {});
}

Metadata metadata(rd_kafka_t* client, rd_kafka_topic_t* topic) {
  const struct rd_kafka_metadata* found = nullptr;
  check(rd_kafka_metadata(client, topic == nullptr, topic, &found, kPatienceMs), "metadata");
  return Metadata(found);
}

Partitions one_partition(const std::string& topic, int32_t partition, int64_t offset) {
  Partitions list(rd_kafka_topic_partition_list_new(1));
  rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), partition)->offset = offset;
  return list;
}

rd_kafka_resp_err_t create_topic(rd_kafka_t* admin, const std::string& topic, int partitions,
                                 const Settings& settings) {
  char error[512];
  Held<rd_kafka_NewTopic_t, rd_kafka_NewTopic_destroy> wanted(
      rd_kafka_NewTopic_new(topic.c_str(), partitions, 1, error, sizeof error));
  for (const auto& [name, value] : settings)
    rd_kafka_NewTopic_set_config(wanted.get(), name.c_str(), value.c_str());
  rd_kafka_NewTopic_t* topics[] = {wanted.get()};
  Event answer = admin_answer(admin, [&](rd_kafka_queue_t* queue) {
    rd_kafka_CreateTopics(admin, topics, 1, nullptr, queue);
  });
  size_t count = 0;
  return rd_kafka_topic_result_error(rd_kafka_CreateTopics_result_topics(
      rd_kafka_event_CreateTopics_result(answer.get()), &count)[0]);
}

static bool has_leaders(rd_kafka_t* client, const std::string& topic, int partitions) {
  Held<rd_kafka_topic_t, rd_kafka_topic_destroy> handle(
      rd_kafka_topic_new(client, topic.c_str(), nullptr));
  Metadata found = metadata(client, handle.get());
  const auto& described = found->topics[0];
  bool led = described.partition_cnt == partitions;
  for (int i = 0; i < described.partition_cnt; ++i) led &= described.partitions[i].leader >= 0;
  return led;
}

std::string create(const std::string& bootstrap, const std::string& name, int partitions,
                   const Settings& settings) {
  const std::string topic = "librdkafka-" + name;
  Client admin = admin_client(bootstrap);
  check(create_topic(admin.get(), topic, partitions, settings), "creating " + topic);
  eventually("leaders of " + topic, [&] { return has_leaders(admin.get(), topic, partitions); });
  for (int i = 0; i < partitions; ++i) {
    // Kafka tells of a leader a moment before that leader serves.
    int64_t low = -1, high = -1;
    eventually("a leader that answers", [&] {
      return !rd_kafka_query_watermark_offsets(admin.get(), topic.c_str(), i, &low, &high,
                                               kPatienceMs);
    });
  }
  return topic;
}

std::string numbered(const std::string& bootstrap, const std::string& name) {
  const std::string topic = create(bootstrap, name);
  send_numbers(bootstrap, topic, 0, 10);
  return topic;
}

std::vector<std::string> numbers(int from, int to) {
  std::vector<std::string> texts;
  for (int i = from; i < to; ++i) texts.push_back(std::to_string(i));
  return texts;
}

rd_kafka_resp_err_t produce(rd_kafka_t* producer, const std::string& topic, const Record& record,
                            void* opaque) {
  rd_kafka_headers_t* headers = rd_kafka_headers_new(record.headers.size());
  for (const auto& [name, value] : record.headers)
    rd_kafka_header_add(headers, name.c_str(), -1, value ? value->data() : nullptr,
                        value ? value->size() : 0);
  auto data = [](const Bytes& bytes) { return bytes ? const_cast<char*>(bytes->data()) : nullptr; };
  auto size = [](const Bytes& bytes) { return bytes ? bytes->size() : 0; };
  rd_kafka_resp_err_t error = rd_kafka_producev(
      producer, RD_KAFKA_V_TOPIC(topic.c_str()), RD_KAFKA_V_PARTITION(record.partition),
      RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_KEY(data(record.key), size(record.key)),
      RD_KAFKA_V_VALUE(data(record.value), size(record.value)),
      RD_KAFKA_V_TIMESTAMP(record.timestamp), RD_KAFKA_V_HEADERS(headers),
      RD_KAFKA_V_OPAQUE(opaque), RD_KAFKA_V_END);
  if (error) rd_kafka_headers_destroy(headers);
  return error;
}

namespace {

struct Answer {
  rd_kafka_resp_err_t error = RD_KAFKA_RESP_ERR__IN_PROGRESS;
  int64_t offset = -1;
};

void note_answer(rd_kafka_t*, const rd_kafka_message_t* message, void*) {
  *static_cast<Answer*>(message->_private) = {message->err, message->offset};
}

}  // namespace

std::vector<int64_t> send(const std::string& bootstrap, const std::string& topic,
                          const std::vector<Record>& records, const Settings& settings) {
  std::vector<Answer> answers(records.size());
  Client producer =
      make_client(RD_KAFKA_PRODUCER, bootstrap, settings, nullptr,
                  [](rd_kafka_conf_t* conf) { rd_kafka_conf_set_dr_msg_cb(conf, note_answer); });
  for (size_t i = 0; i < records.size(); ++i)
    check(produce(producer.get(), topic, records[i], &answers[i]), "sending");
  check(rd_kafka_flush(producer.get(), kPatienceMs), "waiting for answers");
  std::vector<int64_t> offsets;
  for (const Answer& answer : answers) {
    check(answer.error, "the answer to a record");
    offsets.push_back(answer.offset);
  }
  return offsets;
}

void send_numbers(const std::string& bootstrap, const std::string& topic, int from, int to) {
  std::vector<Record> records;
  for (const std::string& number : numbers(from, to)) records.push_back({.value = number});
  send(bootstrap, topic, records);
}

Client reader(const std::string& bootstrap, const std::string& topic, int32_t partition,
              int64_t offset) {
  Client consumer = make_client(
      RD_KAFKA_CONSUMER, bootstrap,
      {{"group.id", "nobody"}, {"enable.auto.commit", "false"}, {"auto.offset.reset", "error"}});
  check(rd_kafka_assign(consumer.get(), one_partition(topic, partition, offset).get()),
        "assigning");
  return consumer;
}

Client member(const std::string& bootstrap, const std::string& topic, const Settings& settings) {
  Settings all = settings;
  all.insert(
      all.end(),
      {{"group.id", topic}, {"enable.auto.commit", "false"}, {"auto.offset.reset", "earliest"}});
  Client consumer = make_client(RD_KAFKA_CONSUMER, bootstrap, all);
  check(rd_kafka_subscribe(consumer.get(), one_partition(topic, RD_KAFKA_PARTITION_UA).get()),
        "subscribing");
  return consumer;
}

static Bytes bytes(const void* data, size_t size) {
  return data ? Bytes(std::string(static_cast<const char*>(data), size)) : std::nullopt;
}

std::optional<Record> poll(rd_kafka_t* consumer, int timeout_ms) {
  Message message(rd_kafka_consumer_poll(consumer, timeout_ms));
  if (!message || message->err == RD_KAFKA_RESP_ERR__TRANSPORT ||
      message->err == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN)
    return std::nullopt;
  check(message->err, "a fetched record");
  Record record{.partition = message->partition,
                .key = bytes(message->key, message->key_len),
                .value = bytes(message->payload, message->len),
                .headers = {},
                .timestamp = rd_kafka_message_timestamp(message.get(), nullptr),
                .offset = message->offset};
  rd_kafka_headers_t* headers = nullptr;
  if (rd_kafka_message_headers(message.get(), &headers) == RD_KAFKA_RESP_ERR_NO_ERROR) {
    const char* name = nullptr;
    const void* value = nullptr;
    size_t size = 0;
    for (size_t i = 0;
         rd_kafka_header_get_all(headers, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR;
         ++i)
      record.headers.emplace_back(name, bytes(value, size));
  }
  return record;
}

std::vector<Record> take(rd_kafka_t* consumer, size_t count) {
  std::vector<Record> records;
  eventually(std::to_string(count) + " records", [&] {
    while (auto record = poll(consumer, records.size() < count ? 100 : 0))
      records.push_back(*record);
    return records.size() >= count;
  });
  return records;
}

std::vector<Record> read(const std::string& bootstrap, const std::string& topic, size_t count,
                         int32_t partition) {
  Client consumer = reader(bootstrap, topic, partition);
  return take(consumer.get(), count);
}

std::vector<std::string> values(const std::vector<Record>& records) {
  std::vector<std::string> texts;
  texts.reserve(records.size());
  for (const Record& record : records) texts.push_back(record.value.value_or("null"));
  return texts;
}
