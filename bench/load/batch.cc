#include "bench/load/batch.h"

#include <fmt/core.h>
#include <time.h>

#include <algorithm>

#include "base/random.h"
#include "bench/load/arguments.h"
#include "bench/load/message.h"
#include "kafka/record_batch.h"
#include "kafka/record_batch_builder.h"

namespace millrace::bench {
namespace {

constexpr uint64_t kSeed = 4;
constexpr int32_t kRecordsMax = 1 << 20;

std::string json_value(Random& random, size_t size) {
  static constexpr std::string_view kCarriers[] = {"AA", "DL", "UA", "WN", "B6", "AS"};
  std::string text;
  while (text.size() < size) {
    text += fmt::format(
        R"({{"carrier":"{}","flight":{},"origin":"K{:c}{:c}","delay_minutes":{},"distance":{},"cancelled":{}}})",
        kCarriers[random.below(6)], random.below(9000), 'A' + static_cast<int>(random.below(26)),
        'A' + static_cast<int>(random.below(26)), random.below(300), random.below(5000),
        random.below(50) == 0);
  }
  text.resize(size);
  return text;
}

std::string random_value(Random& random, size_t size) {
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random.below(256));
  return bytes;
}

Timestamp wall_clock() {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  return Timestamp{int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000};
}

Buffer build(const BatchShape& shape, int32_t records) {
  Random random(kSeed);
  kafka::Compressor compressor;
  kafka::RecordBatchBuilder builder(compressor);
  builder.begin({.codec = shape.codec});
  const Timestamp now = wall_clock();
  const uint8_t key[8] = {};
  const auto size = static_cast<size_t>(shape.value_bytes);
  for (int32_t i = 0; i < records; ++i) {
    const std::string value = shape.json ? json_value(random, size) : random_value(random, size);
    kafka::Record record{.timestamp = now, .value = as_bytes(value)};
    if (shape.keyed) record.key = Bytes(key);
    must(builder.append(record));
  }
  return Buffer(must(builder.finish()));
}

}  // namespace

BatchShape BatchShape::from(const Arguments& arguments) {
  const std::string codec = arguments.text("codec", "none");
  const auto known = kafka::codec_of_name(codec);
  if (!known) give_up(fmt::format("--codec {}: no such codec", codec));
  return {.records = static_cast<int32_t>(arguments.number("records-per-batch", 1)),
          .value_bytes = arguments.number("record-bytes", 1024),
          .keyed = arguments.number("keys", 0) > 0,
          .codec = *known,
          .wire_bytes = arguments.number("batch-bytes", 0),
          .json = arguments.text("data", "random") == "json"};
}

Buffer make_batch(const BatchShape& shape) {
  if (shape.wire_bytes == 0) return build(shape, shape.records);
  // The ratio of a codec depends a little on the size, so a few steps come near enough.
  double records = 16;
  Buffer batch;
  for (int step = 0; step < 4; ++step) {
    batch = build(shape, static_cast<int32_t>(records));
    const auto size = static_cast<double>(batch.size());
    records = records * static_cast<double>(shape.wire_bytes) / size;
    records = std::clamp(records, 1.0, static_cast<double>(kRecordsMax));
  }
  return batch;
}

int32_t record_count_of(Bytes batch) {
  return must(kafka::parse_batch_header(batch)).record_count();
}

}  // namespace millrace::bench
