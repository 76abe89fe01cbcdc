#include "kafka/control_record.h"

#include <fmt/core.h>

namespace millrace::kafka {
namespace {

constexpr int16_t kVersion = 0;

}  // namespace

std::array<uint8_t, 4> control_record_key(ControlRecordType type) {
  std::array<uint8_t, 4> key;
  store_be16(key.data(), kVersion);
  store_be16(key.data() + 2, static_cast<uint16_t>(type));
  return key;
}

Result<ControlRecordType> parse_control_record_key(const RecordView& record) {
  // Later versions may add fields behind these two.
  if (!record.key || record.key->size() < 4 || load_be<int16_t>(record.key->data()) < 0) {
    return fail(
        Errc::kCorruptMessage,
        fmt::format("offset {}: a control record without a valid key", record.offset.value));
  }
  return ControlRecordType{load_be<int16_t>(record.key->data() + 2)};
}

std::array<uint8_t, 6> end_transaction_marker_value(int32_t coordinator_epoch) {
  std::array<uint8_t, 6> value;
  store_be16(value.data(), kVersion);
  store_be32(value.data() + 2, static_cast<uint32_t>(coordinator_epoch));
  return value;
}

Result<EndTransactionMarker> parse_end_transaction_marker(const RecordView& record) {
  const ControlRecordType type = TRY(parse_control_record_key(record));
  const bool is_marker = type == ControlRecordType::kCommit || type == ControlRecordType::kAbort;
  if (!is_marker || !record.value || record.value->size() < 6 ||
      load_be<int16_t>(record.value->data()) < 0) {
    return fail(Errc::kCorruptMessage,
                fmt::format("offset {}: not a transaction marker", record.offset.value));
  }
  return EndTransactionMarker{.commit = type == ControlRecordType::kCommit,
                              .coordinator_epoch = load_be<int32_t>(record.value->data() + 2)};
}

}  // namespace millrace::kafka
