// Where a consumer starts, and how a group remembers.
#include <cstring>
#include <ctime>

#include "session.h"

namespace {

void from_beginning(const std::string& bootstrap) {
  const std::string topic = numbered(bootstrap, "from-beginning");
  expect("the records", numbers(0, 10), values(read(bootstrap, topic, 10)));
}

void from_end(const std::string& bootstrap) {
  const std::string topic = numbered(bootstrap, "from-end");
  Client consumer = reader(bootstrap, topic, 0, RD_KAFKA_OFFSET_END);
  std::vector<Record> got;
  int next = 10;
  // The client does not say when it has found the end, so records are sent until one is seen.
  eventually("a first record", [&] {
    send_numbers(bootstrap, topic, next, next + 1);
    ++next;
    if (auto record = poll(consumer.get())) got.push_back(*record);
    return !got.empty();
  });
  const int first = static_cast<int>(got[0].offset);
  expect("the first record, sent after the start", true, first >= 10);
  send_numbers(bootstrap, topic, next, next + 5);
  for (const Record& record : take(consumer.get(), next + 5 - first - 1)) got.push_back(record);
  expect("the records", numbers(first, next + 5), values(got));
}

void from_offset(const std::string& bootstrap) {
  const std::string topic = numbered(bootstrap, "from-offset");
  for (int64_t offset : {int64_t{7}, int64_t{RD_KAFKA_OFFSET_TAIL(3)}})
    expect("the records", numbers(7, 10),
           values(take(reader(bootstrap, topic, 0, offset).get(), 3)));
}

void from_timestamp(const std::string& bootstrap) {
  const std::string topic = create(bootstrap, "from-timestamp");
  const int64_t base = (static_cast<int64_t>(std::time(nullptr)) - 3600) * 1000;
  std::vector<Record> out;
  out.reserve(10);
  for (int i = 0; i < 10; ++i) out.push_back({.value = "v", .timestamp = base + 1000 * i});
  send(bootstrap, topic, out);
  Client consumer = reader(bootstrap, topic, 0, 5);
  auto found = [&](int64_t time) {
    Partitions asked = one_partition(topic, 0, time);
    check(rd_kafka_offsets_for_times(consumer.get(), asked.get(), kPatienceMs),
          "the offset for a time");
    return asked->elems[0].offset;
  };
  expect<int64_t>("a time between two records", 5, found(base + 4500));
  expect<int64_t>("a record's own time", 5, found(base + 5000));
  expect<int64_t>("a time before the first", 0, found(base - 1));
  expect<int64_t>("a time after the last", RD_KAFKA_OFFSET_END, found(base + 9001));
  std::vector<int64_t> expected, got;
  for (int i = 5; i < 10; ++i) expected.push_back(base + 1000 * i);
  for (const Record& record : take(consumer.get(), 5)) got.push_back(record.timestamp);
  expect("the timestamps", expected, got);
}

std::string committed(rd_kafka_t* consumer, const std::string& topic, int32_t partition) {
  Partitions asked = one_partition(topic, partition);
  check(rd_kafka_committed(consumer, asked.get(), kPatienceMs), "a committed offset");
  const rd_kafka_topic_partition_t& at = asked->elems[0];
  return said(at.offset) + " " +
         std::string(static_cast<const char*>(at.metadata), at.metadata_size);
}

void offsets_commit(const std::string& bootstrap) {
  const std::string topic = numbered(bootstrap, "offsets-commit");
  Client first = member(bootstrap, topic);
  expect("the records", numbers(0, 10), values(take(first.get(), 10)));
  Partitions four = one_partition(topic, 0, 4);
  const std::string note = "a note";
  four->elems[0].metadata = strdup(note.c_str());
  four->elems[0].metadata_size = note.size();
  check(rd_kafka_commit(first.get(), four.get(), 0), "a commit");
  check(rd_kafka_consumer_close(first.get()), "leaving");

  Client second = member(bootstrap, topic);
  expect<std::string>("offset and note", "4 a note", committed(second.get(), topic, 0));
  expect<std::string>("where nothing was committed", said(RD_KAFKA_OFFSET_INVALID) + " ",
                      committed(second.get(), topic, 1));
  expect("where the next member starts", numbers(4, 10), values(take(second.get(), 6)));
  check(rd_kafka_consumer_close(second.get()), "leaving");
}

void offsets_reset(const std::string& bootstrap) {
  const std::string topic = numbered(bootstrap, "offsets-reset");
  Client first = member(bootstrap, topic);
  take(first.get(), 10);
  check(rd_kafka_commit(first.get(), nullptr, 0), "a commit");
  expect<std::string>("the offset before", "10 ", committed(first.get(), topic, 0));
  check(rd_kafka_consumer_close(first.get()), "leaving");

  Client admin = admin_client(bootstrap);
  Held<rd_kafka_AlterConsumerGroupOffsets_t, rd_kafka_AlterConsumerGroupOffsets_destroy> back(
      rd_kafka_AlterConsumerGroupOffsets_new(topic.c_str(), one_partition(topic, 0, 3).get()));
  rd_kafka_AlterConsumerGroupOffsets_t* set[] = {back.get()};
  admin_answer(admin.get(), [&](rd_kafka_queue_t* queue) {
    rd_kafka_AlterConsumerGroupOffsets(admin.get(), set, 1, nullptr, queue);
  });

  Client second = member(bootstrap, topic);
  expect("where the next member starts", numbers(3, 10), values(take(second.get(), 7)));
  check(rd_kafka_consumer_close(second.get()), "leaving");
}

}  // namespace

void add_reading(Program& program) {
  program.scenarios["from-beginning"] = from_beginning;
  program.scenarios["from-end"] = from_end;
  program.scenarios["from-offset"] = from_offset;
  program.scenarios["from-timestamp"] = from_timestamp;
  program.scenarios["offsets-commit"] = offsets_commit;
  program.scenarios["offsets-reset"] = offsets_reset;
}
