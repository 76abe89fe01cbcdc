// The client side of the bench, on librdkafka: one workload per call, one line of JSON out.
//
//   bench_load produce  --bootstrap A --topic T --records N --size B --linger-ms L --batch-bytes N
//                       --acks all|1 --producers N [--in-flight N]
//   bench_load consume  --bootstrap A --topic T --records N --partitions N
//   bench_load requests --bootstrap A --topic T --seconds S    one record per request, one at a
//   time bench_load ack      --bootstrap A --topic T --give-up-s S  waits for the first
//   acknowledgement
#include <arpa/inet.h>
#include <fmt/core.h>
#include <librdkafka/rdkafka.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>
#include <vector>

namespace {

using Arguments = std::map<std::string, std::string>;

[[noreturn]] void die(const std::string& why) {
  fmt::print(stderr, "bench_load: {}\n", why);
  std::exit(1);
}

double now_s() {
  timespec t{};
  clock_gettime(CLOCK_MONOTONIC, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}

double cpu_s() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& v) {
    return static_cast<double>(v.tv_sec) + static_cast<double>(v.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

std::string get(const Arguments& arguments, const std::string& name,
                const char* standard = nullptr) {
  const auto found = arguments.find(name);
  if (found != arguments.end()) return found->second;
  if (!standard) die("--" + name + " is missing");
  return standard;
}
int64_t number(const Arguments& arguments, const std::string& name,
               const char* standard = nullptr) {
  return std::strtoll(get(arguments, name, standard).c_str(), nullptr, 10);
}

struct Delivered {
  int64_t records = 0;
  int64_t failed = 0;
};

void on_delivery(rd_kafka_t*, const rd_kafka_message_t* message, void* opaque) {
  auto* delivered = static_cast<Delivered*>(opaque);
  ++(message->err ? delivered->failed : delivered->records);
}

rd_kafka_conf_t* configure(const std::vector<std::pair<std::string, std::string>>& settings) {
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  char error[512];
  for (const auto& [name, value] : settings) {
    if (rd_kafka_conf_set(conf, name.c_str(), value.c_str(), error, sizeof error) !=
        RD_KAFKA_CONF_OK)
      die(error);
  }
  return conf;
}

rd_kafka_t* create(rd_kafka_type_t type, rd_kafka_conf_t* conf) {
  char error[512];
  rd_kafka_t* client = rd_kafka_new(type, conf, error, sizeof error);
  if (!client) die(error);
  return client;
}

rd_kafka_t* make_producer(const Arguments& arguments, Delivered* delivered, const char* linger_ms,
                          const char* in_flight) {
  rd_kafka_conf_t* conf = configure({
      {"bootstrap.servers", get(arguments, "bootstrap")},
      {"acks", get(arguments, "acks", "all")},
      {"linger.ms", get(arguments, "linger-ms", linger_ms)},
      {"batch.size", get(arguments, "batch-bytes", "262144")},
      {"queue.buffering.max.messages", "200000"},
      {"queue.buffering.max.kbytes", "262144"},
      {"max.in.flight.requests.per.connection", get(arguments, "in-flight", in_flight)},
      {"sticky.partitioning.linger.ms", get(arguments, "linger-ms", linger_ms)},
  });
  rd_kafka_conf_set_opaque(conf, delivered);
  rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
  return create(RD_KAFKA_PRODUCER, conf);
}

void send(rd_kafka_t* producer, const std::string& topic, const std::string& value) {
  while (rd_kafka_producev(producer, RD_KAFKA_V_TOPIC(topic.c_str()),
                           RD_KAFKA_V_VALUE(const_cast<char*>(value.data()), value.size()),
                           RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                           RD_KAFKA_V_END) == RD_KAFKA_RESP_ERR__QUEUE_FULL) {
    rd_kafka_poll(producer, 10);
  }
}

void report(int64_t records, int64_t failed, int64_t bytes, double seconds) {
  fmt::print(
      "{{\"records\": {}, \"failed\": {}, \"bytes\": {}, \"seconds\": {:.4f}, \"client_cpu_s\": "
      "{:.4f}}}\n",
      records, failed, bytes, seconds, cpu_s());
}

int produce(const Arguments& arguments) {
  const int64_t records = number(arguments, "records");
  const int64_t size = number(arguments, "size", "1024");
  const auto producers = static_cast<size_t>(number(arguments, "producers", "1"));
  const std::string topic = get(arguments, "topic");
  const std::string value(static_cast<size_t>(size), 'v');
  Delivered delivered;
  std::vector<rd_kafka_t*> clients;
  clients.reserve(producers);
  for (size_t i = 0; i < producers; ++i) {
    clients.push_back(make_producer(arguments, &delivered, "5", "5"));
  }
  const double start = now_s();
  for (int64_t i = 0; i < records; ++i) {
    rd_kafka_t* client = clients[static_cast<size_t>(i) % producers];
    send(client, topic, value);
    if (i % 1000 < static_cast<int64_t>(producers)) rd_kafka_poll(client, 0);
  }
  for (rd_kafka_t* client : clients) rd_kafka_flush(client, 120'000);
  const double seconds = now_s() - start;
  report(delivered.records, records - delivered.records, delivered.records * size, seconds);
  for (rd_kafka_t* client : clients) rd_kafka_destroy(client);
  return delivered.records == records ? 0 : 1;
}

// One record on its way at a time: what a request costs when nothing is batched.
int requests(const Arguments& arguments) {
  const std::string topic = get(arguments, "topic");
  const std::string value(100, 'v');
  Delivered delivered;
  rd_kafka_t* client = make_producer(arguments, &delivered, "0", "1");
  const double start = now_s();
  const double end = start + static_cast<double>(number(arguments, "seconds"));
  while (now_s() < end && delivered.failed == 0) {
    send(client, topic, value);
    const int64_t before = delivered.records;
    while (delivered.records == before && delivered.failed == 0) rd_kafka_poll(client, 1000);
  }
  report(delivered.records, delivered.failed, delivered.records * 100, now_s() - start);
  rd_kafka_destroy(client);
  return delivered.failed == 0 ? 0 : 1;
}

int consume(const Arguments& arguments) {
  const int64_t records = number(arguments, "records");
  const int partitions = static_cast<int>(number(arguments, "partitions", "6"));
  const std::string topic = get(arguments, "topic");
  rd_kafka_t* client =
      create(RD_KAFKA_CONSUMER, configure({
                                    {"bootstrap.servers", get(arguments, "bootstrap")},
                                    {"group.id", "bench"},
                                    {"enable.auto.commit", "false"},
                                    {"auto.offset.reset", "earliest"},
                                    {"fetch.message.max.bytes", "1048576"},
                                    {"queued.min.messages", "200000"},
                                }));
  rd_kafka_topic_partition_list_t* all = rd_kafka_topic_partition_list_new(partitions);
  for (int p = 0; p < partitions; ++p) {
    rd_kafka_topic_partition_list_add(all, topic.c_str(), p)->offset = 0;
  }
  rd_kafka_assign(client, all);
  rd_kafka_queue_t* queue = rd_kafka_queue_get_consumer(client);
  std::vector<rd_kafka_message_t*> batch(10'000);
  int64_t got = 0;
  int64_t bytes = 0;
  const double start = now_s();
  double last_progress = start;
  while (got < records) {
    const ssize_t count = rd_kafka_consume_batch_queue(queue, 1000, batch.data(), batch.size());
    for (ssize_t i = 0; i < count; ++i) {
      rd_kafka_message_t* message = batch[static_cast<size_t>(i)];
      if (!message->err) {
        ++got;
        bytes += static_cast<int64_t>(message->len);
      }
      rd_kafka_message_destroy(message);
    }
    if (count > 0) last_progress = now_s();
    if (now_s() - last_progress > 30)
      die(fmt::format("nothing came for 30 s after {} records", got));
  }
  report(got, 0, bytes, now_s() - start);
  std::fflush(stdout);
  std::_Exit(0);  // tearing down 200 k queued messages is no part of the measurement
}

bool accepts_connections(const std::string& address) {
  const size_t colon = address.rfind(':');
  sockaddr_in to{.sin_family = AF_INET};
  to.sin_port = htons(static_cast<uint16_t>(std::stoi(address.substr(colon + 1))));
  if (inet_pton(AF_INET, address.substr(0, colon).c_str(), &to.sin_addr) != 1)
    die(address + " is not IPv4:PORT");
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const bool accepted = ::connect(socket, reinterpret_cast<sockaddr*>(&to), sizeof to) == 0;
  ::close(socket);
  return accepted;
}

// Knocks until somebody opens, and then produces one record. librdkafka would wait up to a second
// between two knocks.
int first_ack(const Arguments& arguments) {
  const std::string address = get(arguments, "bootstrap");
  const double give_up = now_s() + static_cast<double>(number(arguments, "give-up-s", "60"));
  while (!accepts_connections(address) && now_s() < give_up) usleep(500);
  Delivered delivered;
  rd_kafka_conf_t* conf = configure({{"bootstrap.servers", address},
                                     {"reconnect.backoff.ms", "1"},
                                     {"reconnect.backoff.max.ms", "5"},
                                     {"retry.backoff.ms", "5"},
                                     {"topic.metadata.refresh.fast.interval.ms", "10"},
                                     {"log_level", "2"},
                                     {"linger.ms", "0"}});
  rd_kafka_conf_set_opaque(conf, &delivered);
  rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
  rd_kafka_t* client = create(RD_KAFKA_PRODUCER, conf);
  send(client, get(arguments, "topic"), "first");
  while (delivered.records == 0 && delivered.failed == 0 && now_s() < give_up) {
    rd_kafka_poll(client, 1);
  }
  // On the machine's monotonic clock: whoever started the broker knows when that was.
  fmt::print("{{\"acknowledged_at_s\": {:.6f}}}\n", now_s());
  std::fflush(stdout);
  std::_Exit(delivered.records == 1 ? 0 : 1);
}

}  // namespace

int main(int count, char** words) {
  if (count < 2) die("usage: bench_load produce|consume|requests|ack --name value ...");
  Arguments arguments;
  for (int i = 2; i + 1 < count; i += 2) {
    if (std::strncmp(words[i], "--", 2) != 0) die(fmt::format("{}: want --name value", words[i]));
    arguments[words[i] + 2] = words[i + 1];
  }
  const std::string verb = words[1];
  if (verb == "produce") return produce(arguments);
  if (verb == "consume") return consume(arguments);
  if (verb == "requests") return requests(arguments);
  if (verb == "ack") return first_ack(arguments);
  die("no workload " + verb);
}
