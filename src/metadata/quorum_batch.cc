#include "metadata/quorum_batch.h"

#include <fmt/core.h>

#include "kafka/control_record.h"
#include "kafka/record_batch_builder.h"
#include "kafka/records/control/leader_change_message.h"
#include "kafka/wire.h"

namespace millrace::metadata {
namespace {

kafka::BatchOptions options_at(const BatchPlace& place, Offset base_offset) {
  return {.base_offset = base_offset, .partition_leader_epoch = place.epoch};
}

using Voter = kafka::LeaderChangeMessage::Voter;

std::vector<Voter> voters_of(const std::vector<BrokerId>& ids) {
  std::vector<Voter> voters;
  voters.reserve(ids.size());
  for (const BrokerId id : ids) voters.push_back({.voter_id = id});
  return voters;
}

}  // namespace

Result<> append_metadata_batch(const Records& records, const BatchPlace& place, BatchRule rule,
                               Buffer& to) {
  kafka::Compressor compressor;
  kafka::RecordBatchBuilder builder(compressor);
  Buffer batches;
  Offset next = place.base_offset;
  builder.begin(options_at(place, next));
  const auto close = [&]() -> Result<> {
    if (builder.empty()) return {};
    batches.append(TRY(builder.finish()));
    builder.begin(options_at(place, next));
    return {};
  };
  Buffer value;
  for (const Record& record : records) {
    value.clear();
    TRY(encode_record(record, value));
    const kafka::Record entry{.timestamp = place.now, .value = value.bytes()};
    const size_t size = builder.size_uncompressed() + builder.record_size_max(entry);
    if (size > kMetadataBatchBytesMax) {
      if (rule == BatchRule::kOneBatch) {
        return fail(
            Errc::kRecordListTooLarge,
            fmt::format("the change takes more than {} bytes of metadata", kMetadataBatchBytesMax));
      }
      TRY(close());
    }
    TRY(builder.append(entry));
    next = next.next();
  }
  TRY(close());
  to.append(batches);
  return {};
}

Result<> append_leader_change(const BatchPlace& place, BrokerId leader,
                              const std::vector<BrokerId>& voters,
                              const std::vector<BrokerId>& granting, Buffer& to) {
  constexpr int16_t kVersion = 0;
  std::vector<Voter> all = voters_of(voters);
  std::vector<Voter> granted = voters_of(granting);
  const kafka::LeaderChangeMessage message{
      .version = kVersion, .leader_id = leader, .voters = all, .granting_voters = granted};
  Buffer value;
  kafka::Writer writer(value);
  TRY(message.encode(writer, kVersion));

  const auto key = kafka::control_record_key(kafka::ControlRecordType::kLeaderChange);
  kafka::Compressor compressor;
  kafka::RecordBatchBuilder builder(compressor);
  kafka::BatchOptions options = options_at(place, place.base_offset);
  options.control = true;
  builder.begin(options);
  TRY(builder.append({.timestamp = place.now, .key = Bytes(key), .value = value.bytes()}));
  to.append(TRY(builder.finish()));
  return {};
}

}  // namespace millrace::metadata
