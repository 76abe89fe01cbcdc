// Records deleted under a reader's feet, and a broker killed under a producer's and a consumer's.
#include <atomic>
#include <chrono>
#include <numeric>
#include <thread>

#include "session.h"

namespace {

void delete_records(const std::string& bootstrap) {
  const std::string topic = numbered(bootstrap, "delete-records");
  Client admin = admin_client(bootstrap);
  Held<rd_kafka_DeleteRecords_t, rd_kafka_DeleteRecords_destroy> wanted(
      rd_kafka_DeleteRecords_new(one_partition(topic, 0, 6).get()));
  rd_kafka_DeleteRecords_t* doomed[] = {wanted.get()};
  Event answer = admin_answer(admin.get(), [&](rd_kafka_queue_t* queue) {
    rd_kafka_DeleteRecords(admin.get(), doomed, 1, nullptr, queue);
  });
  auto deleted =
      rd_kafka_DeleteRecords_result_offsets(rd_kafka_event_DeleteRecords_result(answer.get()));
  check(deleted->elems[0].err, "deleting records");
  expect<int64_t>("the new start", 6, deleted->elems[0].offset);
  int64_t low = -1, high = -1;
  check(rd_kafka_query_watermark_offsets(admin.get(), topic.c_str(), 0, &low, &high, kPatienceMs),
        "first and next offset");
  expect("the first and the next offset", std::vector<int64_t>{6, 10}, {low, high});
  expect("the records left", numbers(6, 10), values(read(bootstrap, topic, 4)));
}

// Sends numbers one after another until it is told to stop.
class Stream {
 public:
  Stream(const std::string& bootstrap, const std::string& topic) : topic_(topic) {
    producer_ = make_client(
        RD_KAFKA_PRODUCER, bootstrap, {{"enable.idempotence", "true"}, {"acks", "all"}}, this,
        [](rd_kafka_conf_t* conf) { rd_kafka_conf_set_dr_msg_cb(conf, answered); });
    thread_ = std::thread([this] { run(); });
  }

  ~Stream() { stop(); }

  size_t acknowledged() const { return acknowledged_; }

  int finish() {
    stop();
    check(rd_kafka_flush(producer_.get(), kPatienceMs), "waiting for answers");
    std::vector<int64_t> expected(static_cast<size_t>(sent_));
    std::iota(expected.begin(), expected.end(), 0);
    expect("delivery errors", std::vector<std::string>{}, errors_);
    expect("the acknowledged offsets", expected, offsets_);
    return sent_;
  }

 private:
  static void answered(rd_kafka_t*, const rd_kafka_message_t* message, void* opaque) {
    auto& stream = *static_cast<Stream*>(opaque);
    if (message->err)
      stream.errors_.push_back(rd_kafka_err2str(message->err));
    else
      stream.offsets_.push_back(message->offset);
    stream.acknowledged_ = stream.offsets_.size();
  }

  void run() {
    while (!stopping_) {
      if (rd_kafka_outq_len(producer_.get()) < 1000) {  // records that may be without an answer
        check(produce(producer_.get(), topic_, {.value = std::to_string(sent_)}), "sending");
        ++sent_;
      }
      rd_kafka_poll(producer_.get(), 1);
    }
  }

  void stop() {
    stopping_ = true;
    if (thread_.joinable()) thread_.join();
  }

  const std::string topic_;
  int sent_ = 0;
  std::vector<int64_t> offsets_;
  std::vector<std::string> errors_;
  std::atomic<size_t> acknowledged_ = 0;
  std::atomic<bool> stopping_ = false;
  Client producer_;
  std::thread thread_;
};

void restart(const std::string& bootstrap) {
  const std::string topic = create(bootstrap, "restart");
  Stream stream(bootstrap, topic);
  Client consumer = reader(bootstrap, topic);
  std::vector<Record> seen;
  while (seen.size() < 200)
    if (auto record = poll(consumer.get())) seen.push_back(*record);
  restart_broker();
  const size_t after = stream.acknowledged() + 200;
  eventually("records acknowledged by the new broker",
             [&] { return stream.acknowledged() > after; });
  const int count = stream.finish();
  for (const Record& record : take(consumer.get(), count - seen.size())) seen.push_back(record);
  expect("what the consumer saw across the restart", numbers(0, count), values(seen));
  expect("what the log holds", numbers(0, count), values(read(bootstrap, topic, count)));
}

}  // namespace

void add_trouble(Program& program) {
  program.scenarios["delete-records"] = delete_records;
  program.scenarios["restart"] = restart;
}
