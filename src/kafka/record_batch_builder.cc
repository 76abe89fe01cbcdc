#include "kafka/record_batch_builder.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "kafka/crc32c.h"
#include "kafka/varint.h"

namespace millrace::kafka {
namespace {

namespace layout = batch_layout;

uint16_t attributes_of(const BatchOptions& options, Codec codec) {
  uint16_t attributes = static_cast<uint16_t>(codec);
  if (options.timestamp_type == TimestampType::kLogAppendTime) {
    attributes |= batch_attributes::kLogAppendTime;
  }
  if (options.transactional) attributes |= batch_attributes::kTransactional;
  if (options.control) attributes |= batch_attributes::kControl;
  if (options.delete_horizon) attributes |= batch_attributes::kDeleteHorizon;
  return attributes;
}

struct RecordFacts {
  Timestamp base_timestamp;
  Timestamp max_timestamp;
  int32_t last_offset_delta;
  int32_t count;
};

// Length and CRC belong to the bytes behind the header, so they come last: see seal().
void write_header(uint8_t* to, const BatchOptions& options, uint16_t attributes,
                  const RecordFacts& facts) {
  store_be64(to + layout::kBaseOffset, static_cast<uint64_t>(options.base_offset.value));
  store_be32(to + layout::kPartitionLeaderEpoch,
             static_cast<uint32_t>(options.partition_leader_epoch.value));
  to[layout::kMagic] = kBatchMagic;
  store_be16(to + layout::kAttributes, attributes);
  store_be32(to + layout::kLastOffsetDelta, static_cast<uint32_t>(facts.last_offset_delta));
  store_be64(to + layout::kBaseTimestamp, static_cast<uint64_t>(facts.base_timestamp.ms));
  store_be64(to + layout::kMaxTimestamp, static_cast<uint64_t>(facts.max_timestamp.ms));
  store_be64(to + layout::kProducerId, static_cast<uint64_t>(options.producer_id.value));
  store_be16(to + layout::kProducerEpoch, static_cast<uint16_t>(options.producer_epoch.value));
  store_be32(to + layout::kBaseSequence, static_cast<uint32_t>(options.base_sequence));
  store_be32(to + layout::kRecordCount, static_cast<uint32_t>(facts.count));
}

void seal(MutableBytes batch) {
  store_be32(batch.data() + layout::kBatchLength,
             static_cast<uint32_t>(batch.size() - layout::kBeforeLength));
  store_be32(batch.data() + layout::kCrc, crc32c(batch.subspan(layout::kAttributes)));
}

Result<> check_size(size_t size) {
  if (size <= kBatchSizeMax) return {};
  return fail(Errc::kMessageTooLarge,
              fmt::format("a batch of {} bytes; the format ends at {}", size, kBatchSizeMax));
}

size_t size_of(const std::optional<Bytes>& field) {
  return field ? field->size() : 0;
}
size_t encoded_size(const std::optional<Bytes>& field) {
  return field ? varint_size(static_cast<int32_t>(field->size())) + field->size() : varint_size(-1);
}

uint8_t* write_bytes(uint8_t* to, Bytes bytes) {
  if (!bytes.empty()) std::memcpy(to, bytes.data(), bytes.size());
  return to + bytes.size();
}
uint8_t* write_nullable(uint8_t* to, const std::optional<Bytes>& field) {
  if (!field) return write_varint(to, -1);
  return write_bytes(write_varint(to, static_cast<int32_t>(field->size())), *field);
}

}  // namespace

// A record to be added; its headers are either values or, from another batch, encoded already.
struct RecordBatchBuilder::Fields {
  Timestamp timestamp;
  const std::optional<Bytes>& key;
  const std::optional<Bytes>& value;
  int32_t header_count;
  std::span<const RecordHeader> headers;
  Bytes encoded_headers;

  // Not the exact size but never less, and computed without risk of overflow.
  size_t bound() const {
    constexpr size_t kNumbers = 1 + kVarlongBytesMax + 5 * kVarintBytesMax;
    size_t size = kNumbers + size_of(key) + size_of(value) + encoded_headers.size();
    for (const RecordHeader& header : headers) {
      size += 2 * kVarintBytesMax + header.key.size() + size_of(header.value);
    }
    return size;
  }

  size_t exact_size_of_headers() const {
    size_t size = encoded_headers.size();
    for (const RecordHeader& header : headers) {
      size += encoded_size(as_bytes(header.key)) + encoded_size(header.value);
    }
    return size;
  }

  uint8_t* write_headers(uint8_t* to) const {
    to = write_bytes(write_varint(to, header_count), encoded_headers);
    for (const RecordHeader& header : headers) {
      to = write_nullable(write_nullable(to, as_bytes(header.key)), header.value);
    }
    return to;
  }
};

void RecordBatchBuilder::begin(const BatchOptions& options) {
  CHECK(static_cast<size_t>(options.codec) < ratio_.size());
  options_ = options;
  batch_.resize(kBatchHeaderSize);
  next_offset_delta_ = 0;
  last_offset_delta_ = 0;
  record_count_ = 0;
}

RecordBatchBuilder::Fields RecordBatchBuilder::fields_of(const Record& record) {
  return {.timestamp = record.timestamp,
          .key = record.key,
          .value = record.value,
          .header_count = static_cast<int32_t>(record.headers.size()),
          .headers = record.headers};
}

Result<> RecordBatchBuilder::append(const Record& record) {
  return add(next_offset_delta_, fields_of(record));
}

Result<> RecordBatchBuilder::append_at(int32_t offset_delta, const Record& record) {
  return add(offset_delta, fields_of(record));
}

Result<> RecordBatchBuilder::copy(const RecordView& record) {
  return add(record.offset - options_.base_offset, {.timestamp = record.timestamp,
                                                    .key = record.key,
                                                    .value = record.value,
                                                    .header_count = record.headers.size(),
                                                    .encoded_headers = record.headers.encoded()});
}

Result<> RecordBatchBuilder::add(int64_t offset_delta, const Fields& fields) {
  CHECK(offset_delta >= next_offset_delta_ && offset_delta <= INT32_MAX);
  if (fields.bound() > kBatchSizeMax - batch_.size()) {
    return fail(Errc::kMessageTooLarge,
                fmt::format("a record of about {} bytes on top of {} exceeds what a batch can hold",
                            fields.bound(), batch_.size()));
  }
  const bool log_append_time = options_.timestamp_type == TimestampType::kLogAppendTime;
  const Timestamp timestamp = log_append_time ? options_.log_append_time : fields.timestamp;
  const bool first = record_count_ == 0;
  if (first) base_timestamp_ = options_.delete_horizon.value_or(timestamp);
  // Wraps as the reader's sum does.
  const auto timestamp_delta = static_cast<int64_t>(static_cast<uint64_t>(timestamp.ms) -
                                                    static_cast<uint64_t>(base_timestamp_.ms));
  const auto delta = static_cast<int32_t>(offset_delta);
  const size_t body = 1 + varlong_size(timestamp_delta) + varint_size(delta) +
                      encoded_size(fields.key) + encoded_size(fields.value) +
                      varint_size(fields.header_count) + fields.exact_size_of_headers();

  uint8_t* to = batch_.extend(varint_size(static_cast<int32_t>(body)) + body);
  to = write_varint(to, static_cast<int32_t>(body));
  *to++ = 0;  // attributes
  to = write_varint(write_varlong(to, timestamp_delta), delta);
  to = write_nullable(write_nullable(to, fields.key), fields.value);
  to = fields.write_headers(to);
  DCHECK(to == batch_.data() + batch_.size());

  max_timestamp_ = first ? timestamp : std::max(max_timestamp_, timestamp);
  last_offset_delta_ = std::max(last_offset_delta_, delta);
  next_offset_delta_ = offset_delta + 1;
  ++record_count_;
  return {};
}

void RecordBatchBuilder::set_last_offset_delta(int32_t delta) {
  CHECK(delta >= last_offset_delta_);
  last_offset_delta_ = delta;
}

size_t RecordBatchBuilder::size_estimate() const {
  if (options_.codec == Codec::kNone) return batch_.size();
  constexpr double kSafety =
      1.05;  // a batch over the limit must be split: rather too large a guess
  const double records = static_cast<double>(batch_.size() - kBatchHeaderSize);
  return kBatchHeaderSize + static_cast<size_t>(records * ratio_[codec_index()] * kSafety);
}

size_t RecordBatchBuilder::record_size_max(const Record& record) {
  return fields_of(record).bound();
}

Result<Bytes> RecordBatchBuilder::finish() {
  CHECK(record_count_ > 0, "a batch without records is append_empty_batch's");
  Buffer* whole = &batch_;
  if (options_.codec != Codec::kNone) {
    const Bytes records = batch_.bytes().subspan(kBatchHeaderSize);
    compressed_.resize(kBatchHeaderSize);
    TRY(compressor_.compress(options_.codec, options_.level, records, compressed_));
    TRY(check_size(compressed_.size()));
    learn_ratio(records.size(), compressed_.size() - kBatchHeaderSize);
    whole = &compressed_;
  }
  write_header(whole->data(), options_, attributes_of(options_, options_.codec),
               {.base_timestamp = base_timestamp_,
                .max_timestamp = max_timestamp_,
                .last_offset_delta = last_offset_delta_,
                .count = record_count_});
  seal(whole->mutable_bytes());
  return whole->bytes();
}

// Up at once, because too small a guess costs a split; down slowly.
void RecordBatchBuilder::learn_ratio(size_t from, size_t to) {
  const double observed = static_cast<double>(to) / static_cast<double>(from);
  double& ratio = ratio_[codec_index()];
  ratio = observed > ratio ? observed : ratio + (observed - ratio) / 8;
}

BatchOptions options_like(const BatchHeaderView& batch) {
  BatchOptions options;
  options.base_offset = batch.base_offset();
  options.partition_leader_epoch = batch.partition_leader_epoch();
  options.codec = batch.codec();
  options.timestamp_type = batch.timestamp_type();
  if (options.timestamp_type == TimestampType::kLogAppendTime) {
    options.log_append_time = batch.max_timestamp();
  }
  options.producer_id = batch.producer_id();
  options.producer_epoch = batch.producer_epoch();
  options.base_sequence = batch.base_sequence();
  options.transactional = batch.is_transactional();
  options.control = batch.is_control();
  options.delete_horizon = batch.delete_horizon();
  return options;
}

void append_empty_batch(const BatchOptions& options, int32_t last_offset_delta,
                        Timestamp max_timestamp, Buffer& to) {
  const size_t start = to.size();
  uint8_t* header = to.extend(kBatchHeaderSize);
  const uint16_t attributes =
      attributes_of(options, Codec::kNone) & ~batch_attributes::kDeleteHorizon;
  write_header(header, options, attributes,
               {.base_timestamp = kNoTimestamp,
                .max_timestamp = max_timestamp,
                .last_offset_delta = last_offset_delta,
                .count = 0});
  seal(to.mutable_bytes().subspan(start));
}

Result<> append_recompressed(const RecordBatchView& batch, Bytes records, Codec codec, int level,
                             Compressor& compressor, Buffer& to) {
  const size_t start = to.size();
  to.append(batch.bytes().first(kBatchHeaderSize));
  auto compressed = compressor.compress(codec, level, records, to);
  if (compressed) compressed = check_size(to.size() - start);
  if (!compressed) {
    to.resize(start);
    return compressed;
  }
  const MutableBytes whole = to.mutable_bytes().subspan(start);
  const uint16_t others = batch.attributes() & ~batch_attributes::kCodecMask;
  store_be16(whole.data() + layout::kAttributes, others | static_cast<uint16_t>(codec));
  seal(whole);
  return {};
}

}  // namespace millrace::kafka
