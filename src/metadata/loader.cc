#include "metadata/loader.h"

#include <fmt/core.h>

#include "kafka/record.h"
#include "metadata/record.h"

namespace millrace::metadata {
namespace {

// A batch of metadata is at most 8 MiB; what grows beyond this when decompressed is no metadata.
constexpr size_t kBatchBytesMax = 64 << 20;

}  // namespace

Result<Delta> Loader::load(const kafka::RecordBatchView& batch) {
  const auto where = [&] {
    return fmt::format("metadata log, offset {}", batch.base_offset().value);
  };
  if (batch.base_offset() != next_) {
    return fail(Errc::kCorruptFile, fmt::format("metadata log: offset {} follows where {} is next",
                                                batch.base_offset().value, next_.value));
  }
  Delta delta;
  Buffer decompressed;
  Result<Bytes> bytes =
      kafka::decompress_records(batch, decompressor_, decompressed, kBatchBytesMax);
  if (!bytes) return fail(bytes.error().within(where()));
  kafka::RecordCursor cursor(batch, *bytes);
  while (const kafka::RecordView* record = cursor.next()) {
    if (Result<> result = load_record(*record, batch.is_control(), delta); !result) {
      return fail(result.error().within(where()));
    }
  }
  if (Result<> end = cursor.end(); !end) return fail(end.error().within(where()));
  next_ = batch.next_offset();
  epoch_ = batch.partition_leader_epoch();
  last_timestamp_ = batch.max_timestamp();
  return delta;
}

Result<> Loader::load_record(const kafka::RecordView& record, bool is_control, Delta& delta) {
  arena_.reset();
  if (is_control) return replay_control(record, quorum_, arena_);
  if (!record.value) return fail(Errc::kCorruptFile, "a record has no value");
  return load_value(*record.value, delta);
}

Result<> Loader::load_value(Bytes value, Delta& delta) {
  const Record record = TRY(decode_record(value, arena_));
  if (std::holds_alternative<kafka::BeginTransactionRecord>(record.body)) {
    if (in_transaction_) return fail(Errc::kCorruptFile, "a transaction begins inside another");
    in_transaction_ = true;
    return {};
  }
  const bool aborts = std::holds_alternative<kafka::AbortTransactionRecord>(record.body);
  if (aborts || std::holds_alternative<kafka::EndTransactionRecord>(record.body)) {
    if (!in_transaction_) return fail(Errc::kCorruptFile, "a transaction ends that never began");
    if (aborts) held_.clear();
    return end_transaction(delta);
  }
  if (!in_transaction_) return image_.replay(record, delta);
  held_.emplace_back(value);
  return {};
}

Result<> Loader::end_transaction(Delta& delta) {
  in_transaction_ = false;
  const std::vector<Buffer> values = std::exchange(held_, {});
  for (const Buffer& value : values) {
    arena_.reset();
    const Record record = TRY(decode_record(value, arena_));
    TRY(image_.replay(record, delta));
  }
  return {};
}

}  // namespace millrace::metadata
