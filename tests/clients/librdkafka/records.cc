// What is sent comes back: codecs, acks, idempotence, and the odd shapes of a record.
#include <cstdio>
#include <numeric>

#include "session.h"

namespace {

constexpr int kCount = 200;

std::vector<int64_t> every_offset() {
  std::vector<int64_t> offsets(kCount);
  std::iota(offsets.begin(), offsets.end(), 0);
  return offsets;
}

// Sends records to one partition and reads them back; returns the acknowledged offsets.
std::vector<int64_t> round_trip(const std::string& bootstrap, const std::string& name,
                                const Settings& settings) {
  const std::string topic = create(bootstrap, name);
  std::vector<Record> out;
  std::vector<std::string> sent, got;
  for (int i = 0; i < kCount; ++i) {
    char key[8];
    std::snprintf(key, sizeof key, "%05d", i);
    std::string value = key;
    for (int turn = 0; turn < 20; ++turn) value += " the mill turns";
    out.push_back({.key = key, .value = value});
    sent.push_back(said(i) + " " + key + " " + value);
  }
  std::vector<int64_t> acknowledged = send(bootstrap, topic, out, settings);
  for (const Record& record : read(bootstrap, topic, kCount))
    got.push_back(said(record.offset) + " " + record.key.value_or("null") + " " +
                  record.value.value_or("null"));
  expect("offsets, keys and values", sent, got);
  return acknowledged;
}

void idempotence(const std::string& bootstrap) {
  const std::string topic = create(bootstrap, "idempotence", 3);
  std::vector<Record> out;
  std::vector<std::string> sent[3];
  for (int i = 0; i < 1500; ++i) {
    out.push_back({.partition = i % 3, .value = std::to_string(i)});
    sent[i % 3].push_back(std::to_string(i));
  }
  send(bootstrap, topic, out, {{"enable.idempotence", "true"}, {"batch.num.messages", "10"}});
  for (int partition = 0; partition < 3; ++partition)
    expect("the records of partition " + said(partition), sent[partition],
           values(read(bootstrap, topic, 500, partition)));
}

Record one_record(const std::string& bootstrap, const std::string& name, const Record& record) {
  const std::string topic = create(bootstrap, name);
  // A million bytes is also this client's own limit, its framing included.
  send(bootstrap, topic, {record}, {{"message.max.bytes", "1100000"}});
  std::vector<Record> got = read(bootstrap, topic, 1);
  expect<size_t>("the number of records", 1, got.size());
  return got[0];
}

void headers(const std::string& bootstrap) {
  const Headers sent = {{"first", "1"}, {"twice", "a"},         {"twice", "b"},
                        {"empty", ""},  {"null", std::nullopt}, {"m\u00fchle", "r\u00e4der"}};
  const Headers got = one_record(bootstrap, "headers", {.value = "v", .headers = sent}).headers;
  auto texts = [](const Headers& headers) {
    std::vector<std::string> texts;
    for (const auto& [name, value] : headers)
      texts.push_back(name + (value ? "=" + *value : " null"));
    return texts;
  };
  expect("the headers", texts(sent), texts(got));
}

void key_and_value(const std::string& bootstrap, const std::string& name, const Bytes& key,
                   const Bytes& value) {
  const Record got = one_record(bootstrap, name, {.key = key, .value = value});
  expect("key and value, null or not", true, got.key == key && got.value == value);
}

void large_record(const std::string& bootstrap) {
  std::string value;
  for (int i = 0; i < 1000000; ++i) value += static_cast<char>(i % 251);
  expect("the large record whole", true,
         one_record(bootstrap, "large-record", {.value = value}).value == value);
}

void oversized_record(const std::string& bootstrap) {
  const std::string topic =
      create(bootstrap, "oversized-record", 1, {{"max.message.bytes", "10000"}});
  std::vector<std::string> answers;
  Client producer =
      make_client(RD_KAFKA_PRODUCER, bootstrap, {}, &answers, [](rd_kafka_conf_t* conf) {
        rd_kafka_conf_set_dr_msg_cb(
            conf, [](rd_kafka_t*, const rd_kafka_message_t* message, void* opaque) {
              static_cast<std::vector<std::string>*>(opaque)->push_back(
                  rd_kafka_err2name(message->err));
            });
      });
  for (const std::string& value : {std::string(20000, 'x'), std::string("small")}) {
    check(produce(producer.get(), topic, {.value = value}), "sending");
    check(rd_kafka_flush(producer.get(), kPatienceMs), "waiting for answers");
  }
  expect("the answers to a record over the limit and to the next",
         {"MSG_SIZE_TOO_LARGE", "NO_ERROR"}, answers);
  expect("what arrived", {"small"}, values(read(bootstrap, topic, 1)));
}

}  // namespace

void add_records(Program& program) {
  auto& scenarios = program.scenarios;
  for (const std::string codec : {"none", "gzip", "snappy", "lz4", "zstd"})
    scenarios["codec-" + codec] = [=](const std::string& bootstrap) {
      round_trip(bootstrap, "codec-" + codec, {{"compression.codec", codec}});
    };
  scenarios["acks-0"] = [](const std::string& bootstrap) {
    round_trip(bootstrap, "acks-0", {{"acks", "0"}});
  };
  for (const std::string acks : {"1", "all"})
    scenarios["acks-" + acks] = [=](const std::string& bootstrap) {
      expect("the acknowledged offsets", every_offset(),
             round_trip(bootstrap, "acks-" + acks, {{"acks", acks}}));
    };
  scenarios["idempotence"] = idempotence;
  scenarios["headers"] = headers;
  scenarios["null-key"] = [](const std::string& bootstrap) {
    key_and_value(bootstrap, "null-key", std::nullopt, "v");
    key_and_value(bootstrap, "null-key-empty", "", "v");
  };
  scenarios["null-value"] = [](const std::string& bootstrap) {
    key_and_value(bootstrap, "null-value", "k", std::nullopt);
  };
  scenarios["empty-value"] = [](const std::string& bootstrap) {
    key_and_value(bootstrap, "empty-value", "k", "");
  };
  scenarios["large-record"] = large_record;
  scenarios["oversized-record"] = oversized_record;
}
