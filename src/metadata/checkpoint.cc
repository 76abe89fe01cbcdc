#include "metadata/checkpoint.h"

#include <fmt/core.h>
#include <charconv>

#include "kafka/control_record.h"
#include "kafka/record.h"
#include "kafka/record_batch_builder.h"
#include "kafka/records/control/kraft_version.h"
#include "kafka/records/control/snapshot_footer.h"
#include "kafka/records/control/snapshot_header.h"
#include "kafka/wire.h"
#include "metadata/features.h"

namespace millrace::metadata {
namespace {

using kafka::ControlRecordType;

constexpr std::string_view kSuffix = ".checkpoint";
constexpr size_t kOffsetDigits = 20;
constexpr size_t kEpochDigits = 10;

template <class T>
std::optional<T> digits(std::string_view text) {
  T value = 0;
  if (text.empty() || text.front() == '-') return std::nullopt;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size()) return std::nullopt;
  return value;
}

// Writes the control batches of a checkpoint.
class ControlBatch {
 public:
  ControlBatch(const BatchPlace& place, Timestamp now) : builder_(compressor_), now_(now) {
    kafka::BatchOptions options{.base_offset = place.base_offset,
                                .partition_leader_epoch = place.epoch};
    options.control = true;
    builder_.begin(options);
  }

  template <class Message>
  Result<> add(ControlRecordType type, const Message& message) {
    Buffer value;
    kafka::Writer writer(value);
    TRY(message.encode(writer, 0));
    const auto key = kafka::control_record_key(type);
    return builder_.append({.timestamp = now_, .key = Bytes(key), .value = value.bytes()});
  }
  int32_t record_count() const { return builder_.record_count(); }
  Result<> append_to(Buffer& to) {
    to.append(TRY(builder_.finish()));
    return {};
  }

 private:
  kafka::Compressor compressor_;
  kafka::RecordBatchBuilder builder_;
  Timestamp now_;
};

// Walks a checkpoint and holds it to its layout.
class CheckpointReader {
 public:
  CheckpointReader(Bytes file, const std::function<Result<>(const Record&)>& visit)
      : batches_(file), visit_(visit) {}

  Result<CheckpointHeader> read() {
    while (const kafka::RecordBatchView* batch = batches_.next()) {
      if (Result<> result = read_batch(*batch); !result) {
        return fail(
            result.error().within(fmt::format("snapshot, offset {}", batch->base_offset().value)));
      }
    }
    if (batches_.end() != kafka::BatchEnd::kClean) {
      return fail(Errc::kCorruptFile, fmt::format("snapshot, byte {}: {}", batches_.position(),
                                                  batches_.problem().detail()));
    }
    if (!footer_seen_) return damaged("it ends without its footer");
    return std::move(header_);
  }

 private:
  static std::unexpected<Error> damaged(std::string why) {
    return fail(Errc::kCorruptFile, "snapshot: " + std::move(why));
  }

  Result<> read_batch(const kafka::RecordBatchView& batch) {
    if (batch.base_offset() != next_) return damaged("a batch does not follow on the one before");
    if (footer_seen_) return damaged("something follows its footer");
    if (batch.codec() != kafka::Codec::kNone) return damaged("a batch is compressed");
    next_ = batch.next_offset();
    kafka::RecordCursor cursor(batch, batch.payload());
    while (const kafka::RecordView* record = cursor.next()) {
      if (!record->value) return damaged("a record has no value");
      arena_.reset();
      TRY(batch.is_control() ? read_control(*record) : read_data(*record->value));
    }
    return cursor.end();
  }

  Result<> read_data(Bytes value) {
    if (!header_seen_) return damaged("it does not begin with its header");
    const Record decoded = TRY(decode_record(value, arena_));
    return visit_(decoded);
  }

  Result<> read_control(const kafka::RecordView& record) {
    const ControlRecordType type = TRY(kafka::parse_control_record_key(record));
    kafka::Reader reader(*record.value);
    if (type == ControlRecordType::kSnapshotHeader) {
      const auto header = TRY(kafka::SnapshotHeaderRecord::decode(reader, 0, arena_));
      if (header_seen_) return damaged("it has two headers");
      header_seen_ = true;
      header_.last_contained = header.last_contained_log_timestamp;
      return {};
    }
    if (!header_seen_) return damaged("it does not begin with its header");
    if (type == ControlRecordType::kSnapshotFooter) {
      footer_seen_ = true;
      return {};
    }
    return replay_control(record, header_.quorum, arena_);
  }

  kafka::BatchCursor batches_;
  const std::function<Result<>(const Record&)>& visit_;
  CheckpointHeader header_;
  Offset next_{0};
  bool header_seen_ = false;
  bool footer_seen_ = false;
  Arena arena_;
};

}  // namespace

std::string checkpoint_file_name(SnapshotId id) {
  return fmt::format("{:020}-{:010}{}", id.end_offset.value, id.epoch.value, kSuffix);
}

std::optional<SnapshotId> parse_checkpoint_file_name(std::string_view name) {
  if (name.size() != kOffsetDigits + 1 + kEpochDigits + kSuffix.size() ||
      !name.ends_with(kSuffix) || name[kOffsetDigits] != '-') {
    return std::nullopt;
  }
  const auto offset = digits<int64_t>(name.substr(0, kOffsetDigits));
  const auto epoch = digits<int32_t>(name.substr(kOffsetDigits + 1, kEpochDigits));
  if (!offset || !epoch) return std::nullopt;
  return SnapshotId{Offset(*offset), LeaderEpoch(*epoch)};
}

Result<> write_checkpoint(const CheckpointHeader& header, LeaderEpoch epoch, const Records& records,
                          Timestamp now, Buffer& to) {
  BatchPlace place{.base_offset = Offset(0), .epoch = epoch, .now = now};
  ControlBatch opening(place, now);
  Arena arena;
  TRY(opening.add(
      ControlRecordType::kSnapshotHeader,
      kafka::SnapshotHeaderRecord{.last_contained_log_timestamp = header.last_contained}));
  if (header.quorum.kraft_version > 0) {
    TRY(opening.add(ControlRecordType::kKRaftVersion,
                    kafka::KRaftVersionRecord{.kraft_version = header.quorum.kraft_version}));
    TRY(opening.add(ControlRecordType::kKRaftVoters, voters_record(header.quorum.voters, arena)));
  }
  place.base_offset = place.base_offset + opening.record_count();
  TRY(opening.append_to(to));
  TRY(append_metadata_batch(records, place, BatchRule::kMaySplit, to));
  place.base_offset = place.base_offset + static_cast<int64_t>(records.size());
  ControlBatch closing(place, now);
  TRY(closing.add(ControlRecordType::kSnapshotFooter, kafka::SnapshotFooterRecord{}));
  return closing.append_to(to);
}

Result<CheckpointHeader> read_checkpoint(Bytes file,
                                         const std::function<Result<>(const Record&)>& visit) {
  return CheckpointReader(file, visit).read();
}

Records bootstrap_records() {
  Records records;
  const auto add = [&](const SupportedFeature& feature) {
    records.push_back(
        {kafka::FeatureLevelRecord{.name = feature.name, .feature_level = feature.level_bootstrap},
         0});
  };
  add(*find_feature(kMetadataVersionFeature));  // the first record of any log, for its readers
  for (const SupportedFeature& feature : supported_features()) {
    if (feature.level_bootstrap > 0 && feature.name != kMetadataVersionFeature) add(feature);
  }
  return records;
}

}  // namespace millrace::metadata
