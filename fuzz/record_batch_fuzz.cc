// Batches from a stranger: the cursor, the records, what a broker accepts, and what compaction
// would make of them. Every batch that reads well must survive being rewritten.
#include "base/bytes.h"
#include "base/check.h"
#include "kafka/batch_validation.h"
#include "kafka/control_record.h"
#include "kafka/crc32c.h"
#include "kafka/record.h"
#include "kafka/record_batch.h"
#include "kafka/record_batch_builder.h"

namespace millrace::kafka {
namespace {

constexpr size_t kDecompressedMax = 1 << 20;

struct Machines {
  Compressor compressor;
  Decompressor decompressor;
  RecordBatchBuilder builder{compressor};
  Buffer scratch;
  Buffer other;
};

Machines& machines() {
  static Machines* const all = new Machines;
  return *all;
}

bool same(const std::optional<Bytes>& a, const std::optional<Bytes>& b) {
  return a.has_value() == b.has_value() && (!a || equal(*a, *b));
}

void check_copy(const RecordBatchView& original, Bytes records, const RecordBatchView& copied) {
  CHECK(verify_crc(copied).has_value());
  CHECK(copied.last_offset() == original.last_offset());
  CHECK(copied.last_sequence() == original.last_sequence());
  RecordCursor before(original, records);
  RecordCursor after(copied, copied.payload());
  while (const RecordView* was = before.next()) {
    const RecordView* is = after.next();
    CHECK(is != nullptr);
    CHECK(is->offset == was->offset && is->timestamp == was->timestamp);
    CHECK(same(is->key, was->key) && same(is->value, was->value));
    CHECK(equal(is->headers.encoded(), was->headers.encoded()));
  }
  CHECK(after.next() == nullptr && after.end().has_value());
}

void read_and_rewrite(const RecordBatchView& batch) {
  Machines& m = machines();
  auto records = decompress_records(batch, m.decompressor, m.scratch, kDecompressedMax);
  if (!records) return;
  BatchOptions options = options_like(batch);
  options.codec = Codec::kNone;
  m.builder.begin(options);
  RecordCursor cursor(batch, *records);
  while (const RecordView* record = cursor.next()) {
    int32_t headers = 0;
    for (const RecordHeader& header : record->headers) headers += header.key.size() < SIZE_MAX;
    CHECK(headers == record->headers.size());
    if (parse_end_transaction_marker(*record)) CHECK(parse_control_record_key(*record).has_value());
    CHECK(m.builder.copy(*record).has_value());
  }
  if (!cursor.end() || m.builder.empty()) return;
  m.builder.set_last_offset_delta(batch.last_offset_delta());
  check_copy(batch, *records, *parse_batch(*m.builder.finish()));
}

void patch(const RecordBatchView& batch) {
  Buffer copy(batch.bytes());
  const bool was_true = verify_crc(batch).has_value();
  set_base_offset(copy.mutable_bytes(), Offset(7));
  set_partition_leader_epoch(copy.mutable_bytes(), LeaderEpoch(3));
  set_log_append_time(copy.mutable_bytes(), Timestamp{12345});
  CHECK(verify_crc(*parse_batch(copy)).has_value() == was_true);
}

// With a true CRC and base offset 0, so that the deeper rules are reached.
void produce(const RecordBatchView& batch, const BatchRules& rules) {
  Machines& m = machines();
  Buffer request(batch.bytes());
  set_base_offset(request.mutable_bytes(), Offset(0));
  store_be32(request.data() + batch_layout::kCrc,
             crc32c(request.bytes().subspan(batch_layout::kAttributes)));
  auto produced = validate_produced_batch(request, rules, m.decompressor, m.scratch);
  if (!produced) {
    CHECK(!produced.error().error.detail().empty());
    CHECK(produced.error().record_errors.size() <= kRecordErrorsMax);
    return;
  }
  if (!produced->walked) return;
  m.other.clear();
  CHECK(append_recompressed(produced->batch, produced->records, Codec::kLz4, kStandardLevel,
                            m.compressor, m.other)
            .has_value());
  CHECK(verify_crc(*parse_batch(m.other)).has_value());
}

void run(Bytes input) {
  for (const CrcCheck crc : {CrcCheck::kVerify, CrcCheck::kSkip}) {
    BatchCursor batches(input, crc);
    size_t reached = 0;
    while (const RecordBatchView* batch = batches.next()) {
      reached += batch->size();
      read_and_rewrite(*batch);
      patch(*batch);
      produce(*batch, {.now = {1'700'000'000'000}, .decompressed_bytes_max = kDecompressedMax});
      produce(*batch, {.now = {1'700'000'000'000},
                       .timestamp_type = TimestampType::kLogAppendTime,
                       .keys_required = true,
                       .decompressed_bytes_max = kDecompressedMax});
    }
    CHECK(batches.position() == reached);
    CHECK((batches.end() == BatchEnd::kClean) == (reached == input.size()));
  }
}

}  // namespace
}  // namespace millrace::kafka

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  millrace::kafka::run({data, size});
  return 0;
}
