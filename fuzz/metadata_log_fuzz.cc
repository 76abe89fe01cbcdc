// A metadata log that anybody may have written: record by record into an image. An image that came
// about must survive being written as a snapshot and read again.
// Shape of an input: values of records, each with a 16-bit size in front.
#include <algorithm>
#include <vector>

#include "base/check.h"
#include "fuzz/input.h"
#include "kafka/record_batch_builder.h"
#include "metadata/checkpoint.h"
#include "metadata/loader.h"
#include "metadata/snapshot.h"

namespace millrace::metadata {
namespace {

constexpr Timestamp kNow{1'780'000'000'000};

// A record that is read is written so that it reads the same.
void check_record(Bytes value) {
  Arena arena;
  const Result<Record> record = decode_record(value, arena);
  if (!record) {
    CHECK(!record.error().detail().empty());
    return;
  }
  CHECK(!record_name(*record).empty());
  Buffer once;
  CHECK(encode_record(*record, once).has_value());
  const Result<Record> again = decode_record(once, arena);
  CHECK(again.has_value() && again->version == record->version);
  Buffer twice;
  CHECK(encode_record(*again, twice).has_value() && equal(once, twice));
}

// Whether its level leaves out of a snapshot what this record brought. Then the records are of an
// older Kafka's future, or the level was lowered, and the loss is what was asked for.
bool is_beyond(Bytes value, int16_t metadata_version) {
  Arena arena;
  const Record record = decode_record(value, arena).value();
  if (!std::holds_alternative<kafka::BrokerRegistrationChangeRecord>(record.body)) {
    return record.version > record_version(record.body, metadata_version);
  }
  // It becomes part of the registration: the version of that which knows the same fields.
  constexpr int16_t kRegistrationVersions[] = {0, 1, 3, 4};
  const auto version = std::min<size_t>(record.version, std::size(kRegistrationVersions) - 1);
  return kRegistrationVersions[version] >
         record_version(kafka::RegisterBrokerRecord{}, metadata_version);
}

void check_snapshot(const Image& image, bool is_whole) {
  Arena arena;
  const Records records = write_snapshot(image, arena);
  const CheckpointHeader header{.last_contained = kNow};
  Buffer file;
  CHECK(write_checkpoint(header, LeaderEpoch(3), records, kNow, file).has_value());
  Image again;
  Delta delta;
  const auto read =
      read_checkpoint(file, [&](const Record& record) { return again.replay(record, delta); });
  CHECK(read.has_value() && *read == header);
  if (is_whole) CHECK(again == image);
}

Result<> load_one(Loader& loader, kafka::RecordBatchBuilder& builder, Bytes value) {
  builder.begin({.base_offset = loader.next_offset(), .partition_leader_epoch = LeaderEpoch(3)});
  CHECK(builder.append({.timestamp = kNow, .value = value}).has_value());
  const Bytes batch = *builder.finish();
  TRY(loader.load(*kafka::parse_batch(batch)));
  return {};
}

void run(Bytes bytes) {
  fuzz::Input input(bytes);
  static kafka::Compressor* const kCompressor = new kafka::Compressor;
  kafka::RecordBatchBuilder builder(*kCompressor);
  Loader loader;
  std::vector<Bytes> values;
  while (!input.empty()) {
    const Bytes value = values.emplace_back(input.piece());
    check_record(value);
    if (const Result<> loaded = load_one(loader, builder, value); !loaded) {
      CHECK(!loaded.error().detail().empty());
      return;  // the image is void now
    }
  }
  if (loader.in_transaction()) return;
  const int16_t level = loader.image().metadata_version();
  check_snapshot(loader.image(),
                 std::ranges::none_of(values, [&](Bytes v) { return is_beyond(v, level); }));
}

}  // namespace
}  // namespace millrace::metadata

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  millrace::metadata::run({data, size});
  return 0;
}
