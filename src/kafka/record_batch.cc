#include "kafka/record_batch.h"

#include <fmt/core.h>

#include "base/check.h"
#include "kafka/crc32c.h"

namespace millrace::kafka {
namespace {

namespace layout = batch_layout;

std::unexpected<Error> corrupt(std::string detail) {
  return fail(Errc::kCorruptMessage, std::move(detail));
}

// Bytes that end too early to tell whether they are a batch give nullopt.
std::optional<Error> header_problem(Bytes bytes) {
  constexpr auto kSmallestLength = static_cast<int32_t>(kBatchHeaderSize - layout::kBeforeLength);
  // Offset, length and magic lie where formats 0 and 1 had them, but those could be shorter.
  constexpr auto kSmallestOldLength =
      static_cast<int32_t>(layout::kAttributes - layout::kBeforeLength);
  if (bytes.size() < layout::kBeforeLength) return std::nullopt;
  const auto length = load_be<int32_t>(bytes.data() + layout::kBatchLength);
  if (length < kSmallestOldLength) {
    return Error(Errc::kCorruptMessage, fmt::format("a batch length of {}", length));
  }
  if (bytes.size() <= layout::kMagic) return std::nullopt;
  const auto magic = load_be<int8_t>(bytes.data() + layout::kMagic);
  if (magic == 0 || magic == 1) {
    return Error(Errc::kUnsupportedForMessageFormat,
                 fmt::format("message format {}; Millrace reads and writes format 2 only "
                             "(clients since Kafka 0.11)",
                             magic));
  }
  if (magic != kBatchMagic) {
    return Error(Errc::kCorruptMessage, fmt::format("an unknown message format, {}", magic));
  }
  if (length < kSmallestLength) {
    return Error(
        Errc::kCorruptMessage,
        fmt::format("a batch length of {}, the header alone needs {}", length, kSmallestLength));
  }
  if (bytes.size() < kBatchHeaderSize) return std::nullopt;
  const auto base_offset = load_be<int64_t>(bytes.data() + layout::kBaseOffset);
  const auto last_offset_delta = load_be<int32_t>(bytes.data() + layout::kLastOffsetDelta);
  const auto count = load_be<int32_t>(bytes.data() + layout::kRecordCount);
  // Strictly below the maximum, so that there is a next offset.
  if (last_offset_delta < 0 || base_offset < 0 || base_offset >= INT64_MAX - last_offset_delta) {
    return Error(Errc::kCorruptMessage,
                 fmt::format("a base offset of {} and a last offset delta of {}", base_offset,
                             last_offset_delta));
  }
  if (count < 0) return Error(Errc::kCorruptMessage, fmt::format("a record count of {}", count));
  return std::nullopt;
}

Error cut_off(size_t have, size_t need) {
  return Error(Errc::kCorruptMessage,
               fmt::format("a batch is cut off: {} of {} bytes are there", have, need));
}

// Writes `after` at `position` and keeps the CRC true to the change.
void replace(MutableBytes batch, size_t position, Bytes after) {
  const size_t batch_size = layout::kBeforeLength + load_be32(batch.data() + layout::kBatchLength);
  const MutableBytes field = batch.subspan(position, after.size());
  const uint32_t crc = load_be32(batch.data() + layout::kCrc);
  store_be32(batch.data() + layout::kCrc,
             crc32c_replace(crc, field, after, batch_size - position - after.size()));
  std::memcpy(field.data(), after.data(), after.size());
}

}  // namespace

Result<BatchHeaderView> parse_batch_header(Bytes bytes) {
  if (auto problem = header_problem(bytes)) return fail(std::move(*problem));
  if (bytes.size() < kBatchHeaderSize) return fail(cut_off(bytes.size(), kBatchHeaderSize));
  return BatchHeaderView(bytes.data());
}

Result<RecordBatchView> parse_batch(Bytes bytes) {
  const BatchHeaderView header = TRY(parse_batch_header(bytes));
  if (header.size() > bytes.size()) return fail(cut_off(bytes.size(), header.size()));
  return RecordBatchView(bytes.data());
}

Result<> verify_crc(const RecordBatchView& batch) {
  const uint32_t computed = crc32c(batch.bytes().subspan(layout::kAttributes));
  if (computed == batch.crc()) return {};
  return corrupt(
      fmt::format("the batch's checksum is {:08x}, its bytes give {:08x}", batch.crc(), computed));
}

void set_base_offset(MutableBytes batch, Offset offset) {
  CHECK(batch.size() >= kBatchHeaderSize);
  store_be64(batch.data() + layout::kBaseOffset, static_cast<uint64_t>(offset.value));
}

void set_partition_leader_epoch(MutableBytes batch, LeaderEpoch epoch) {
  CHECK(batch.size() >= kBatchHeaderSize);
  store_be32(batch.data() + layout::kPartitionLeaderEpoch, static_cast<uint32_t>(epoch.value));
}

void set_timestamps(MutableBytes batch, TimestampType type, Timestamp max_timestamp) {
  CHECK(batch.size() >= kBatchHeaderSize);
  // One change from the attributes to the max timestamp: the bytes between stay as they are.
  constexpr size_t kSpan = layout::kProducerId - layout::kAttributes;
  uint8_t after[kSpan];
  std::memcpy(after, batch.data() + layout::kAttributes, kSpan);
  uint16_t attributes = load_be16(after) & ~batch_attributes::kLogAppendTime;
  if (type == TimestampType::kLogAppendTime) attributes |= batch_attributes::kLogAppendTime;
  store_be16(after, attributes);
  store_be64(after + (layout::kMaxTimestamp - layout::kAttributes),
             static_cast<uint64_t>(max_timestamp.ms));
  replace(batch, layout::kAttributes, after);
}

const RecordBatchView* BatchCursor::next() {
  const Bytes left = batches_.subspan(position_);
  if (left.empty() || end_ != BatchEnd::kClean) return nullptr;
  if (auto problem = header_problem(left)) return stop(BatchEnd::kCorrupt, *problem);
  if (left.size() < kBatchHeaderSize) {
    return stop(BatchEnd::kTruncated, cut_off(left.size(), kBatchHeaderSize));
  }
  current_ = RecordBatchView(left.data());
  const size_t size = current_.size();
  if (left.size() < size) return stop(BatchEnd::kTruncated, cut_off(left.size(), size));
  if (crc_ == CrcCheck::kVerify) {
    if (auto verified = verify_crc(current_); !verified) {
      return stop(BatchEnd::kCorrupt, verified.error());
    }
  }
  position_ += size;
  return &current_;
}

const RecordBatchView* BatchCursor::stop(BatchEnd end, const Error& why) {
  end_ = end;
  problem_ = why.within(fmt::format("byte {}", position_));
  return nullptr;
}

}  // namespace millrace::kafka
