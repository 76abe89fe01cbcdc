#include "bench/load/produce_request.h"

#include "bench/load/message.h"
#include "kafka/crc32c.h"
#include "kafka/messages/produce.h"
#include "kafka/record.h"
#include "kafka/record_batch.h"

namespace millrace::bench {
namespace {

constexpr int32_t kTimeoutMs = 30'000;
// A stamp is told from other bytes by what stands behind it.
constexpr uint64_t kStampMark = 0x6d696c6c72616365;
constexpr size_t kStampBytes = 16;

/// Where the first record's value begins, from the start of the batch; 0 when it cannot be known.
size_t first_value_in(const kafka::RecordBatchView& batch) {
  if (batch.codec() != kafka::Codec::kNone) return 0;
  kafka::RecordCursor records(batch, batch.payload());
  const kafka::RecordView* record = records.next();
  if (!record || !record->value || record->value->size() < kStampBytes) return 0;
  return static_cast<size_t>(record->value->data() - batch.bytes().data());
}

std::vector<size_t> keys_in(const kafka::RecordBatchView& batch) {
  std::vector<size_t> keys;
  if (batch.codec() != kafka::Codec::kNone) return keys;
  kafka::RecordCursor records(batch, batch.payload());
  while (const kafka::RecordView* record = records.next()) {
    if (record->key)
      keys.push_back(static_cast<size_t>(record->key->data() - batch.bytes().data()));
  }
  return keys;
}

}  // namespace

ProduceRequestBytes::ProduceRequestBytes(const std::string& topic,
                                         const std::vector<int32_t>& partitions,
                                         const BatchShape& shape, int16_t acks) {
  const Buffer batch = make_batch(shape);
  const auto view = must(kafka::parse_batch(batch));
  std::vector<kafka::ProduceRequest::Partition> data(partitions.size());
  for (size_t i = 0; i < partitions.size(); ++i) {
    data[i] = {.index = PartitionIndex(partitions[i]), .records = kafka::Records(batch.bytes())};
  }
  kafka::ProduceRequest::Topic named{.name = topic, .partition_data = data};
  const kafka::ProduceRequest request{
      .acks = acks, .timeout_ms = kTimeoutMs, .topic_data = {&named, 1}};
  Buffer head;
  kafka::Writer writer(head);
  write_request(request, kProduceVersion, 0, writer);
  bytes_ = writer.flatten();
  size_t before = 0;  // bytes of the batches so far, which the writer does not count
  for (const kafka::Piece& piece : writer.pieces()) {
    const size_t at = piece.at + before;
    batches_.push_back({at, batch.size(), first_value_in(view), keys_in(view)});
    before += batch.size();
  }
  records_ = view.record_count() * static_cast<int32_t>(partitions.size());
  payload_bytes_ = int64_t{records_} * shape.value_bytes;
  batch_bytes_ = static_cast<int64_t>(before);
}

void ProduceRequestBytes::set_correlation_id(int32_t id) {
  store_be<int32_t>(bytes_.data() + kCorrelationIdAt, id);
}

void ProduceRequestBytes::seal(size_t batch) {
  uint8_t* start = bytes_.data() + batches_[batch].at;
  const Bytes covered(start + kafka::batch_layout::kAttributes,
                      batches_[batch].size - kafka::batch_layout::kAttributes);
  store_be32(start + kafka::batch_layout::kCrc, kafka::crc32c(covered));
}

void ProduceRequestBytes::stamp(int64_t intended_ns) {
  for (size_t i = 0; i < batches_.size(); ++i) {
    uint8_t* value = bytes_.data() + batches_[i].at + batches_[i].stamp_at;
    store_be<int64_t>(value, intended_ns);
    store_be64(value + 8, kStampMark);
    seal(i);
  }
}

void ProduceRequestBytes::set_keys(uint64_t& next, uint64_t count) {
  for (size_t i = 0; i < batches_.size(); ++i) {
    for (const size_t at : batches_[i].keys_at) {
      // A step that shares no factor with the count visits every key before any comes again.
      store_be64(bytes_.data() + batches_[i].at + at, next * 2'654'435'761 % count);
      ++next;
    }
    seal(i);
  }
}

int64_t stamp_in(Bytes batch) {
  const auto view = kafka::parse_batch(batch);
  if (!view.has_value()) return 0;
  const size_t at = first_value_in(*view);
  if (at == 0 || load_be64(batch.data() + at + 8) != kStampMark) return 0;
  return load_be<int64_t>(batch.data() + at);
}

}  // namespace millrace::bench
